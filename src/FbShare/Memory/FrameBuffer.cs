using FbShare.Linux;

namespace FbShare.Memory;

/// <summary>Host memory for one picture, in a memfd of its own that consumers can map. Never guest memory.</summary>
/// <remarks>Consumers get <see cref="ReadOnly"/>, which cannot be mapped writable, so they cannot change the picture.</remarks>
public sealed class FrameBuffer : IDisposable
{
    private readonly FileDescriptor _fd;
    private readonly MemoryMapping _mapping;
    private FileDescriptor? _readOnly;

    /// <summary>Makes a zeroed buffer.</summary>
    /// <param name="length">Bytes.</param>
    /// <exception cref="LinuxException">There is no memory or no descriptor free.</exception>
    public FrameBuffer(long length)
        : this(MemFd.Create("fbshare-frame", length), length)
    {
    }

    /// <summary>Takes over a buffer of another process.</summary>
    /// <param name="fd">A memfd; owned from here on, also when this fails.</param>
    /// <exception cref="LinuxException">It is shorter than that, could be cut off, or cannot be mapped.</exception>
    internal FrameBuffer(FileDescriptor fd, long length)
    {
        _fd = fd;
        try
        {
            if (fd.GetSeals() is not { } seals || (seals & MemFdSeals.Shrink) == 0 || fd.GetStatus().Size < length)
            {
                throw new LinuxException($"a memfd of {length} bytes that cannot shrink was expected", (int)Errno.EINVAL);
            }
            _mapping = MemoryMapping.Map(_fd, 0, length, writable: true);
        }
        catch
        {
            _fd.Dispose();
            throw;
        }
        Length = length;
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
}
