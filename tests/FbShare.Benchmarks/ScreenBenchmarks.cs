using BenchmarkDotNet.Attributes;
using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Needles;
using FbShare.Testing.Text;

namespace FbShare.Benchmarks;

/// <summary>What a wait does with each frame of 1920x1080.</summary>
public class ScreenBenchmarks
{
    private const int Width = 1920;
    private const int Height = 1080;

    private Picture _screen = null!;
    private Needle _golden = null!;
    private Needle _areas = null!;
    private Needle _areasElsewhere = null!;
    private Needle _button = null!;
    private Picture _console = null!;

    [GlobalSetup]
    public void SetUp()
    {
        byte[] pixels = new byte[Width * Height * 4];
        for (int i = 0; i < Width * Height; i++)
        {
            (int x, int y) = (i % Width, i / Width);
            uint hash = (uint)((x / 3 * 73856093) ^ (y / 5 * 19349663));
            BitConverter.TryWriteBytes(pixels.AsSpan(i * 4), hash ^ (hash >> 13));
        }
        _screen = new Picture(DrmFormat.XR24, Width, Height, pixels);
        _golden = Needle.OfPicture("golden", _screen.Clone());
        Rect[] areas = [new(100, 100, 100, 100), new(700, 500, 100, 100), new(1500, 200, 100, 100), new(1000, 900, 100, 100)];
        var similar = new NeedleOptions { Similarity = 0.96, Margin = 50, Areas = areas };
        _areas = Needle.OfPicture("areas", _screen, similar);
        // What is looked for is 40 pixels away from where it is expected.
        byte[] moved = new byte[pixels.Length];
        pixels.AsSpan(40 * 4, pixels.Length - (40 * 4)).CopyTo(moved);
        _areasElsewhere = Needle.OfPicture("areas", new Picture(DrmFormat.XR24, Width, Height, moved), similar);
        _button = Needle.OfPicture("button", _screen.Crop(new Rect(1700, 1000, 60, 30)));
        _console = MakeConsole();
    }

    /// <summary>8.3 MB.</summary>
    [Benchmark]
    public ulong Hash() => _screen.ComputeFastHash();

    /// <summary>Twice 8.3 MB.</summary>
    [Benchmark]
    public bool CompareExactly() => _golden.Match(_screen).IsMatch;

    [Benchmark]
    public bool FourAreasInPlace() => _areas.Match(_screen).IsMatch;

    [Benchmark]
    public bool FourAreasMoved() => _areasElsewhere.Match(_screen).IsMatch;

    [Benchmark]
    public bool FindButton() => _button.Match(_screen).IsMatch;

    /// <summary>A whole console of text.</summary>
    [Benchmark]
    public bool ReadConsole() => ScreenReader.TryReadConsole(_console) is { IsExact: true };

    private static Picture MakeConsole()
    {
        using Stream stream = typeof(ScreenReader).Assembly.GetManifestResourceStream("cp437.bin")!;
        byte[] font = new byte[stream.Length];
        stream.ReadExactly(font);
        byte[] pixels = new byte[Width * Height * 4];
        for (int y = 0; y < Height / 16 * 16; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                int code = 33 + (((x / 8) + (y / 16 * 7)) % 94);
                uint pixel = (font[(code * 16) + (y % 16)] & (0x80 >> (x % 8))) != 0 ? 0xFFAAAAAA : 0xFF000000;
                BitConverter.TryWriteBytes(pixels.AsSpan(((y * Width) + x) * 4), pixel);
            }
        }
        return new Picture(DrmFormat.XR24, Width, Height, pixels);
    }
}
