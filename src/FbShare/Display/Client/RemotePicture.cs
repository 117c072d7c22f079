using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Display.Client;

/// <summary>A picture that another process shares: dma-bufs, a mapped file, or our own copy of what came in messages.</summary>
/// <remarks>Owned by its <see cref="RemoteConsole"/>, which disposes it after <see cref="IDisplayView.Forget"/>.</remarks>
public sealed class RemotePicture : IDisposable
{
    private readonly Plane[] _planes;
    private FileDescriptor? _file;

    private RemotePicture(FrameLayout layout, Plane[] planes)
    {
        Layout = layout;
        _planes = planes;
    }

    /// <summary>Format and size; stride and offset are the first band's.</summary>
    public FrameLayout Layout { get; }

    /// <summary>The dma-bufs, for an importer; null where the picture came as a copy. Owned by this picture.</summary>
    public DmaBufFrame? DmaBuf { get; private init; }

    /// <summary>The dma-bufs' DRM format modifier: 0 (linear) from our devices, a GPU's own from a QEMU with gl=on.</summary>
    public ulong Modifier { get; private init; }

    /// <summary>Whether the first row in memory is the picture's last (some GL scanouts of QEMU).</summary>
    public bool IsBottomUp { get; private init; }

    /// <summary>Whether <see cref="Read"/> can make sense of the bytes.</summary>
    public bool IsReadable => Modifier is DisplayProtocol.ModifierLinear or DisplayProtocol.ModifierUnknown;

    /// <summary>How it came.</summary>
    public RemotePictureSource Source { get; private init; }

    /// <summary>Lets the pixels be read; dispose what is returned when done.</summary>
    /// <param name="area">What will be looked at; the rest may be older.</param>
    /// <exception cref="LinuxException">The bytes cannot be read.</exception>
    public Reading Read(Rect area)
    {
        foreach (Plane plane in _planes)
        {
            plane.Begin(RowsOf(area));
        }
        return new Reading(this);
    }

    /// <summary>Copies a part of the picture, rows from the top.</summary>
    /// <param name="area">Inside the picture.</param>
    /// <param name="stride">Bytes from row to row in <paramref name="destination"/>.</param>
    /// <exception cref="LinuxException">The bytes cannot be read.</exception>
    public void CopyTo(Rect area, Span<byte> destination, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(Layout.Bounds.Contains(area), false, nameof(area));
        using Reading reading = Read(area);
        Rect rows = RowsOf(area);
        for (int i = 0; i < reading.Count; i++)
        {
            PixelBand band = reading[i];
            Rect part = rows.Intersect(new Rect(0, band.Y, Layout.Width, band.Height));
            for (int y = part.Y; y < part.Bottom; y++)
            {
                int row = IsBottomUp ? Layout.Height - 1 - y : y;
                band.Pixels.Slice(((y - band.Y) * band.Stride) + (part.X * DrmFormats.BytesPerPixel), part.Width * DrmFormats.BytesPerPixel)
                    .CopyTo(destination[((row - area.Y) * stride)..]);
            }
        }
    }

    public void Dispose()
    {
        DmaBuf?.Dispose();
        _file?.Dispose();
        foreach (Plane plane in _planes)
        {
            plane.Dispose();
        }
    }

    /// <summary>A picture in dma-bufs, or in shared files in their place.</summary>
    /// <param name="frame">Owned from here on.</param>
    /// <param name="layout">Checked against the only band, or any band for format and size.</param>
    internal static RemotePicture OfDmaBuf(DmaBufFrame frame, FrameLayout layout, ulong modifier, bool isBottomUp) =>
        new(layout, [.. frame.Bands.Select(b => new Plane(b.Descriptor, b.Offset, b.Y, b.Height, b.Stride, frame.Width))])
        {
            DmaBuf = frame,
            Modifier = modifier,
            IsBottomUp = isBottomUp,
            Source = RemotePictureSource.DmaBuf,
        };

    /// <summary>A picture in a shared file.</summary>
    /// <param name="file">Owned from here on, if this succeeds.</param>
    /// <param name="layout">Checked against the file's size.</param>
    /// <exception cref="LinuxException">It cannot be mapped.</exception>
    internal static RemotePicture OfMap(FileDescriptor file, FrameLayout layout)
    {
        var plane = new Plane(file, layout.Offset, 0, layout.Height, layout.Stride, layout.Width);
        plane.Begin(default);
        return new RemotePicture(layout, [plane]) { Source = RemotePictureSource.Map, _file = file };
    }

