using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using FbShare.Capture;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Testing.Text;

/// <summary>Reads screens that are no consoles with the program tesseract, where it is installed.</summary>
internal static class Tesseract
{
    private const string Program = "tesseract";

    /// <summary>Screens have small letters, and tesseract was made for print: it reads them better twice as large.</summary>
    private const int Enlarged = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Reads a picture. Takes seconds.</summary>
    /// <exception cref="TextException">tesseract is not installed, or failed.</exception>
    public static ScreenText Read(Picture picture)
    {
        int scale = Math.Max(picture.Width, picture.Height) * Enlarged <= FrameLayout.MaxDimension ? Enlarged : 1;
        Picture gray = ToGray(picture);
        byte[] png = PngFile.Encode(scale == 1 ? gray : gray.ScaleTo(picture.Width * scale, picture.Height * scale));
        return Parse(Run(png), scale);
    }

    /// <summary>Without colours: of grey letters on black beside a coloured background, tesseract was seen to read a quarter with them, and all without.</summary>
    private static Picture ToGray(Picture picture)
    {
        Picture screen = picture.ConvertTo(DrmFormat.XR24);
        byte[] pixels = new byte[screen.Pixels.Length];
        for (int at = 0; at < pixels.Length; at += DrmFormats.BytesPerPixel)
        {
            ReadOnlySpan<byte> pixel = screen.Pixels.Slice(at, DrmFormats.BytesPerPixel);
            // BT.601.
            byte luma = (byte)(((pixel[2] * 77) + (pixel[1] * 150) + (pixel[0] * 29) + 128) >> 8);
            pixels.AsSpan(at, DrmFormats.BytesPerPixel).Fill(luma);
        }
        return new Picture(DrmFormat.XR24, picture.Width, picture.Height, pixels);
    }

    private static string Run(byte[] png)
    {
        var start = new ProcessStartInfo(Program, ["stdin", "stdout", "--psm", "11", "tsv"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // More threads than one make it slower on small pictures.
        start.Environment["OMP_THREAD_LIMIT"] = "1";
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new TextException($"this screen is no text console in a font that is known, and to read others tesseract must be installed (Debian: tesseract-ocr): {e.Message}", e) { LacksProgram = true };
        }
        using (process)
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            try
            {
                process.StandardInput.BaseStream.Write(png);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended before it read everything: its status and its errors say why.
            }
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                throw new TextException($"tesseract did not end within {Patience.TotalSeconds:0} s");
            }
            return process.ExitCode == 0 ? output.GetAwaiter().GetResult()
                : throw new TextException($"tesseract failed with status {process.ExitCode}: {PeerText.Line(errors.GetAwaiter().GetResult())}");
        }
    }

    /// <summary>Reads its table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.</summary>
    internal static ScreenText Parse(string table, int scale)
    {
        var lines = new List<TextLine>();
        string? current = null;
        var text = new StringBuilder();
        var boxes = new List<Rect>();
        foreach (string row in table.Split('\n').Skip(1))
        {
            string[] columns = row.Split('\t');
            if (columns.Length < 12 || columns[0] != "5" || string.IsNullOrWhiteSpace(columns[11]) || !TryReadBox(columns, scale, out Rect box))
            {
                continue;
            }
            string line = string.Join(' ', columns[1..5]);
            if (line != current)
            {
                Finish();
                current = line;
            }
            else
            {
                text.Append(' ');
                boxes.Add(box);
            }
            string word = columns[11].Trim();
            text.Append(word);
            boxes.AddRange(Enumerable.Repeat(box, word.Length));
        }
        Finish();
        return new ScreenText(lines, Program, IsExact: false);

        void Finish()
        {
            if (text.Length > 0)
            {
                lines.Add(new TextLine(text.ToString(), [.. boxes]));
                text.Clear();
                boxes.Clear();
            }
        }
    }

    private static bool TryReadBox(string[] columns, int scale, out Rect box)
    {
        Span<int> numbers = stackalloc int[4];
        box = default;
        for (int i = 0; i < numbers.Length; i++)
        {
            if (!int.TryParse(columns[6 + i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return false;
            }
            numbers[i] /= scale;
        }
        box = new Rect(numbers[0], numbers[1], Math.Max(numbers[2], 1), Math.Max(numbers[3], 1));
        return true;
    }
}
