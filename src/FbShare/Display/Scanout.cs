using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Display;

/// <summary>What an output shows: a picture's layout and where its pixels are.</summary>
/// <remarks>Made once per resource and geometry by the source and shown again by reference, so that what is derived from it
/// (a dma-buf) is found again at the next flip. The source disposes it with the resource, when no output shows it any more.</remarks>
public sealed class Scanout : IDisposable
{
    private Scanout(FrameLayout layout, (int X, int Y) origin, uint resourceId, ScanoutKind kind)
    {
        Layout = layout;
        Origin = origin;
        ResourceId = resourceId;
        Kind = kind;
    }

    /// <summary>How the picture lies in <see cref="Guest"/> or in <see cref="Host"/>.</summary>
    public FrameLayout Layout { get; }

    /// <summary>Where in the source's picture this one begins: what the source flushes is told in the former's terms.</summary>
    public (int X, int Y) Origin { get; }

    /// <summary>The source's number for the resource, for names and logs.</summary>
    public uint ResourceId { get; }

    /// <summary>What kind of resource the picture belongs to.</summary>
    public ScanoutKind Kind { get; }

    /// <summary>The guest pages that are the picture (live); null when it is in <see cref="Host"/> alone. Stays the resource's.</summary>
    public Backing? Guest { get; private init; }

    /// <summary>Host memory that holds what was transferred (2D), or what was last seen of a boot screen; null for pictures that live in guest pages
    /// alone. Stays the resource's.</summary>
    public FrameBuffer? Host { get; private init; }

    /// <summary>The picture's dma-bufs, or why there are none, once somebody tried; owned and disposed with this.</summary>
    public DmaBufExport? Export { get; internal set; }

    /// <summary>A picture in guest pages.</summary>
    /// <param name="layout">Checked against the backing's length.</param>
    /// <param name="pages">Stays the caller's, and lives longer than this.</param>
    /// <param name="resourceId">The source's number for the resource.</param>
    /// <param name="kind">What kind of resource it is.</param>
    /// <param name="origin">Where in the source's picture this one begins.</param>
    public static Scanout OfGuest(FrameLayout layout, Backing pages, uint resourceId, ScanoutKind kind, (int X, int Y) origin = default) =>
        layout.End <= pages.Length
            ? new Scanout(layout, origin, resourceId, kind) { Guest = pages }
            : throw new ArgumentOutOfRangeException(nameof(layout));

    /// <summary>A picture in host memory.</summary>
    /// <inheritdoc cref="OfGuest"/>
    public static Scanout OfHost(FrameLayout layout, FrameBuffer buffer, uint resourceId, (int X, int Y) origin = default, ScanoutKind kind = ScanoutKind.TwoD) =>
        layout.End <= buffer.Length
            ? new Scanout(layout, origin, resourceId, kind) { Host = buffer }
            : throw new ArgumentOutOfRangeException(nameof(layout));

    /// <summary>A picture in pages that the guest writes without a word, and beside them, laid out alike, how it looked when somebody was last told of a change.</summary>
    /// <param name="layout">Checked against both lengths.</param>
    /// <param name="pages">Stays the caller's, and lives longer than this.</param>
    /// <param name="copy">For who takes no dma-bufs; stays the caller's.</param>
    internal static Scanout OfBoot(FrameLayout layout, Backing pages, FrameBuffer copy) =>
        layout.End <= pages.Length && layout.End <= copy.Length
            ? new Scanout(layout, default, 0, ScanoutKind.Boot) { Guest = pages, Host = copy }
            : throw new ArgumentOutOfRangeException(nameof(layout));

    /// <summary>Gives viewers dma-bufs that somebody else has made over the picture's pages, instead of udmabufs made here.</summary>
    /// <param name="frame">As large as <see cref="Layout"/>; over pages that are never replaced. Owned from here on.</param>
    public void Share(DmaBufFrame frame)
    {
        DropExport();
        Export = new DmaBufExport(frame);
    }

    /// <summary>Closes the picture's dma-bufs; its pages or buffer stay the resource's.</summary>
    public void Dispose() => DropExport();

    /// <summary>Lets go of the dma-bufs; the next <see cref="DmaBufExporter.Choose"/> makes new ones.</summary>
    internal void DropExport()
    {
        Export?.Dispose();
        Export = null;
    }
}

/// <summary>The kind of resource behind a scanout.</summary>
public enum ScanoutKind
{
    /// <summary>RESOURCE_CREATE_BLOB: the guest's pages are the picture.</summary>
    Blob,

    /// <summary>RESOURCE_CREATE_2D: the picture is what TRANSFER_TO_HOST_2D last copied.</summary>
    TwoD,

    /// <summary>No resource: the frame buffer that firmware and guests without a driver draw on.</summary>
    Boot,
}
