using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Display;

/// <summary>Between one source of scanouts and its consumers: keeps what each output shows, chooses the path to each consumer,
/// copies what must be copied once for all of them, and tells the source when all have finished reading its pages.</summary>
/// <remarks>Only a consumer of the guest's own pages holds the guest up. One that reads the copy never does: while it is busy the
/// copy is left alone, and is brought up to date when it can look again, so that a slow one costs few copies and no time.
/// Lives on the source's loop; nothing here is for other threads.</remarks>
public sealed class DisplayHub : IDisposable
{
    private readonly Output[] _outputs;
    private readonly DmaBufExporter _exporter;

    /// <param name="outputCount">1 to 16.</param>
    /// <param name="exporter">Makes dma-bufs and chooses paths; disposed with this.</param>
    public DisplayHub(int outputCount, DmaBufExporter? exporter = null)
    {
        _exporter = exporter ?? new DmaBufExporter(PathRequest.Default, static _ => { });
        _outputs = new Output[outputCount];
        for (int i = 0; i < outputCount; i++)
        {
            _outputs[i] = new Output(i);
        }
    }

    /// <summary>The source to tell of consumption and sizes; set once while wiring.</summary>
    public IScanoutSource? Source { get; set; }

    public int OutputCount => _outputs.Length;

    /// <summary>Bytes gathered out of guest memory so far.</summary>
    public long BytesCopied { get; private set; }

    /// <summary>What the output shows; null while it shows nothing.</summary>
    public Scanout? GetScanout(int output) => _outputs[output].Scanout;

    /// <summary>What every output shows, by its number; null where it shows nothing.</summary>
    public Scanout?[] GetScanouts() => [.. _outputs.Select(o => o.Scanout)];

    /// <summary>Whether anybody looks at the output.</summary>
    public bool IsWatched(int output) => _outputs[output].Attachments.Length > 0;

    /// <summary>Whether some output shows just this scanout.</summary>
    public bool Shows(Scanout scanout) => Array.Exists(_outputs, o => ReferenceEquals(o.Scanout, scanout));

    /// <summary>The path of the output's picture to the consumer that has the best one; null while nobody looks or nothing shows.</summary>
    public PathChoice? GetPath(int output) => _outputs[output].Path;

    /// <summary>The source's last <see cref="Flush"/> of the output; zeros before there was one.</summary>
    public FlushMark GetLastFlush(int output) => _outputs[output].LastFlush;

    /// <summary>The pointer's picture; null while hidden.</summary>
    public CursorImage? GetCursor(int output) => _outputs[output].Cursor;

    public CursorPosition GetCursorPosition(int output) => _outputs[output].CursorPosition;

    /// <summary>The output shows another picture from now on; null: none. Consumers are told at the next <see cref="Flush"/> or
    /// <see cref="Commit"/>, whichever is first, so that a flip is one event to them.</summary>
    public void SetScanout(int output, Scanout? scanout)
    {
        Output o = _outputs[output];
        if (scanout is null && o.Scanout is not null)
        {
            o.Scanout = null;
            o.ShowPending = false;
            o.DisableAll();
        }
        else if (scanout is not null)
        {
            // The same buffer again needs no telling while nothing came between.
            o.ShowPending |= !ReferenceEquals(scanout, o.Scanout);
            o.Scanout = scanout;
        }
    }

    /// <summary>The picture changed inside <paramref name="damage"/>; consumers are told.</summary>
    /// <returns>True if some consumer is still reading the source's own pages: <see cref="IScanoutSource.FrameConsumed"/> follows.</returns>
    public bool Flush(int output, Rect damage)
    {
        Output o = _outputs[output];
        if (o.Scanout is null)
        {
            return false;
        }
        o.LastFlush = new FlushMark(EventLoop.Now, o.LastFlush.Count + 1);
        if (o.ShowPending)
        {
            Show(o);
        }
        else
        {
            Update(o, damage.Intersect(o.Scanout.Layout.Bounds));
        }
        return o.HoldsSource;
    }

    /// <summary>The source has nothing more to say for now: a picture set but not flushed is shown after all.</summary>
    public void Commit()
    {
        foreach (Output o in _outputs)
        {
            if (o.ShowPending)
            {
                Show(o);
            }
        }
    }

