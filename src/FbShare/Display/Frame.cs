using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Display;

/// <summary>What a consumer is given to look at: a picture, and what of it changed.</summary>
/// <remarks>The pixels may be read until the consumer returns or, if it asked for a lease with <see cref="Keep"/>, until it gives that
/// back. Buffers and descriptors stay their owner's: they are sent or duplicated, not kept.</remarks>
public readonly struct Frame
{
    private readonly Attachment _reader;

    internal Frame(Attachment reader, Scanout scanout, DmaBufFrame dmaBuf, bool isNew, Rect damage, FlushMark flush)
        : this(reader, scanout, isNew, damage, flush) => (DmaBuf, Layout) = (dmaBuf, scanout.Layout);

    internal Frame(Attachment reader, Scanout scanout, FrameBuffer buffer, FrameLayout layout, bool isNew, Rect damage, FlushMark flush)
        : this(reader, scanout, isNew, damage, flush) => (Buffer, Layout) = (buffer, layout);

    private Frame(Attachment reader, Scanout scanout, bool isNew, Rect damage, FlushMark flush)
    {
        _reader = reader;
        Scanout = scanout;
        IsNew = isNew;
        Damage = damage;
        Flush = flush;
    }

    /// <summary>What the output shows; the same object for the same buffer of the guest.</summary>
    public Scanout Scanout { get; }

    /// <summary>The guest's own pages; null where the picture is in <see cref="Buffer"/>.</summary>
    public DmaBufFrame? DmaBuf { get; }

    /// <summary>Host memory with the picture; null where it comes as <see cref="DmaBuf"/>.</summary>
    public FrameBuffer? Buffer { get; }

    /// <summary>Size and format, and how the picture lies in <see cref="Buffer"/>.</summary>
    public FrameLayout Layout { get; }

    /// <summary>Whether dma-bufs, buffer or layout are other ones than the consumer was given the last time.</summary>
    public bool IsNew { get; }

    /// <summary>What changed since the consumer last looked; never empty, and everything where <see cref="IsNew"/>.</summary>
    public Rect Damage { get; }

    /// <summary>What changed, where that is several rectangles with little between them; null where <see cref="Damage"/> says it as well. Good until the
    /// consumer returns.</summary>
    internal Region? Parts { get; init; }

    /// <summary>The guest's last flush that is in the picture.</summary>
    public FlushMark Flush { get; }

    /// <summary>The consumer goes on reading after it returns. Until it gives the lease back it is shown nothing further, and what it
    /// reads is not written by the display; if it reads the guest's own pages, the guest waits for it, as long as the device lets it.</summary>
    public FrameLease Keep() => _reader.Keep();
}

/// <summary>Somebody is still reading a <see cref="Frame"/>. Giving it back a second time does nothing.</summary>
public readonly struct FrameLease
{
    private readonly Attachment? _reader;
    private readonly ulong _turn;

    internal FrameLease(Attachment reader, ulong turn) => (_reader, _turn) = (reader, turn);

    /// <summary>The reader has finished. What changed meanwhile is shown to it at once, before this returns.</summary>
    public void GiveBack() => _reader?.GiveBack(_turn);
}
