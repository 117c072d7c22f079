using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Display;

/// <summary>One output: what it shows, who watches it, and the way of a change from the guest to them.</summary>
/// <remarks>Read from <see cref="Flush"/> downwards: what changed is noted for every consumer, and each that is not busy reading looks at
/// once; a busy one looks when it gives its lease back, at everything that changed meanwhile. So a slow consumer costs neither the
/// guest's time nor memory that grows.</remarks>
internal sealed class DisplayOutput(int number, DmaBufExporter exporter) : IDisposable
{
    private readonly PictureCopy _copy = new();

    /// <summary>A picture was set that consumers have not been told of yet.</summary>
    private bool _isNew;

    /// <summary>The dma-bufs that the picture had when consumers were last told. Another output that shows it too may have had them made again.</summary>
    private DmaBufExport? _export;

    /// <summary>Replaced, never changed, so that a consumer may come or go while they are told something.</summary>
    private Attachment[] _attachments = [];

    /// <summary>What it shows; null: nothing.</summary>
    public Scanout? Scanout { get; private set; }

    public FlushMark LastFlush { get; private set; }

    /// <summary>Whether there is a consumer.</summary>
    public bool IsWatched => _attachments.Length > 0;

    public CursorImage? Cursor { get; private set; }

    public CursorPosition CursorPosition { get; private set; }

    /// <summary>What copies are charged to; null: nobody counts.</summary>
    public HostBudget? Budget { get; set; }

    public long BytesCopied => _copy.BytesCopied;

    /// <summary>The best of the consumers' paths; null while there is no consumer or no picture.</summary>
    public PathChoice? Path
    {
        get
        {
            PathChoice? best = null;
            foreach (Attachment a in _attachments)
            {
                PathChoice? path = a.Obstacle is { } obstacle ? new PathChoice(FramePath.None, obstacle.Reason, obstacle.Cure) : a.Choice;
                best = best is null || path?.Path < best.Path ? path : best;
            }
            return best;
        }
    }

    /// <inheritdoc cref="DisplayHub.SetScanout"/>
    public void SetScanout(Scanout? scanout)
    {
        if (scanout is not null)
        {
            // If the same buffer is set again and nothing else was set in between, there is nothing to tell.
            _isNew |= !ReferenceEquals(scanout, Scanout);
            Scanout = scanout;
            return;
        }
        if (Scanout is null)
        {
            return;
        }
        Scanout = null;
        _isNew = false;
        foreach (Attachment a in _attachments)
        {
            a.Forget();
            a.Consumer.Disable();
            SettleUnlessReading(a);
        }
        _copy.Clear();
    }

    /// <inheritdoc cref="DisplayHub.Flush"/>
    public void Flush(Rect damage, ReadFence? fence, long at)
    {
        if (Scanout is null)
        {
            return;
        }
        LastFlush = new FlushMark(at, LastFlush.Count + 1);
        Tell(damage, fence);
    }

    /// <inheritdoc cref="DisplayHub.Commit"/>
    public void Commit()
    {
        if (_isNew)
        {
            Tell(Scanout!.Layout.Bounds, fence: null);
        }
    }

    /// <inheritdoc cref="DisplayHub.GuestGoesOn"/>
    public void GuestGoesOn() => CopyForReaders();

    /// <summary>A consumer gave its lease back: it looks at what changed meanwhile, and so does whoever waited for its buffer.</summary>
    public void Finished()
    {
        foreach (Attachment a in _attachments)
        {
            Serve(a);
        }
    }

    public void DefineCursor(CursorImage? image)
    {
        Cursor = image;
        foreach (Attachment a in _attachments)
        {
            a.Consumer.DefineCursor(image);
        }
    }

    public void MoveCursor(CursorPosition position)
    {
        CursorPosition = position;
        foreach (Attachment a in _attachments)
        {
            a.Consumer.MoveCursor(position);
        }
    }

    public void Attach(IDisplayConsumer consumer)
    {
        var attachment = new Attachment(this, consumer);
        _attachments = [.. _attachments, attachment];
        if (Cursor is not null)
        {
            consumer.DefineCursor(Cursor);
            consumer.MoveCursor(CursorPosition);
        }
        if (Scanout is null)
        {
            consumer.Disable();
        }
        else if (!_isNew)
        {
            ShowWhole(attachment);
        }
    }

    public void Detach(IDisplayConsumer consumer)
    {
        if (Find(consumer) is { } gone)
        {
            _attachments = Array.FindAll(_attachments, a => !ReferenceEquals(a, gone));
            gone.End();
            Finished();
            LetGoOfUnusedCopy();
        }
    }

    /// <inheritdoc cref="DisplayHub.ShowAgain"/>
    public void ShowAgain(IDisplayConsumer consumer)
    {
        if (Find(consumer) is { } attachment)
        {
            attachment.StartOver();
            if (Scanout is not null && !_isNew)
            {
                ShowWhole(attachment);
            }
        }
    }

