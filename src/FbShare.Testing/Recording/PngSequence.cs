using System.Globalization;
using System.Text.RegularExpressions;
using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Recording;

/// <summary>A PNG for each picture, numbered from 1, and a list of their times beside them: "# timestamp format v2", milliseconds by line.</summary>
internal sealed partial class PngSequence : FrameWriter
{
    private readonly string _pattern;
    private readonly string _timesPath;
    private readonly StreamWriter _times;
    private long _count;

    /// <exception cref="RecordingException">The folder or the list cannot be made.</exception>
    public PngSequence(string pattern)
    {
        _pattern = pattern;
        _timesPath = Path.ChangeExtension(NumberPattern().Replace(pattern, "times", 1), ".txt");
        try
        {
            if (Path.GetDirectoryName(pattern) is { Length: > 0 } folder)
            {
                Directory.CreateDirectory(folder);
            }
            _times = new StreamWriter(_timesPath) { AutoFlush = true };
            _times.WriteLine("# timestamp format v2");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fail(pattern, e);
        }
    }

    protected override bool HasOneSize => false;

    /// <summary>Whether a name has a place for a number, such as %06d.</summary>
    public static bool IsPattern(string file) => Path.GetExtension(file).Equals(".png", StringComparison.OrdinalIgnoreCase) && NumberPattern().Count(Path.GetFileName(file)) == 1;

    public override void Finish()
    {
    }

    public override void Dispose() => _times.Dispose();

    protected override void Put(FrameLayout layout, ReadOnlySpan<byte> pixels, TimeSpan time, int times)
    {
        Picture picture = Picture.Copy(layout, pixels);
        string first = NameOf(_count + 1);
        for (int i = 0; i < times; i++)
        {
            if (i == 0)
            {
                // Fails with a sentence of its own (CaptureException).
                PngFile.Write(first, picture);
            }
            try
            {
                if (i > 0)
                {
                    File.Copy(first, NameOf(_count + 1), overwrite: true);
                }
                _count++;
                _times.WriteLine(time.TotalMilliseconds.ToString("0.000", CultureInfo.InvariantCulture));
            }
            catch (IOException e)
            {
                throw Fail(_timesPath, e);
            }
        }
    }

    private string NameOf(long number)
    {
        string folder = Path.GetDirectoryName(_pattern) ?? "";
        return Path.Combine(folder, NumberPattern().Replace(Path.GetFileName(_pattern), match =>
            number.ToString(CultureInfo.InvariantCulture).PadLeft(match.Groups["width"].Value is { Length: > 0 } width ? int.Parse(width, CultureInfo.InvariantCulture) : 1, '0')));
    }

    [GeneratedRegex("%(0(?<width>[1-9]))?d")]
    private static partial Regex NumberPattern();
}
