using FbShare.Linux;
using FbShare.Memory;

namespace FbShare.Tests.Memory;

/// <summary>Guest memory of a test: one memfd as two regions that meet in the file but not in the guest, and another memfd.</summary>
internal sealed class TestPages : IDisposable
{
    public const ulong HighAddress = 1UL << 32;
    public const ulong OtherAddress = 1UL << 40;

    private readonly GuestMemoryMap _map = new();

    /// <param name="bytes">Of each memfd; the first is cut in half into two regions.</param>
    public TestPages(long bytes)
    {
        File = MemFd.Create("test-guest", bytes);
        Other = MemFd.Create("test-other", bytes);
        Half = bytes / 2;
        _map.Add(MemoryRegion.Map(File.Duplicate(), 0, (ulong)Half, 0, 0));
        _map.Add(MemoryRegion.Map(File.Duplicate(), HighAddress, (ulong)(bytes - Half), HighAddress, (ulong)Half));
        _map.Add(MemoryRegion.Map(Other.Duplicate(), OtherAddress, (ulong)bytes, OtherAddress, 0));
    }

    public FileDescriptor File { get; }

    public FileDescriptor Other { get; }

    public long Half { get; }

    /// <summary>A backing of these (offset in the file, length) pairs; offsets from <see cref="OtherAddress"/> on are in the other file.</summary>
    public Backing Make(params (ulong Offset, uint Length)[] entries)
    {
        MemoryEntry[] list = [.. entries.Select(e => new MemoryEntry(ToGuest(e.Offset), e.Length))];
        return Backing.TryCreate(_map, list, out Backing? backing, out string? why) ? backing : throw new InvalidOperationException(why);
    }

    public void Dispose()
    {
        _map.Dispose();
        File.Dispose();
        Other.Dispose();
    }

    private ulong ToGuest(ulong offset) => offset < (ulong)Half || offset >= OtherAddress ? offset : offset - (ulong)Half + HighAddress;
}
