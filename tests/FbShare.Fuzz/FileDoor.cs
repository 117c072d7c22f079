using System.Text;
using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Needles;
using FbShare.Testing.Text;
using FbShare.Tests;

namespace FbShare.Fuzz;

/// <summary>Pictures, needles and fonts, made right and then spoiled. A file is read, or refused with a <see cref="CaptureException"/>.</summary>
internal sealed class FileDoor : Door
{
    private const int Width = 64, Height = 48;

    private readonly List<(Kind Kind, byte[] File)> _files = [];
    private readonly TemporaryFolder _folder = new("fuzz");
    private readonly Picture _screen;
    private HeldResources _early;

    public FileDoor()
        : base("files")
    {
        var random = new Random(7);
        foreach ((int width, int height) in new[] { (1, 1), (17, 9), (Width, Height) })
        {
            Picture picture = Noise(width, height, random);
            _files.Add((Kind.Png, PngFile.Encode(picture)));
            _files.Add((Kind.Png, PngFile.Encode(picture, withAlpha: true)));
            _files.Add((Kind.Ppm, PpmFile.Encode(picture)));
            _files.Add((Kind.Jpeg, SkiaCodec.Encode(picture, PictureFormat.Jpeg, Compression.Fast)));
            _files.Add((Kind.WebP, SkiaCodec.Encode(picture, PictureFormat.WebP, Compression.Fast)));
        }
        _screen = Noise(Width, Height, random);
        File.WriteAllBytes(_folder["needle.png"], PngFile.Encode(_screen));
        foreach (string needle in Needles)
        {
            _files.Add((Kind.Needle, Encoding.UTF8.GetBytes(needle)));
        }
        byte[] header = [0x72, 0xb5, 0x4a, 0x86, 0, 0, 0, 0, 32, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 16, 0, 0, 0, 16, 0, 0, 0, 8, 0, 0, 0];
        _files.Add((Kind.Font, [.. header, .. new byte[32], (byte)'a', 0xff, (byte)'b', 0xff]));
        _files.Add((Kind.Font, [0x36, 0x04, 0, 8, .. new byte[256 * 8]]));
    }

    private enum Kind
    {
        Png,
        Ppm,
        Jpeg,
        WebP,
        Needle,
        Font,
        Count,
    }

    private static string[] Needles =>
    [
        """{"area":[{"xpos":1,"ypos":2,"width":30,"height":20,"type":"match","match":90,"margin":5}],"tags":["boot","ENV-X-1"]}""",
        """{"area":[{"xpos":0,"ypos":0,"width":64,"height":48,"type":"match"},{"xpos":"3","ypos":4,"width":5,"height":6,"type":"exclude"},{"xpos":9,"ypos":9,"width":9,"height":9,"type":"ocr"}],"tags":[],"properties":[{"name":"x"}]}""",
        """{"area":[{"xpos":40.5,"ypos":8,"width":8,"height":8,"type":"match","click_point":{"xpos":1,"ypos":2}},{"xpos":3,"ypos":3,"width":9,"height":9,"click_point":"center"}]}""",
    ];

    public override void Round(Random random)
    {
        for (int i = 0; i < 100; i++)
        {
            (Kind kind, byte[] file) = _files[random.Next(_files.Count)];
            Try(kind, Spoil(file, random));
        }
        if (_early == default)
        {
            _early = HeldResources.Now();
        }
    }

    /// <summary>The first byte says what kind of file the rest is.</summary>
    public override void Take(ReadOnlyMemory<byte> input)
    {
        if (!input.IsEmpty)
        {
            Try((Kind)(input.Span[0] % (int)Kind.Count), input[1..].ToArray());
        }
    }

    public override void Finish()
    {
        if (_early != default)
        {
            Harm.NoteGrowth(_early);
        }
    }

    public override void Dispose() => _folder.Dispose();

    /// <summary>The files that are right, each an input of <see cref="Take"/>.</summary>
    public override IEnumerable<byte[]> Examples => _files.Select(f => (byte[])[(byte)f.Kind, .. f.File]);

    private void Try(Kind kind, byte[] file)
    {
        Tally.Sent++;
        try
        {
            Read(kind, file);
            Tally.Ok++;
        }
        catch (CaptureException)
        {
            // Refused in a sentence, as it should be.
        }
        catch (Exception e)
        {
            Harm.Note(kind + e.GetType().Name, $"{kind}: {e}\n{Convert.ToBase64String([(byte)kind, .. file])}");
        }
        Tally.Answered++;
    }

    private void Read(Kind kind, byte[] file)
    {
        switch (kind)
        {
            case Kind.Needle:
                string path = _folder["needle.json"];
                File.WriteAllBytes(path, file);
                Needle needle = Needle.Load(path);
                NeedleResult result = needle.Match(_screen);
                needle.MarkDifference(_screen, result);
                break;
            case Kind.Font:
                PsfFile.Parse("font", file);
                break;
            default:
                Picture picture = kind switch
                {
                    Kind.Png => PngFile.Decode(file),
                    Kind.Ppm => PpmFile.Decode(file),
                    Kind.Jpeg => SkiaCodec.Decode(file, PictureFormat.Jpeg),
                    _ => SkiaCodec.Decode(file, PictureFormat.WebP),
                };
                picture.ComputeFastHash();
                break;
        }
    }

    private static Picture Noise(int width, int height, Random random)
    {
        var pixels = new byte[width * height * 4];
        random.NextBytes(pixels);
        return new Picture(DrmFormat.AB24, width, height, pixels);
    }

    private static byte[] Spoil(byte[] file, Random random)
    {
        byte[] spoiled = [.. file];
        for (int i = random.Next(4); i > 0; i--)
        {
            int at = random.Next(random.Next(2) == 0 ? spoiled.Length : Math.Min(spoiled.Length, 48));
            switch (random.Next(6))
            {
                case 0: return spoiled[..at];
                case 1: spoiled[at] = byte.MaxValue; break;
                case 2: return [.. spoiled[..at], .. spoiled[(at / 2)..]];
                // Numbers in texts.
                case 3: spoiled[at] = (byte)('0' + random.Next(10)); break;
                default: spoiled[at] ^= (byte)(1 << random.Next(8)); break;
            }
            if (spoiled.Length == 0)
            {
                break;
            }
        }
        return spoiled;
    }
}