    public void Dispose() => _copy.Dispose();

    /// <summary>Notes what changed for every consumer, and shows it to those that are not busy.</summary>
    private void Tell(Rect damage, ReadFence? fence)
    {
        if (_attachments.Length == 0)
        {
            // A new consumer is shown the whole picture.
            _isNew = false;
            _export = null;
            return;
        }
        Rect bounds = Scanout!.Layout.Bounds;
        damage = damage.Intersect(bounds);
        if (!_isNew && damage.IsEmpty)
        {
            return;
        }
        bool wasNew = _isNew;
        _isNew = false;
        if (!wasNew)
        {
            exporter.Heal(number, Scanout);
        }
        if (wasNew || (_export is not null && !ReferenceEquals(_export, Scanout.Export)))
        {
            damage = bounds;
        }
        _copy.Damage(damage);
        bool isAwaited = true;
        foreach (Attachment a in _attachments)
        {
            a.Pending = wasNew ? bounds : a.Pending.Union(damage);
            a.ChoosePath(number, Scanout, exporter);
            if (fence is not null && a.HoldsPages)
            {
                a.Owe(fence);
            }
            else
            {
                isAwaited &= !a.ReadsCopy;
            }
            Serve(a);
        }
        if (fence is not null)
        {
            ReleaseWhereCopied();
            if (!isAwaited)
            {
                CopyForReaders();
            }
        }
        _export = Scanout.Export;
        if (wasNew)
        {
            LetGoOfUnusedCopy();
        }
    }

    /// <summary>Where another consumer has had the change copied, those that read an older copy do not need the guest's pages any more.</summary>
    private void ReleaseWhereCopied()
    {
        if (!_copy.HasAll)
        {
            return;
        }
        foreach (Attachment a in _attachments)
        {
            if (a.ReadsCopy)
            {
                a.Settle();
            }
        }
    }

    /// <summary>Copies what those who still read an older copy are to see next: when they have finished, the guest may be drawing over it.</summary>
    private void CopyForReaders()
    {
        if (Scanout is not null && !_isNew && Array.Exists(_attachments, static a => a.ReadsCopy && !a.Pending.IsEmpty)
            && _copy.Update(Scanout, Budget, out _) is { } copy)
        {
            NoteChange(copy);
        }
    }

    private void ShowWhole(Attachment a)
    {
        a.Pending = Scanout!.Layout.Bounds;
        a.ChoosePath(number, Scanout, exporter);
        _export ??= Scanout.Export;
        Serve(a);
    }

    /// <summary>Shows a consumer that is not busy what it has not seen.</summary>
    private void Serve(Attachment a)
    {
        if (a.IsReading)
        {
            return;
        }
        // A picture that was set but not flushed yet is told with its flush.
        if (!a.Pending.IsEmpty && Scanout is not null && !_isNew)
        {
            Show(a, Scanout);
        }
        SettleUnlessReading(a);
    }

    /// <summary>Gives a consumer the picture in the form that was chosen for it.</summary>
    private void Show(Attachment a, Scanout scanout)
    {
        a.ChoosePath(number, scanout, exporter);
        if (a.Choice!.Path == FramePath.Udmabuf)
        {
            a.Present(scanout, scanout.Export!.Frame!, LastFlush);
            return;
        }
        if (a.Choice.Path == FramePath.Copy && scanout.Host is { } host && (SmallPages.IsAtPage(scanout.Layout.Offset) || a.Forms.Has(PictureForms.BufferAnywhere)))
        {
            a.Present(scanout, host, scanout.Layout, copy: null, LastFlush);
            return;
        }
        if (_copy.Update(scanout, Budget, out PathObstacle? obstacle) is { } copy)
        {
            NoteChange(copy);
            a.Obstacle = null;
            a.Present(scanout, copy.Pixels, copy.Layout, copy, LastFlush);
        }
        else if (obstacle is null)
        {
            a.WaitForCopy();
        }
        else
        {
            a.Obstacle = obstacle;
            exporter.TellUnseen(number, scanout, obstacle);
            if (a.TakeAway())
            {
                a.Consumer.Disable();
            }
        }
    }

    /// <summary>Notes what changed in a copy for everybody who has seen it as it was before.</summary>
    private void NoteChange(PictureCopy.Buffer copy)
    {
        foreach (Attachment a in _attachments)
        {
            a.NoteChange(copy.Pixels, _copy.Changed);
        }
    }

    private static void SettleUnlessReading(Attachment a)
    {
        if (!a.ReadsPages)
        {
            a.Settle();
        }
    }

    private void LetGoOfUnusedCopy()
    {
        if (!Array.Exists(_attachments, static a => a.UsesCopy))
        {
            _copy.Clear();
        }
    }

    private Attachment? Find(IDisplayConsumer consumer)
    {
        foreach (Attachment a in _attachments)
        {
            if (ReferenceEquals(a.Consumer, consumer))
            {
                return a;
            }
        }
        return null;
    }
}
