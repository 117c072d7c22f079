using System.Diagnostics.CodeAnalysis;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Display.Client;

/// <summary>The bytes of some whole rows of a picture that another process shares, or of one that is in memory of our own.</summary>
/// <remarks>Mapped where the bytes cannot go away under the mapping: a dma-buf, or a file that is sealed against shrinking. Another file,
/// such as a stock QEMU's, could be cut off by its owner, and looking at the mapping would end this process (SIGBUS): it is read
/// into memory of our own, row by row as they change.</remarks>
internal sealed class SharedRows : IDisposable
{
    private readonly FileDescriptor? _descriptor;
    private readonly long _offset;
    private readonly int _length;
    private readonly int _rowBytes;
    private readonly bool _isDmaBuf;
    private readonly bool _canBeCut;
    private MemoryMapping? _mapping;
    private byte[]? _bytes;

    /// <param name="descriptor">Stays the picture's.</param>
    public SharedRows(FileDescriptor descriptor, long offset, int y, int height, int stride, int width)
    {
        _descriptor = descriptor;
        _offset = offset;
        _rowBytes = width * DrmFormats.BytesPerPixel;
        _length = checked(((height - 1) * stride) + _rowBytes);
        _isDmaBuf = descriptor.GetMemoryKind() == MemoryKind.DmaBuf;
        _canBeCut = !_isDmaBuf && descriptor.GetSeals()?.HasFlag(MemFdSeals.Shrink) != true;
        Y = y;
        Height = height;
        Stride = stride;
    }

    public SharedRows(byte[] own, FrameLayout layout)
    {
        _bytes = own;
        Height = layout.Height;
        Stride = layout.Stride;
    }

    public byte[]? Own => _descriptor is null ? _bytes : null;

    public int Y { get; }

    public int Height { get; }

    public int Stride { get; }

    public ReadOnlySpan<byte> Pixels => _bytes ?? (ReadOnlySpan<byte>)_mapping!.Slice(_offset, _length);

    /// <summary>Memory of our own for rows, zeroed. It stays where it is, so that others may keep the address while they have the picture.</summary>
    public static byte[] Allocate(long length) => GC.AllocateArray<byte>(checked((int)length), pinned: true);

    /// <summary>The door for every picture in a descriptor: it is memory, the rows are inside it, and they can be read as one run of bytes.</summary>
    /// <param name="isLinear">Whether the rows are stride apart; otherwise the bytes are the GPU's business.</param>
    /// <param name="size">Bytes of the memory.</param>
    /// <exception cref="LinuxException">The descriptor does not say what it is.</exception>
    public static bool TryCheck(
        FileDescriptor file, DrmFormat format, uint width, uint height, uint stride, ulong offset, bool isLinear,
        out FrameLayout layout, out long size, [NotNullWhen(false)] out string? why)
    {
        layout = default;
        MemoryKind kind = file.GetMemoryKind();
        size = kind switch
        {
            MemoryKind.DmaBuf => DmaBuf.GetSize(file),
            MemoryKind.SharedFile => file.GetStatus().Size,
            _ => -1,
        };
        if (kind == MemoryKind.None)
        {
            why = "a picture must come as a dma-buf or a file in memory, and this descriptor is neither";
            return false;
        }
        if (!FrameLayout.TryCreate(format, width, height, stride, offset, isLinear ? size : long.MaxValue, out layout, out why))
        {
            return false;
        }
        why = layout.Span > Array.MaxLength ? $"its rows span {layout.Span} bytes, and at most {Array.MaxLength} can be read"
            : layout.Offset > int.MaxValue ? $"it begins at byte {layout.Offset}, and it must begin at byte {int.MaxValue} or before"
            : null;
        return why is null;
    }

    /// <summary>Maps the bytes, if that is how they are read, so that what cannot be mapped is found out before anybody looks.</summary>
    /// <exception cref="LinuxException">They cannot be mapped.</exception>
    public void Prepare()
    {
        if (_descriptor is not null && !_canBeCut)
        {
            _mapping ??= MemoryMapping.Map(_descriptor, 0, _offset + _length, writable: false);
        }
    }

    /// <summary>Maps the bytes at the first reading and waits for a dma-buf's writers, or reads what changed.</summary>
    /// <param name="area">In the picture's rows.</param>
    public void Begin(Rect area)
    {
        if (_descriptor is null)
        {
            return;
        }
        if (_canBeCut)
        {
            ReadRows(area.Intersect(new Rect(0, Y, _rowBytes, Height)));
            return;
        }
        Prepare();
        if (_isDmaBuf)
        {
            DmaBuf.BeginRead(_descriptor);
        }
    }

    public void End()
    {
        if (_descriptor is not null && _isDmaBuf)
        {
            DmaBuf.EndRead(_descriptor);
        }
    }

    public void Dispose() => _mapping?.Dispose();

    private void ReadRows(Rect area)
    {
        bool isNew = _bytes is null;
        _bytes ??= Allocate(_length);
        int first = isNew ? 0 : (area.Y - Y) * Stride;
        int end = isNew ? _length : area.IsEmpty ? first : ((area.Bottom - 1 - Y) * Stride) + _rowBytes;
        // What the file does not have any more stays as it was.
        _descriptor!.Read(_offset + first, _bytes.AsSpan(first, end - first));
    }
}
