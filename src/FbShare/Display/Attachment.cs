using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Display;

/// <summary>One consumer on one output: how it gets the picture, what it was given last, and whether it is still reading.</summary>
/// <remarks>This is the only place that knows who reads what. A reading ends with its lease or with the consumer, never otherwise.</remarks>
internal sealed class Attachment(DisplayOutput output, IDisplayConsumer consumer)
{
    private ulong _turn;
    private bool _kept;
    private object? _given;
    private FrameLayout _givenLayout;
    private PictureCopy.Buffer? _copy;

    /// <summary>What really changed in the copy that it was given, since it last looked.</summary>
    private Region _changed = new();

    /// <summary>The same of the frame that it was given last.</summary>
    private Region _told = new();

    private ReadFence.Reader _owed;

    /// <summary>The turn in which a flush last began to wait for this consumer.</summary>
    private ulong _owedIn;
    private (Scanout? Scanout, DmaBufExport? Export) _chosenFor;

    public IDisplayConsumer Consumer { get; } = consumer;

    /// <summary>What the consumer can take of the present picture.</summary>
    public PictureForms Forms { get; private set; }

    /// <summary>The path that was chosen for the present picture; null while there is none.</summary>
    public PathChoice? Choice { get; private set; }

    /// <summary>Why the picture cannot be shown by that path after all.</summary>
    public PathObstacle? Obstacle { get; set; }

    /// <summary>What changed since the consumer last looked.</summary>
    public Rect Pending { get; set; }

    /// <summary>The consumer has been given something and has not finished reading it.</summary>
    public bool IsReading { get; private set; }

    /// <summary>What it has been given are the guest's own pages.</summary>
    public bool ReadsPages { get; private set; }

    /// <summary>What it has been given is a copy of the guest's pages.</summary>
    public bool ReadsCopy => IsReading && UsesCopy;

    /// <summary>It was last given a copy, or is waiting for one.</summary>
    public bool UsesCopy { get; private set; }

    /// <summary>Whether the guest should not draw yet: the consumer will read, or still reads, the guest's own pages, or they are to be
    /// copied for it when it has finished reading the copy before. A copy made later would have half of what the guest draws next. A consumer
    /// that reads one copy for longer than the guest waits is not waited for again.</summary>
    public bool HoldsPages => ReadsPages || Choice?.Path == FramePath.Udmabuf || (ReadsCopy && _owedIn != _turn);

    /// <summary>Chooses the path again where the picture or its dma-bufs are not those it was chosen for.</summary>
    public void ChoosePath(int number, Scanout scanout, DmaBufExporter exporter)
    {
        if (ReferenceEquals(scanout, _chosenFor.Scanout) && ReferenceEquals(scanout.Export, _chosenFor.Export))
        {
            return;
        }
        Forms = Consumer.Takes(scanout.Layout);
        Choice = exporter.Choose(number, scanout, Forms);
        Obstacle = null;
        _chosenFor = (scanout, scanout.Export);
    }

    /// <summary>Forgets the path and what the consumer was given: the next picture is a new one to it.</summary>
    public void Forget()
    {
        Choice = null;
        Obstacle = null;
        Pending = default;
        UsesCopy = false;
        _given = null;
        _chosenFor = default;
    }

    /// <summary>Has the path chosen again, and the picture shown as a new one.</summary>
    public void StartOver()
    {
        _given = null;
        _chosenFor = default;
    }

    /// <summary>There is nothing to see for now.</summary>
    /// <returns>Whether the consumer had something before, so that it must be told.</returns>
    public bool TakeAway()
    {
        bool hadPicture = _given is not null;
        _given = null;
        Pending = default;
        return hadPicture;
    }

    public void Present(Scanout scanout, DmaBufFrame dmaBuf, FlushMark flush)
    {
        UsesCopy = false;
        bool isNew = IsNew(dmaBuf, scanout.Layout);
        Present(new Frame(this, scanout, dmaBuf, isNew, Take(isNew, scanout.Layout), flush), copy: null);
    }

    public void Present(Scanout scanout, FrameBuffer buffer, FrameLayout layout, PictureCopy.Buffer? copy, FlushMark flush)
    {
        UsesCopy = copy is not null;
        bool isNew = IsNew(buffer, layout);
        Rect damage = Take(isNew, layout);
        (_told, _changed) = (_changed, _told);
        _changed.Clear();
        Region? parts = null;
        if (copy is not null && !isNew)
        {
            _told.Crop(damage);
            // A frame that looks like the last one is told of by a pixel, so that frames can be counted.
            damage = _told.IsEmpty ? new Rect(damage.X, damage.Y, 1, 1) : _told.Bounds;
            parts = _told.Rects.Length > 1 ? _told : null;
        }
        var frame = new Frame(this, scanout, buffer, layout, isNew, damage, flush) { Parts = parts };
        Present(frame, copy);
    }

    /// <summary>A copy was brought up to date.</summary>
    public void NoteChange(FrameBuffer copy, Region changed)
    {
        if (ReferenceEquals(copy, _given))
        {
            _changed.Add(changed);
        }
    }

    /// <summary>A copy is wanted, but every buffer is being read.</summary>
    public void WaitForCopy() => UsesCopy = true;

    public FrameLease Keep()
    {
        _kept = true;
        return new FrameLease(this, _turn);
    }

    public void GiveBack(ulong turn)
    {
        if (IsReading && turn == _turn)
        {
            EndReading();
            output.Finished();
        }
    }

    /// <summary>A fenced flush waits for this consumer now; an earlier flush no longer does.</summary>
    public void Owe(ReadFence fence)
    {
        ReadFence.Reader before = _owed;
        (_owed, _owedIn) = (fence.Join(), _turn);
        before.Leave();
    }

    /// <summary>No flush waits for this consumer any more.</summary>
    public void Settle()
    {
        ReadFence.Reader before = _owed;
        _owed = default;
        before.Leave();
    }

    /// <summary>The consumer is gone, so it no longer reads anything.</summary>
    public void End()
    {
        if (IsReading)
        {
            EndReading();
        }
        Forget();
        Settle();
    }

    private bool IsNew(object picture, FrameLayout layout)
    {
        bool isNew = !ReferenceEquals(picture, _given) || layout != _givenLayout;
        (_given, _givenLayout) = (picture, layout);
        return isNew;
    }

    private Rect Take(bool isNew, FrameLayout layout)
    {
        Rect damage = isNew ? layout.Bounds : Pending;
        Pending = default;
        return damage;
    }

    private void Present(in Frame frame, PictureCopy.Buffer? copy)
    {
        ulong turn = ++_turn;
        IsReading = true;
        ReadsPages = frame.DmaBuf is not null;
        _kept = false;
        _copy = copy;
        copy?.Acquire();
        Consumer.Present(frame);
        if (!_kept && IsReading && turn == _turn)
        {
            EndReading();
        }
    }

    private void EndReading()
    {
        IsReading = false;
        ReadsPages = false;
        _copy?.Release();
        _copy = null;
    }
}