    /// <summary>A picture in memory of this process, black.</summary>
    internal static RemotePicture OfMessages(DrmFormat format, int width, int height)
    {
        FrameLayout layout = FrameLayout.Packed(format, width, height);
        return new RemotePicture(layout, [new Plane(new byte[layout.End], layout)]) { Source = RemotePictureSource.Messages };
    }

    /// <summary>Where an area of the picture lies in memory, which may begin with the last row.</summary>
    private Rect RowsOf(Rect area) => IsBottomUp ? new Rect(area.X, Layout.Height - area.Bottom, area.Width, area.Height) : area;

    /// <summary>Writes into a picture made by <see cref="OfMessages"/>.</summary>
    /// <param name="area">Inside the picture.</param>
    internal void Write(Rect area, ReadOnlySpan<byte> pixels, int stride)
    {
        for (int y = 0; y < area.Height; y++)
        {
            pixels.Slice(y * stride, area.Width * DrmFormats.BytesPerPixel)
                .CopyTo(_planes[0].Own.AsSpan((int)Layout.OffsetOf(area.X, area.Y + y)));
        }
    }

    /// <summary>The pixels while they may be read.</summary>
    public readonly ref struct Reading
    {
        private readonly RemotePicture _picture;

        internal Reading(RemotePicture picture) => _picture = picture;

        /// <summary>How many bands there are, from top to bottom; nearly always one.</summary>
        public int Count => _picture._planes.Length;

        /// <summary>One band's pixels.</summary>
        public PixelBand this[int index]
        {
            get
            {
                Plane plane = _picture._planes[index];
                return new PixelBand(plane.Y, plane.Height, plane.Stride, plane.Pixels);
            }
        }

        public void Dispose()
        {
            foreach (Plane plane in _picture._planes)
            {
                plane.End();
            }
        }
    }

    /// <summary>Some whole rows in one run of bytes.</summary>
    /// <remarks>Mapped where the bytes cannot go away under the mapping: a dma-buf, or a file that is sealed against shrinking. Another file,
    /// such as a stock QEMU's, could be cut off by its owner, and looking at the mapping would end this process (SIGBUS): it is read
    /// into memory of our own, row by row as they change.</remarks>
    private sealed class Plane : IDisposable
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
        public Plane(FileDescriptor descriptor, long offset, int y, int height, int stride, int width)
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

        public Plane(byte[] own, FrameLayout layout)
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
            _mapping ??= MemoryMapping.Map(_descriptor, 0, _offset + _length, writable: false);
            if (_isDmaBuf)
            {
                Linux.DmaBuf.BeginRead(_descriptor);
            }
        }

        public void End()
        {
            if (_descriptor is not null && _isDmaBuf)
            {
                Linux.DmaBuf.EndRead(_descriptor);
            }
        }

        public void Dispose() => _mapping?.Dispose();

        private void ReadRows(Rect area)
        {
            bool isNew = _bytes is null;
            _bytes ??= new byte[_length];
            int first = isNew ? 0 : (area.Y - Y) * Stride;
            int end = isNew ? _length : area.IsEmpty ? first : ((area.Bottom - 1 - Y) * Stride) + _rowBytes;
            // What the file does not have any more stays as it was.
            _descriptor!.Read(_offset + first, _bytes.AsSpan(first, end - first));
        }
    }
}

/// <summary>Some whole rows of a picture.</summary>
/// <param name="y">The first row's place in the picture.</param>
/// <param name="height">Rows.</param>
/// <param name="stride">Bytes from row to row.</param>
/// <param name="pixels">From the first row's first byte to the last row's last.</param>
public readonly ref struct PixelBand(int y, int height, int stride, ReadOnlySpan<byte> pixels)
{
    public int Y { get; } = y;

    public int Height { get; } = height;

    public int Stride { get; } = stride;

    public ReadOnlySpan<byte> Pixels { get; } = pixels;
}

/// <summary>How a remote picture comes.</summary>
public enum RemotePictureSource
{
    /// <summary>Zero copy.</summary>
    DmaBuf,

    /// <summary>A frame buffer of the other process, mapped.</summary>
    Map,

    /// <summary>Pixels in D-Bus messages.</summary>
    Messages,
}
