using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Display;

/// <summary>An output's picture copied out of guest memory once, for all consumers that cannot have the guest's own pages.</summary>
/// <remarks>A buffer that somebody reads is never written. So there is one buffer while its readers have finished before the next
/// change, and another only while one of them is slower than the rest. What a buffer lacks is known for each, so only damage is
/// copied.</remarks>
internal sealed class PictureCopy : IDisposable
{
    /// <summary>The most buffers: while all of them are being read, a consumer waits until one is free.</summary>
    private const int MostBuffers = 3;

    /// <summary>After this many changes for which one buffer was enough, the other buffers are freed.</summary>
    private const int Patience = 300;

    /// <summary>After so many changes in which comparing found nothing to leave out, it is tried again.</summary>
    private const int MostUncompared = 32;

    private readonly List<Buffer> _buffers = [];
    private readonly ChangedArea _found = new();
    private int _idle;
    private int _uncompared;
    private int _uncomparedLeft;

    /// <summary>What the last <see cref="Update"/> changed in its buffer: what was damaged may look the same.</summary>
    public Region Changed { get; } = new();

    /// <summary>Bytes gathered so far.</summary>
    public long BytesCopied { get; private set; }

    /// <summary>Whether a buffer has the picture as it is now.</summary>
    public bool HasAll
    {
        get
        {
            foreach (Buffer buffer in _buffers)
            {
                if (buffer.Missing.IsEmpty)
                {
                    return true;
                }
            }
            return false;
        }
    }

    /// <summary>The picture changed inside <paramref name="damage"/>; nothing is copied until somebody looks.</summary>
    public void Damage(Rect damage)
    {
        foreach (Buffer buffer in _buffers)
        {
            buffer.Missing = buffer.Missing.Union(damage);
        }
    }

    /// <summary>Brings a buffer that nobody reads up to date, unless one is already.</summary>
    /// <param name="budget">What a new buffer is charged to; null: nobody counts.</param>
    /// <param name="obstacle">Why there can be no copy; null with null returned: every buffer is being read, so ask again later.</param>
    public Buffer? Update(Scanout scanout, HostBudget? budget, out PathObstacle? obstacle)
    {
        obstacle = null;
        Changed.Clear();
        FrameLayout layout = FrameLayout.Packed(scanout.Layout.Format, scanout.Layout.Width, scanout.Layout.Height);
        if (Choose(layout) is not { } buffer)
        {
            if (_buffers.Count == MostBuffers)
            {
                return null;
            }
            if (Make(layout, budget, out obstacle) is not { } made)
            {
                // A buffer that others read now will be usable in a moment.
                obstacle = _buffers.Count > 0 ? null : obstacle;
                return null;
            }
            buffer = made;
        }
        if (buffer.Layout != layout)
        {
            (buffer.Layout, buffer.Missing, buffer.IsFilled) = (layout, layout.Bounds, false);
        }
        if (!buffer.Missing.IsEmpty)
        {
            Fill(buffer, scanout);
            LetGoOfSpares(buffer);
        }
        return buffer;
    }

    /// <summary>Frees all buffers; whoever still reads one goes on in its own mapping.</summary>
    public void Clear()
    {
        foreach (Buffer buffer in _buffers)
        {
            buffer.Dispose();
        }
        _buffers.Clear();
    }

    public void Dispose() => Clear();

    /// <summary>The buffer that has the whole picture, or else, of those that nobody reads, the one that needs the fewest pixels. Buffers that
    /// cannot hold the picture are freed.</summary>
    private Buffer? Choose(FrameLayout layout)
    {
        Buffer? best = null;
        for (int i = _buffers.Count - 1; i >= 0; i--)
        {
            Buffer buffer = _buffers[i];
            if (buffer.Layout == layout && buffer.Missing.IsEmpty)
            {
                return buffer;
            }
            if (buffer.IsRead)
            {
                continue;
            }
            if (buffer.Pixels.Length < layout.End || buffer.Pixels.Length / 2 > layout.End)
            {
                buffer.Dispose();
                _buffers.RemoveAt(i);
            }
            else if (best is null || buffer.Lacks(layout) <= best.Lacks(layout))
            {
                best = buffer;
            }
        }
        return best;
    }

    private Buffer? Make(FrameLayout layout, HostBudget? budget, out PathObstacle? obstacle)
    {
        obstacle = null;
        if (budget?.HasRoomFor(layout.End) == false)
        {
            obstacle = new PathObstacle(
                $"a copy of {layout.Width}x{layout.Height} would take the guest over its limit of {budget.Limit >> 20} MiB of host memory",
                "show a smaller picture in the guest, or make /dev/udmabuf usable, which needs no copy");
            return null;
        }
        try
        {
            var buffer = new Buffer(layout, budget);
            _buffers.Add(buffer);
            return buffer;
        }
        catch (LinuxException e)
        {
            obstacle = new PathObstacle($"there is no memory for a copy of {layout.Width}x{layout.Height} ({e.Message})", "free memory on the host, or raise this process's limits");
            return null;
        }
    }

