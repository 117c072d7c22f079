using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Fuzz;

/// <summary>Picture files, made right and then spoiled. A file is read, or refused with a <see cref="CaptureException"/>.</summary>
internal sealed class FileDoor : Door
{
    private readonly List<(string Name, byte[] File, Func<byte[], Picture> Read)> _files = [];
    private Resources _early;
    private long _read;
    private long _tried;

    public FileDoor()
    {
        var random = new Random(7);
        foreach ((int width, int height) in new[] { (1, 1), (17, 9), (64, 48) })
        {
            var pixels = new byte[width * height * 4];
            random.NextBytes(pixels);
            var picture = new Picture(DrmFormat.AB24, width, height, pixels);
            _files.Add(("png", PngFile.Encode(picture), f => PngFile.Decode(f)));
            _files.Add(("png", PngFile.Encode(picture, withAlpha: true), f => PngFile.Decode(f)));
            _files.Add(("ppm", PpmFile.Encode(picture), f => PpmFile.Decode(f)));
            _files.Add(("jpeg", SkiaCodec.Encode(picture, PictureFormat.Jpeg, Compression.Fast), f => SkiaCodec.Decode(f, PictureFormat.Jpeg)));
            _files.Add(("webp", SkiaCodec.Encode(picture, PictureFormat.WebP, Compression.Fast), f => SkiaCodec.Decode(f, PictureFormat.WebP)));
        }
    }

    public override string Did => $"{_tried} files, of which {_read} were read and the others refused";

    public override void Round(Random random)
    {
        for (int i = 0; i < 100; i++)
        {
            (string name, byte[] file, Func<byte[], Picture> read) = _files[random.Next(_files.Count)];
            byte[] spoiled = Spoil(file, random);
            try
            {
                Picture picture = read(spoiled);
                _ = picture.ComputeFastHash();
                _read++;
            }
            catch (CaptureException)
            {
                // Refused in a sentence, as it should be.
            }
            catch (Exception e)
            {
                Harm.Note(name + e.GetType().Name, $"{name}: {e}\n{Convert.ToBase64String(spoiled)}");
            }
            _tried++;
        }
        if (_early == default)
        {
            _early = Resources.Now();
        }
    }

    public override void Finish() => Resources.Now().NoteGrowth(_early, Harm);

    public override void Dispose()
    {
    }

    private static byte[] Spoil(byte[] file, Random random)
    {
        byte[] spoiled = [.. file];
        for (int i = random.Next(4); i > 0; i--)
        {
            int at = random.Next(random.Next(2) == 0 ? spoiled.Length : Math.Min(spoiled.Length, 48));
            switch (random.Next(5))
            {
                case 0: return spoiled[..at];
                case 1: spoiled[at] = byte.MaxValue; break;
                case 2: return [.. spoiled[..at], .. spoiled[(at / 2)..]];
                default: spoiled[at] ^= (byte)(1 << random.Next(8)); break;
            }
        }
        return spoiled;
    }
}