    public void DefineCursor(int output, CursorImage? image)
    {
        Output o = _outputs[output];
        o.Cursor = image;
        foreach (Attachment a in o.Attachments)
        {
            a.Consumer.DefineCursor(image);
        }
    }

    public void MoveCursor(int output, CursorPosition position)
    {
        Output o = _outputs[output];
        o.CursorPosition = position;
        foreach (Attachment a in o.Attachments)
        {
            a.Consumer.MoveCursor(position);
        }
    }

    /// <summary>Adds a consumer, which is shown the output's present state at once.</summary>
    public void Attach(int output, IDisplayConsumer consumer)
    {
        Output o = _outputs[output];
        var attachment = new Attachment(consumer);
        o.Attachments = [.. o.Attachments, attachment];
        if (o.Cursor is not null)
        {
            consumer.DefineCursor(o.Cursor);
            consumer.MoveCursor(o.CursorPosition);
        }
        if (o.Scanout is null)
        {
            consumer.Disable();
        }
        else if (!o.ShowPending)
        {
            ShowTo(o, attachment);
        }
    }

    /// <summary>Takes a consumer away; whoever waited for it does so no longer.</summary>
    public void Detach(int output, IDisplayConsumer consumer)
    {
        Output o = _outputs[output];
        bool wasHeld = o.HoldsSource;
        o.Attachments = Array.FindAll(o.Attachments, a => !ReferenceEquals(a.Consumer, consumer));
        o.ForgetUnusedCopy();
        TellIfConsumed(o, wasHeld);
    }

    /// <summary>The consumer has finished reading what <see cref="IDisplayConsumer.Update"/> told it of.</summary>
    public void Done(int output, IDisplayConsumer consumer)
    {
        Output o = _outputs[output];
        bool wasHeld = o.HoldsSource;
        foreach (Attachment a in o.Attachments)
        {
            if (ReferenceEquals(a.Consumer, consumer))
            {
                a.Reading = false;
            }
        }
        TellIfConsumed(o, wasHeld);
    }

    /// <summary>Brings the copy in <see cref="IDisplayConsumer.ShowBuffer"/>'s buffer up to date: for a consumer that was busy at an
    /// <see cref="IDisplayConsumer.Update"/> and is about to look at what it was told then.</summary>
    public void Refresh(int output) => Refresh(_outputs[output]);

    /// <summary>The consumer's <see cref="IDisplayConsumer.TakesDmaBuf"/> changed: it is shown the picture again, by its new path.</summary>
    public void PathChanged(int output, IDisplayConsumer consumer)
    {
        Output o = _outputs[output];
        bool wasHeld = o.HoldsSource;
        Attachment? attachment = Array.Find(o.Attachments, a => ReferenceEquals(a.Consumer, consumer));
        if (attachment is null || o.Scanout is null || o.ShowPending)
        {
            return;
        }
        attachment.Reading = false;
        ShowTo(o, attachment);
        TellIfConsumed(o, wasHeld);
    }

    public void Dispose()
    {
        foreach (Output o in _outputs)
        {
            o.Copy?.Dispose();
            o.Copy = null;
        }
        _exporter.Dispose();
    }

    private void TellIfConsumed(Output o, bool wasHeld)
    {
        if (wasHeld && !o.HoldsSource)
        {
            Source?.FrameConsumed(o.Index);
        }
    }

    private void Show(Output o)
    {
        o.ShowPending = false;
        o.Stale = o.Scanout!.Layout.Bounds;
        foreach (Attachment a in o.Attachments)
        {
            ShowTo(o, a);
        }
    }

    private void ShowTo(Output o, Attachment a)
    {
        Scanout scanout = o.Scanout!;
        PathChoice choice = _exporter.Choose(o.Index, scanout, a.Consumer.TakesDmaBuf);
        a.Path = choice;
        a.OnCopy = false;
        if (choice.Path == FramePath.Udmabuf)
        {
            a.Consumer.ShowDmaBuf(scanout, scanout.Export!.Frame!);
        }
        else if (choice.Path == FramePath.Copy && scanout.Host is not null)
        {
            a.Consumer.ShowBuffer(scanout, scanout.Host, scanout.Layout);
        }
        else
        {
            a.OnCopy = true;
            FrameLayout layout = o.EnsureCopy(scanout.Layout);
            if (!a.Reading)
            {
                Refresh(o);
            }
            a.Consumer.ShowBuffer(scanout, o.Copy!, layout);
        }
        a.Reading = a.Consumer.Update(scanout.Layout.Bounds);
    }

