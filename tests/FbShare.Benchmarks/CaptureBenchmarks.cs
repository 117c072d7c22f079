using BenchmarkDotNet.Attributes;
using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Benchmarks;

/// <summary>What is done with a captured picture.</summary>
public class CaptureBenchmarks
{
    private Picture _picture = null!;
    private Picture _same = null!;
    private Picture _other = null!;
    private byte[] _png = null!;

    [Params("1920x1080", "3840x2160")]
    public string Size { get; set; } = "";

    [GlobalSetup]
    public void SetUp()
    {
        int[] size = [.. Size.Split('x').Select(int.Parse)];
        // As screens are: plain areas, edges, a gradient.
        var pixels = new byte[size[0] * size[1] * 4];
        for (int i = 0; i < pixels.Length; i++)
        {
            int pixel = i / 4, x = pixel % size[0], y = pixel / size[0];
            pixels[i] = (byte)(y < size[1] / 2 ? x / 64 * 31 : x + y + (i % 4));
        }
        _picture = new Picture(DrmFormat.XR24, size[0], size[1], pixels);
        _same = new Picture(DrmFormat.XR24, size[0], size[1], (byte[])pixels.Clone());
        byte[] changed = (byte[])pixels.Clone();
        changed.AsSpan(changed.Length / 2, 4 * 64).Fill(1);
        _other = new Picture(DrmFormat.XR24, size[0], size[1], changed);
        _png = PngFile.Encode(_picture);
    }

    [Benchmark]
    public byte[] EncodePng() => PngFile.Encode(_picture);

    [Benchmark]
    public Picture DecodePng() => PngFile.Decode(_png);

    [Benchmark]
    public string Hash() => _picture.ComputeHash();

    [Benchmark]
    public PictureComparison CompareEqual() => PictureComparison.Compare(_picture, _same);

    [Benchmark]
    public PictureComparison CompareDifferent() => PictureComparison.Compare(_picture, _other);
}
