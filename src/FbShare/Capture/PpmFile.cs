using System.Text;
using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>Binary portable pixmaps (P6, netpbm's ppm(5)): three bytes per pixel, no alpha, no compression.</summary>
internal static class PpmFile
{
    /// <summary>The bytes of the file.</summary>
    public static byte[] Encode(Picture picture) =>
        [.. Encoding.ASCII.GetBytes($"P6\n{picture.Width} {picture.Height}\n255\n"), .. picture.ToRgb()];

    /// <summary>Reads a pixmap with 8 bits per component, as XB24.</summary>
    /// <exception cref="CaptureException">The bytes are not such a pixmap.</exception>
    public static Picture Decode(ReadOnlySpan<byte> file)
    {
        int at = 0;
        if (!file.StartsWith("P6"u8))
        {
            throw new CaptureException("not a binary portable pixmap: it does not start with P6");
        }
        at = 2;
        int width = ReadNumber(file, ref at);
        int height = ReadNumber(file, ref at);
        int maximum = ReadNumber(file, ref at);
        at++;
        if (width is 0 or > FrameLayout.MaxDimension || height is 0 or > FrameLayout.MaxDimension || maximum != 255)
        {
            throw new CaptureException($"cannot read a pixmap of {width}x{height} with values up to {maximum}: only values up to 255 and sizes up to {FrameLayout.MaxDimension}x{FrameLayout.MaxDimension}");
        }
        if (file.Length - at < width * height * 3L)
        {
            throw new CaptureException($"the pixmap is cut short: {width}x{height} pixels need {width * height * 3L} bytes, {file.Length - at} are there");
        }
        byte[] pixels = new byte[width * height * 4];
        for (int i = 0; i < width * height; i++)
        {
            file.Slice(at + (i * 3), 3).CopyTo(pixels.AsSpan(i * 4));
            pixels[(i * 4) + 3] = byte.MaxValue;
        }
        return new Picture(DrmFormat.XB24, width, height, pixels);
    }

    /// <summary>A decimal number after white space and comments.</summary>
    private static int ReadNumber(ReadOnlySpan<byte> file, ref int at)
    {
        while (at < file.Length && (char.IsWhiteSpace((char)file[at]) || file[at] == '#'))
        {
            bool comment = file[at] == '#';
            at++;
            while (comment && at < file.Length && file[at] != '\n')
            {
                at++;
            }
        }
        int start = at;
        int number = 0;
        while (at < file.Length && char.IsAsciiDigit((char)file[at]) && at - start < 9)
        {
            number = (number * 10) + (file[at++] - '0');
        }
        return at > start ? number : throw new CaptureException("the pixmap's header is damaged: a number is missing");
    }
}