    private void Update(Output o, Rect damage)
    {
        if (damage.IsEmpty)
        {
            return;
        }
        if (_exporter.Heal(o.Index, o.Scanout!))
        {
            Show(o);
            return;
        }
        o.Stale = o.Stale.Union(damage);
        foreach (Attachment a in o.Attachments)
        {
            if (a.OnCopy && !a.Reading)
            {
                Refresh(o);
            }
            a.Reading |= a.Consumer.Update(damage);
        }
    }

    private void Refresh(Output o)
    {
        // A picture that was set but not flushed yet is the next one's business.
        if (!o.Stale.IsEmpty && !o.ShowPending && o.AnyOnCopy)
        {
            Gather(o, o.Stale);
            o.Stale = default;
        }
    }

    private void Gather(Output o, Rect damage)
    {
        FrameLayout from = o.Scanout!.Layout;
        FrameLayout to = o.CopyLayout;
        int rowBytes = damage.Width * DrmFormats.BytesPerPixel;
        Span<byte> destination = o.Copy!.From(to.OffsetOf(damage.X, damage.Y));
        if (o.Path!.Path == FramePath.Mmap)
        {
            o.Scanout.Export!.CopyTo(damage, destination, to.Stride);
        }
        else
        {
            o.Scanout.Guest!.CopyRows(from.OffsetOf(damage.X, damage.Y), from.Stride, rowBytes, damage.Height, destination, to.Stride);
        }
        BytesCopied += (long)rowBytes * damage.Height;
    }

    private sealed class Output(int index)
    {
        public int Index { get; } = index;

        public Scanout? Scanout { get; set; }

        public bool ShowPending { get; set; }

        public FlushMark LastFlush { get; set; }

        public CursorImage? Cursor { get; set; }

        public CursorPosition CursorPosition { get; set; }

        public FrameBuffer? Copy { get; set; }

        public FrameLayout CopyLayout { get; private set; }

        /// <summary>What of the picture the copy does not have yet.</summary>
        public Rect Stale { get; set; }

        /// <summary>Replaced, never changed, so that a consumer may come or go while they are told something.</summary>
        public Attachment[] Attachments { get; set; } = [];

        /// <summary>The best of the consumers' paths.</summary>
        public PathChoice? Path
        {
            get
            {
                PathChoice? best = null;
                foreach (Attachment a in Attachments)
                {
                    best = best is null || a.Path?.Path < best.Path ? a.Path : best;
                }
                return best;
            }
        }

        /// <summary>Whether somebody reads the source's own pages.</summary>
        public bool HoldsSource
        {
            get
            {
                foreach (Attachment a in Attachments)
                {
                    if (a is { Reading: true, Path.Path: FramePath.Udmabuf })
                    {
                        return true;
                    }
                }
                return false;
            }
        }

        public bool AnyOnCopy
        {
            get
            {
                foreach (Attachment a in Attachments)
                {
                    if (a.OnCopy)
                    {
                        return true;
                    }
                }
                return false;
            }
        }

        public void DisableAll()
        {
            foreach (Attachment a in Attachments)
            {
                a.Path = null;
                a.Reading = false;
                a.OnCopy = false;
                a.Consumer.Disable();
            }
        }

        /// <summary>Makes the copy's buffer fit the picture: packed rows in the picture's own format.</summary>
        public FrameLayout EnsureCopy(FrameLayout picture)
        {
            FrameLayout layout = FrameLayout.Packed(picture.Format, picture.Width, picture.Height);
            if (Copy is not null && layout == CopyLayout)
            {
                return layout;
            }
            Stale = layout.Bounds;
            if (Copy is null || Copy.Length < layout.End)
            {
                Copy?.Dispose();
                Copy = new FrameBuffer(layout.End);
            }
            CopyLayout = layout;
            return layout;
        }

        public void ForgetUnusedCopy()
        {
            if (!AnyOnCopy)
            {
                Copy?.Dispose();
                Copy = null;
            }
        }
    }

    private sealed class Attachment(IDisplayConsumer consumer)
    {
        public IDisplayConsumer Consumer { get; } = consumer;

        public PathChoice? Path { get; set; }

        public bool Reading { get; set; }

        public bool OnCopy { get; set; }
    }
}
