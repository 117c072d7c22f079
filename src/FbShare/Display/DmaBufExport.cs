using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Display;

/// <summary>The result of making dma-bufs of a scanout: the dma-bufs, or why there are none. Kept with the scanout, so that it is tried once.</summary>
public sealed class DmaBufExport : IDisposable
{
    private readonly PageWatch? _watch;
    private readonly MemoryMapping[] _mappings = [];

    private DmaBufExport(DmaBufFrame frame, PageWatch watch, MemoryMapping[] mappings)
    {
        Frame = frame;
        _watch = watch;
        _mappings = mappings;
    }

    /// <summary>Dma-bufs that somebody else made, over pages that are never replaced.</summary>
    /// <param name="frame">Owned from here on.</param>
    internal DmaBufExport(DmaBufFrame frame) => Frame = frame;

    /// <summary>There are no dma-bufs, for this reason.</summary>
    internal DmaBufExport(PathObstacle obstacle) => Obstacle = obstacle;

    /// <summary>The dma-bufs, owned by this; null where <see cref="Obstacle"/> says why.</summary>
    public DmaBufFrame? Frame { get; }

    /// <summary>Why there are no dma-bufs; null where <see cref="Frame"/> has them.</summary>
    public PathObstacle? Obstacle { get; }

    /// <summary>Whether the dma-bufs are mapped here too, so that <see cref="TryCopyTo"/> can read them.</summary>
    internal bool IsMapped => _mappings.Length > 0;

    /// <summary>Makes udmabufs over the pages of a picture, in as few bands as fit.</summary>
    /// <param name="name">For the kernel's lists.</param>
    /// <param name="mapped">Map them too, for <see cref="TryCopyTo"/>.</param>
    internal static DmaBufExport Create(UdmaBufDevice device, Backing pages, FrameLayout layout, string name, bool mapped)
    {
        if (!Band.TryCut(pages, layout, device.Limits, out Band[]? bands, out string? why, out string? cure))
        {
            return new DmaBufExport(new PathObstacle(why, cure));
        }
        PageWatch? watch = null;
        var made = new List<DmaBufBand>(bands.Length);
        var mappings = new List<MemoryMapping>();
        try
        {
            // The watch is made first, so that a page that is replaced in between is noticed.
            watch = new PageWatch(bands.SelectMany(b => b.Ranges));
            foreach (Band band in bands)
            {
                FileDescriptor dmaBuf = device.Create(band.Ranges.AsSpan());
                made.Add(new DmaBufBand(dmaBuf, band.Y, band.Height, layout.Stride, band.Offset, band.Length));
                DmaBuf.SetName(dmaBuf, name);
                if (mapped)
                {
                    mappings.Add(MemoryMapping.Map(dmaBuf, 0, band.Length, writable: false));
                }
            }
            return new DmaBufExport(new DmaBufFrame(layout.Format, layout.Width, layout.Height, made), watch, [.. mappings]);
        }
        catch (Exception e) when (e is UdmaBufException or LinuxException)
        {
            mappings.ForEach(m => m.Dispose());
            made.ForEach(b => b.Descriptor.Dispose());
            watch?.Dispose();
            return new DmaBufExport(e switch
            {
                UdmaBufException refusal => new PathObstacle(refusal.Reason, refusal.Cure),
                _ when watch is null => new PathObstacle($"replaced guest pages would go unnoticed: {e.Message}", "Linux 5.14 or later, with /proc/self/pagemap readable"),
                _ => new PathObstacle($"the dma-buf cannot be mapped: {e.Message}", null),
            });
        }
    }

    /// <summary>Whether the dma-bufs still hold the guest's own pages, as far as can be told.</summary>
    internal bool IsIntact() => _watch is null || _watch.IsIntact();

    /// <summary>Copies pixels out of the mapped dma-bufs, between DMA_BUF_IOCTL_SYNC START and END.</summary>
    /// <param name="area">Inside the picture.</param>
    /// <param name="destination">Where the area's first pixel goes.</param>
    /// <returns>False if the kernel does not let a dma-buf be read now.</returns>
    internal bool TryCopyTo(Rect area, Span<byte> destination, int destinationStride)
    {
        try
        {
            for (int i = 0; i < _mappings.Length; i++)
            {
                DmaBufBand band = Frame!.Bands[i];
                Rect part = area.Intersect(new Rect(0, band.Y, Frame.Width, band.Height));
                if (!part.IsEmpty)
                {
                    CopyBand(band, _mappings[i], part, destination[((part.Y - area.Y) * destinationStride)..], destinationStride);
                }
            }
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    /// <summary>Closes the dma-bufs.</summary>
    public void Dispose()
    {
        foreach (MemoryMapping mapping in _mappings)
        {
            mapping.Dispose();
        }
        _watch?.Dispose();
        Frame?.Dispose();
    }

    private static void CopyBand(DmaBufBand band, MemoryMapping mapping, Rect part, Span<byte> destination, int destinationStride)
    {
        int rowBytes = part.Width * DrmFormats.BytesPerPixel;
        DmaBuf.BeginRead(band.Descriptor);
        try
        {
            for (int y = 0; y < part.Height; y++)
            {
                long offset = band.Offset + ((long)(part.Y + y - band.Y) * band.Stride) + ((long)part.X * DrmFormats.BytesPerPixel);
                mapping.Slice(offset, rowBytes).CopyTo(destination[(y * destinationStride)..]);
            }
        }
        finally
        {
            DmaBuf.EndRead(band.Descriptor);
        }
    }
}
