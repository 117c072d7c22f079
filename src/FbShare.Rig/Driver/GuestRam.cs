using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Rig.Driver;

/// <summary>The memory of a guest that is only played: one memfd shown as one or several regions of guest physical addresses.</summary>
internal sealed class GuestRam : IDisposable
{
    private readonly MemoryMapping _mapping;

    /// <param name="regions">Where in guest physical memory each piece of the file appears, in the file's order.</param>
    public GuestRam(bool hugetlb, params (ulong GuestAddress, long Length)[] regions)
    {
        Regions = new Region[regions.Length];
        long offset = 0;
        for (int i = 0; i < regions.Length; i++)
        {
            Regions[i] = new Region(regions[i].GuestAddress, regions[i].Length, offset);
            offset += regions[i].Length;
        }
        Descriptor = MemFd.Create("guest-ram", offset, hugetlb);
        _mapping = MemoryMapping.Map(Descriptor, 0, offset, writable: true);
    }

    public GuestRam(long length, bool hugetlb = false)
        : this(hugetlb, (0, length))
    {
    }

    public FileDescriptor Descriptor { get; }

    public Region[] Regions { get; }

    /// <summary>The bytes at a guest physical address; they must lie in one region.</summary>
    public Span<byte> At(ulong guestAddress, int length)
    {
        foreach (Region region in Regions)
        {
            ulong within = guestAddress - region.GuestAddress;
            if (guestAddress >= region.GuestAddress && within < (ulong)region.Length)
            {
                return _mapping.Slice(region.FileOffset + (long)within, length);
            }
        }
        throw new ArgumentOutOfRangeException(nameof(guestAddress));
    }

    public ref T At<T>(ulong guestAddress)
        where T : unmanaged => ref MemoryMarshal.AsRef<T>(At(guestAddress, Unsafe.SizeOf<T>()));

    public void Dispose()
    {
        _mapping.Dispose();
        Descriptor.Dispose();
    }

    /// <summary>A piece of the file, where the guest sees it.</summary>
    internal readonly record struct Region(ulong GuestAddress, long Length, long FileOffset)
    {
        /// <summary>Where the front-end claims to have it mapped: on purpose not the guest's own address.</summary>
        public ulong UserAddress => GuestAddress + 0x7f00_0000_0000;
    }
}