    /// <summary>Copies what a buffer does not have, and notes what it had otherwise before.</summary>
    private void Fill(Buffer buffer, Scanout scanout)
    {
        FrameLayout from = scanout.Layout;
        Rect area = buffer.Missing.Intersect(from.Bounds);
        buffer.Missing = default;
        if (area.IsEmpty)
        {
            return;
        }
        int stride = buffer.Layout.Stride;
        int rowBytes = area.Width * DrmFormats.BytesPerPixel;
        long at = buffer.Layout.OffsetOf(area.X, area.Y);
        Span<byte> destination = buffer.Pixels.From(at);
        bool isCompared = false;
        if (scanout.Export is { IsMapped: true } export && export.TryCopyTo(area, destination, stride))
        {
            // The dma-bufs were mapped because the user wants them read this way.
        }
        else if (scanout.Guest is { } pages)
        {
            isCompared = buffer.IsFilled && IsComparing();
            if (isCompared)
            {
                _found.Start(stride);
                pages.UpdateRows(from.OffsetOf(area.X, area.Y), from.Stride, rowBytes, area.Height, destination, stride, at, _found);
                _found.AddTo(Changed, area);
                Learn(area);
            }
            else
            {
                pages.CopyRows(from.OffsetOf(area.X, area.Y), from.Stride, rowBytes, area.Height, destination, stride);
            }
        }
        else
        {
            for (int row = 0; row < area.Height; row++)
            {
                scanout.Host!.Slice(from.OffsetOf(area.X, area.Y + row), rowBytes).CopyTo(destination[(row * stride)..]);
            }
        }
        if (!isCompared)
        {
            Changed.Add(area);
        }
        buffer.IsFilled = true;
        BytesCopied += (long)rowBytes * area.Height;
    }

    /// <summary>Whether this change is compared with what is there.</summary>
    private bool IsComparing()
    {
        if (_uncomparedLeft == 0)
        {
            return true;
        }
        _uncomparedLeft--;
        return false;
    }

    /// <summary>While nearly all that is damaged has really changed, as in a film, comparing is left out for longer and longer.</summary>
    private void Learn(Rect damaged)
    {
        long changed = 0;
        foreach (Rect part in Changed.Rects)
        {
            changed += (long)part.Width * part.Height;
        }
        bool isForNothing = changed * 4 > (long)damaged.Width * damaged.Height * 3;
        _uncompared = isForNothing ? Math.Clamp(_uncompared * 2, 1, MostUncompared) : 0;
        _uncomparedLeft = _uncompared;
    }

    private void LetGoOfSpares(Buffer used)
    {
        bool isEnough = _buffers.Count > 1 && !_buffers.Exists(static b => b.IsRead);
        _idle = isEnough ? _idle + 1 : 0;
        if (_idle < Patience)
        {
            return;
        }
        for (int i = _buffers.Count - 1; i >= 0; i--)
        {
            if (!ReferenceEquals(_buffers[i], used))
            {
                _buffers[i].Dispose();
                _buffers.RemoveAt(i);
            }
        }
    }

    /// <summary>One copy, with whoever reads it and what it does not have yet.</summary>
    internal sealed class Buffer : IDisposable
    {
        private readonly HostBudget? _budget;
        private int _readers;

        /// <exception cref="LinuxException">No memory or no descriptor.</exception>
        public Buffer(FrameLayout layout, HostBudget? budget)
        {
            Pixels = new FrameBuffer(layout.End);
            Layout = layout;
            Missing = layout.Bounds;
            _budget = budget;
            budget?.Take(Pixels.Length);
        }

        public FrameBuffer Pixels { get; }

        public FrameLayout Layout { get; set; }

        /// <summary>What of the output's picture is not in it yet.</summary>
        public Rect Missing { get; set; }

        /// <summary>Whether the whole picture, of some time, is in it.</summary>
        public bool IsFilled { get; set; }

        public bool IsRead => _readers > 0;

        public void Acquire() => _readers++;

        public void Release() => _readers--;

        /// <summary>How many pixels would have to be copied.</summary>
        public long Lacks(FrameLayout layout)
        {
            Rect missing = Layout == layout ? Missing : layout.Bounds;
            return (long)missing.Width * missing.Height;
        }

        public void Dispose()
        {
            _budget?.Return(Pixels.Length);
            Pixels.Dispose();
        }
    }
}
