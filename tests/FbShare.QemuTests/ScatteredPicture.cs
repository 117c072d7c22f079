using FbShare.Linux;

namespace FbShare.QemuTests;

/// <summary>A picture in two parts of a memfd: it ends in the pages before those in which it begins.</summary>
internal sealed class ScatteredPicture : IDisposable
{
    public const int Width = 320;
    public const int Height = 200;

    private const int Page = 4096;
    private const int Length = 64 * Page;
    private const int FirstPart = 31 * Page;
    private const int LastPart = 32 * Page;

    private readonly FileDescriptor _memory = MemFd.Create("scattered-picture", Length);
    private readonly MemoryMapping _pages;

    public ScatteredPicture() => _pages = MemoryMapping.Map(_memory, 0, Length, writable: true);

    /// <summary>The command of fbshare that shows it in a window.</summary>
    public string[] Command =>
    [
        "region", "--pid", $"{Environment.ProcessId}", "--fd", $"{_memory.Number}", "--range", $"{LastPart}:{FirstPart},0:{LastPart}",
        "--size", $"{Width}x{Height}", "--live",
    ];

    /// <summary>Fills it with noise.</summary>
    /// <param name="red">Which byte of a pixel is red.</param>
    /// <param name="green">As above.</param>
    /// <param name="blue">As above.</param>
    /// <returns>What must be seen: R, G, B.</returns>
    public byte[] Draw(int seed, int red = 2, int green = 1, int blue = 0)
    {
        byte[] pixels = new byte[Width * Height * 4];
        new Random(seed).NextBytes(pixels);
        pixels.AsSpan(0, FirstPart).CopyTo(_pages.Slice(LastPart, FirstPart));
        pixels.AsSpan(FirstPart).CopyTo(_pages.Slice(0, pixels.Length - FirstPart));
        return [.. pixels.Chunk(4).SelectMany(p => new[] { p[red], p[green], p[blue] })];
    }

    public void Dispose()
    {
        _pages.Dispose();
        _memory.Dispose();
    }
}
