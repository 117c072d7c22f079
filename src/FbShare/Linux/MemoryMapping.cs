using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>A shared mapping of a file, unmapped on dispose.</summary>
/// <remarks>Whoever keeps a pointer into it keeps a reference too (<see cref="SafeHandle.DangerousAddRef"/>):
/// the pages stay mapped until the last one is gone.</remarks>
public sealed class MemoryMapping : SafeHandle
{
    private MemoryMapping(nint address, long length)
        : base(invalidHandleValue: -1, ownsHandle: true)
    {
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
        int protection = LibC.PROT_READ | (writable ? LibC.PROT_WRITE : 0);
        nint address = LibC.mmap(0, (nuint)length, protection, LibC.MAP_SHARED, fd, offset);
        if (address == -1)
        {
            throw new LinuxException("mmap");
        }
        // SAFETY: the advice is about the mapping just made and changes no byte of it. A core file does without it where the kernel refuses.
        _ = LibC.madvise((void*)address, (nuint)length, LibC.MADV_DONTDUMP);
        return new MemoryMapping(address, length);
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
    protected override bool ReleaseHandle() => LibC.munmap(handle, (nuint)Length) == 0;
}
