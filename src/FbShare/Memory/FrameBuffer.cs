using FbShare.Linux;

namespace FbShare.Memory;

/// <summary>Host memory for one picture, in a memfd of its own that consumers can map. Never guest memory.</summary>
/// <remarks>Only this process can change the picture: consumers get <see cref="ReadOnly"/>, and the file is sealed (F_SEAL_FUTURE_WRITE, Linux 5.1), so that
/// who opens it again for writing can neither write it nor map it writable. The mapping here was there before.</remarks>
public sealed class FrameBuffer : IDisposable
{
    private const string Name = "fbshare-frame";

    private readonly FileDescriptor _fd;
    private readonly MemoryMapping _mapping;
    private FileDescriptor? _readOnly;

    /// <summary>Makes a zeroed buffer.</summary>
    /// <param name="length">Bytes.</param>
    /// <exception cref="LinuxException">There is no memory or no descriptor free.</exception>
    public FrameBuffer(long length)
        : this(MemFd.Create(Name, length, seals: MemFdSeals.Shrink | MemFdSeals.Grow), length)
    {
        // An older kernel knows no such seal: then the read-only descriptor is all that there is.
        _ = _fd.TryAddSeals(MemFdSeals.FutureWrite | MemFdSeals.Seal) || _fd.TryAddSeals(MemFdSeals.Seal);
    }

    /// <summary>Takes over a buffer of another process, as it is sealed.</summary>
    /// <param name="fd">A memfd; owned from here on, also when this fails.</param>
    /// <exception cref="LinuxException">It is shorter than that, could be cut off, or cannot be mapped.</exception>
    internal FrameBuffer(FileDescriptor fd, long length)
    {
        _fd = fd;
        try
        {
            Check(fd, length);
            _mapping = MemoryMapping.Map(_fd, 0, length, writable: true);
        }
        catch
        {
            _fd.Dispose();
            throw;
        }
        Length = length;
    }

    /// <summary>Makes a zeroed buffer that another process may map for writing, too: a front-end that draws in it, or a Wayland compositor, whose
    /// libwayland maps every pool so.</summary>
    /// <inheritdoc cref="FrameBuffer(long)"/>
    public static FrameBuffer CreateWritable(long length) => new(MemFd.Create(Name, length), length);

    /// <summary>Makes a buffer with the bytes of one that a process has left. What is sealed can be mapped for writing by nobody who comes later.</summary>
    /// <param name="left">A memfd; owned from here on, also when this fails.</param>
    /// <exception cref="LinuxException">It is shorter than that or could be cut off; there is no memory or no descriptor free.</exception>
    internal static FrameBuffer CopyOf(FileDescriptor left, long length)
    {
        using FileDescriptor fd = left;
        Check(fd, length);
        using MemoryMapping from = MemoryMapping.Map(fd, 0, length, writable: false);
        var copy = new FrameBuffer(length);
        for (long at = 0; at < length; at += int.MaxValue)
        {
            int part = (int)Math.Min(length - at, int.MaxValue);
            from.Slice(at, part).CopyTo(copy.Slice(at, part));
        }
        return copy;
    }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>The memfd itself, owned by this object; for a keeper, never for consumers.</summary>
    public FileDescriptor Memory => _fd;

    /// <summary>A read-only descriptor of the same bytes, owned by this object. To give it to another process, send or duplicate it.</summary>
    public FileDescriptor ReadOnly => _readOnly ??= _fd.ReopenReadOnly();

    /// <summary>A window of the bytes, bounds-checked.</summary>
    public Span<byte> Slice(long offset, int length) => _mapping.Slice(offset, length);

    /// <summary>From <paramref name="offset"/> to the end, at most 2 GiB.</summary>
    public Span<byte> From(long offset) => _mapping.Slice(offset, (int)Math.Min(Length - offset, int.MaxValue));

    /// <summary>Unmaps the buffer. Whoever got <see cref="ReadOnly"/> keeps the bytes.</summary>
    public void Dispose()
    {
        _mapping.Dispose();
        _readOnly?.Dispose();
        _fd.Dispose();
    }

    private static void Check(FileDescriptor fd, long length)
    {
        if (fd.GetSeals() is not { } seals || (seals & MemFdSeals.Shrink) == 0 || fd.GetStatus().Size < length)
        {
            throw new LinuxException($"a memfd of {length} bytes that cannot shrink was expected", (int)Errno.EINVAL);
        }
    }
}
