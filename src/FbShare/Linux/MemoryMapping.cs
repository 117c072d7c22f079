using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>A shared mapping of a file, unmapped on dispose.</summary>
/// <remarks>Before and after it lie pages that nobody may touch, so that an access just outside of it ends this process instead of reaching other
/// memory. Whoever keeps a pointer into it keeps a reference too (<see cref="SafeHandle.DangerousAddRef"/>):
/// the pages stay mapped until the last one is gone.</remarks>
public sealed class MemoryMapping : SafeHandle
{
    private readonly nint _reserved;
    private readonly nuint _reservedLength;

    private MemoryMapping(nint reserved, nuint reservedLength, nint address, long length)
        : base(invalidHandleValue: -1, ownsHandle: true)
    {
        (_reserved, _reservedLength) = (reserved, reservedLength);
        SetHandle(address);
        Length = length;
    }

    /// <summary>How many bytes are mapped.</summary>
    public long Length { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>The first byte. Only for code that checks every use against <see cref="Length"/>.</summary>
    // SAFETY: nothing is read.
    internal unsafe byte* Pointer => (byte*)handle;

    /// <summary>Maps <paramref name="length"/> bytes of <paramref name="fd"/> from <paramref name="offset"/> (MAP_SHARED). It is left out of core files: guests' memory and pictures are nobody's to read there.</summary>
    /// <exception cref="LinuxException">mmap(2) refused.</exception>
    public static unsafe MemoryMapping Map(FileDescriptor fd, long offset, long length, bool writable)
    {
        // A mapping of huge pages begins at one.
        nuint page = (nuint)Math.Max(fd.GetStatus().BlockSize, Environment.SystemPageSize);
        nuint whole = checked(((nuint)length + page - 1) / page * page);
        nuint reservedLength = checked(whole + (3 * page));
        nint reserved = LibC.mmap(0, reservedLength, LibC.PROT_NONE, LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS | LibC.MAP_NORESERVE, -1, 0);
        if (reserved == -1)
        {
            throw new LinuxException("mmap");
        }
        nint address = (nint)(((nuint)reserved + (2 * page) - 1) / page * page);
        int protection = LibC.PROT_READ | (writable ? LibC.PROT_WRITE : 0);
        // It replaces some of the pages just reserved: one stays before it at least, and one after it.
        if (LibC.mmap(address, (nuint)length, protection, LibC.MAP_SHARED | LibC.MAP_FIXED, fd, offset) == -1)
        {
            var failure = new LinuxException("mmap");
            _ = LibC.munmap(reserved, reservedLength);
            throw failure;
        }
        // SAFETY: the advice is about the mapping just made and changes no byte of it. A core file does without it where the kernel refuses.
        _ = LibC.madvise((void*)address, (nuint)length, LibC.MADV_DONTDUMP);
        return new MemoryMapping(reserved, reservedLength, address, length);
    }

    /// <summary>A window of the mapping, bounds-checked; valid while the mapping is.</summary>
    public unsafe Span<byte> Slice(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (offset < 0 || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset));
        }
        // SAFETY: inside the mapping, as just checked, and the mapping is open.
        return new Span<byte>(Pointer + offset, length);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibC.munmap(_reserved, _reservedLength) == 0;
}
