using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Display.Client;

/// <summary>A picture that another process shares: dma-bufs, a mapped file, or our own copy of what came in messages.</summary>
/// <remarks>Owned by its <see cref="RemoteConsole"/>, which disposes it after <see cref="IDisplayView.Forget"/>.</remarks>
public sealed class RemotePicture : IDisposable
{
    private readonly SharedRows[] _rows;
    private FileDescriptor? _file;

    private RemotePicture(FrameLayout layout, SharedRows[] rows)
    {
        Layout = layout;
        _rows = rows;
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

    /// <summary>The file that it is in, for somebody who can read it there; null where it is in dma-bufs or in memory of this process. Owned by
    /// this picture.</summary>
    public FileDescriptor? File => _file;

    /// <summary>How it came.</summary>
    public RemotePictureSource Source { get; private init; }

    /// <summary>Lets the pixels be read; dispose what is returned when done.</summary>
    /// <param name="area">What will be looked at; the rest may be older.</param>
    /// <exception cref="LinuxException">The bytes cannot be read, or make no sense (<see cref="IsReadable"/>).</exception>
    public Reading Read(Rect area)
    {
        if (!IsReadable)
        {
            // Where its rows are is the GPU's business: nobody has checked that they lie inside the file.
            throw new LinuxException($"reading a picture in a GPU's own memory layout (modifier 0x{Modifier:x})", (int)Errno.EOPNOTSUPP);
        }
        foreach (SharedRows band in _rows)
        {
            band.Begin(RowsOf(area));
        }
        return new Reading(this);
    }

    /// <summary>Copies a part of the picture, rows from the top.</summary>
    /// <param name="area">Inside the picture.</param>
    /// <param name="destination">Where the area's first pixel goes.</param>
    /// <param name="stride">Bytes from row to row in <paramref name="destination"/>.</param>
    /// <exception cref="LinuxException">The bytes cannot be read.</exception>
    public void CopyTo(Rect area, Span<byte> destination, int stride) => CopyTo(area, destination, stride, Layout.Format);

    /// <summary>Copies a part of the picture, rows from the top, and converts its pixels.</summary>
    /// <param name="area">Inside the picture.</param>
    /// <param name="destination">Where the area's first pixel goes.</param>
    /// <param name="stride">Bytes from row to row in <paramref name="destination"/>.</param>
    /// <param name="format">How the bytes of a pixel are to stand there.</param>
    /// <exception cref="LinuxException">The bytes cannot be read.</exception>
    public void CopyTo(Rect area, Span<byte> destination, int stride, DrmFormat format)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(Layout.Bounds.Contains(area), false, nameof(area));
        using Reading reading = Read(area);
        Rect rows = RowsOf(area);
        foreach (SharedRows band in _rows)
        {
            ReadOnlySpan<byte> pixels = band.Pixels;
            Rect part = rows.Intersect(new Rect(0, band.Y, Layout.Width, band.Height));
            for (int y = part.Y; y < part.Bottom; y++)
            {
                int row = IsBottomUp ? Layout.Height - 1 - y : y;
                ReadOnlySpan<byte> source = pixels.Slice(((y - band.Y) * band.Stride) + (part.X * DrmFormats.BytesPerPixel), part.Width * DrmFormats.BytesPerPixel);
                if (format == Layout.Format)
                {
                    source.CopyTo(destination[((row - area.Y) * stride)..]);
                }
                else
                {
                    PixelConversion.Convert(source, Layout.Format, destination[((row - area.Y) * stride)..], format);
                }
            }
        }
    }

    /// <summary>Closes what came for the picture: its shared memory or its dma-bufs.</summary>
    public void Dispose()
    {
        DmaBuf?.Dispose();
        _file?.Dispose();
        foreach (SharedRows band in _rows)
        {
            band.Dispose();
        }
    }

    /// <summary>A picture in dma-bufs, or in shared files in their place.</summary>
    /// <param name="frame">Owned from here on.</param>
    /// <param name="layout">Checked against the only band, or any band for format and size.</param>
    internal static RemotePicture OfDmaBuf(DmaBufFrame frame, FrameLayout layout, ulong modifier, bool isBottomUp) =>
        new(layout, [.. frame.Bands.Select(b => new SharedRows(b.Descriptor, b.Offset, b.Y, b.Height, b.Stride, frame.Width))])
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
        var rows = new SharedRows(file, layout.Offset, 0, layout.Height, layout.Stride, layout.Width);
        rows.Prepare();
        return new RemotePicture(layout, [rows]) { Source = RemotePictureSource.Map, _file = file };
    }

    /// <summary>A picture in memory of this process, black.</summary>
    internal static RemotePicture OfMessages(DrmFormat format, int width, int height)
    {
        FrameLayout layout = FrameLayout.Packed(format, width, height);
        return new RemotePicture(layout, [new SharedRows(SharedRows.Allocate(layout.End), layout)]) { Source = RemotePictureSource.Messages };
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
                .CopyTo(_rows[0].Own.AsSpan((int)Layout.OffsetOf(area.X, area.Y + y)));
        }
    }

    /// <summary>The pixels while they may be read.</summary>
    public readonly ref struct Reading
    {
        private readonly RemotePicture? _picture;

        internal Reading(RemotePicture picture) => _picture = picture;

        /// <summary>From the first row's first byte to the last row's last, as far apart as the layout's stride says. Of a picture in several
        /// dma-bufs, the first one's rows.</summary>
        public ReadOnlySpan<byte> Pixels => _picture!._rows[0].Pixels;

        /// <summary>Ends the reading.</summary>
        public void Dispose()
        {
            foreach (SharedRows band in _picture?._rows ?? [])
            {
                band.End();
            }
        }
    }
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
