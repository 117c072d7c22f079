using System.IO.Compression;
using FbShare.Capture;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Testing.Screens;

namespace FbShare.Testing.Recording;

/// <summary>What a screen showed lately, in bounded memory: for the recording of the time before a failure.</summary>
/// <remarks>Keeps what changed, ten times a second at most, compressed by a thread of its own; while that is busy, changes add up. What is too
/// old is drawn into the picture that the rest begins with.</remarks>
public sealed class RecentFrames : IScreenObserver, IAsyncDisposable
{
    private const int FramesPerSecond = 10;
    private const long Interval = 1_000_000_000L / FramesPerSecond;

    private readonly Screen _screen;
    private readonly long _length;
    private readonly long _mostBytes;
    private readonly LoopTimer _timer;
    private readonly Lock _lock = new();
    private readonly LinkedList<Change> _changes = [];
    private FrameLayout? _layout;
    private Rect _damage;
    private byte[]? _base;
    private FrameLayout _baseLayout;
    private long _baseTime;
    private long _bytes;
    private Task _work = Task.CompletedTask;
    private bool _stopped;

    private RecentFrames(Screen screen, TimeSpan length, long mostBytes)
    {
        _screen = screen;
        _length = (long)length.TotalNanoseconds;
        _mostBytes = mostBytes;
        _timer = new LoopTimer(screen.Display.Loop, Take);
    }

    /// <summary>The ending of the smallest kind of video that can be made on this host: <c>.mkv</c> where there is ffmpeg, else <c>.y4m</c>.</summary>
    public static string BestEnding => FrameWriter.BestEnding;

    /// <summary>How many bytes the changes take at the moment, besides one whole picture.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Starts to keep what a screen shows.</summary>
    /// <param name="screen">Stays the caller's.</param>
    /// <param name="length">How far back, at most.</param>
    /// <param name="mostBytes">How much memory the changes may take; where that is too little, the time is shorter.</param>
    /// <exception cref="Display.Client.DisplayException">The display is gone.</exception>
    public static Task<RecentFrames> StartAsync(Screen screen, TimeSpan length, long mostBytes = 64L << 20) => screen.Display.OnLoopAsync(() =>
    {
        var recent = new RecentFrames(screen, length, mostBytes);
        screen.Add(recent);
        return recent;
    });

    /// <summary>Writes what is kept to a file, and goes on.</summary>
    /// <returns>False: there is nothing.</returns>
    /// <exception cref="RecordingException">The file cannot be written.</exception>
    /// <exception cref="CaptureException">A picture of it cannot be written.</exception>
    public async Task<bool> SaveAsync(string file)
    {
        // The first time there may be work to wait for; the second time what has changed meanwhile is taken.
        for (int i = 0; i < 2; i++)
        {
            Task work = await _screen.Display.OnLoopAsync(() =>
            {
                Take();
                return _work;
            }).ConfigureAwait(false);
            await work.ConfigureAwait(false);
        }
        byte[]? pixels;
        FrameLayout layout;
        Change[] changes;
        long begin;
        lock (_lock)
        {
            (pixels, layout, begin) = ((byte[]?)_base?.Clone(), _baseLayout, _baseTime);
            changes = [.. _changes];
        }
        if (pixels is null)
        {
            return false;
        }
        long end = EventLoop.Now;
        begin = Math.Max(begin, end - _length);
        using FrameWriter writer = FrameWriter.Create(file, FramesPerSecond);
        for (int i = 0; i <= changes.Length; i++)
        {
            long from = Math.Max(i == 0 ? begin : changes[i - 1].Time, begin);
            long to = Math.Max(i < changes.Length ? changes[i].Time : end, begin);
            long first = (from - begin) / Interval;
            int times = (int)(((to - begin) / Interval) - first) + (i == changes.Length ? 1 : 0);
            if (times > 0)
            {
                writer.Write(layout, pixels, TimeSpan.FromTicks(first * Interval / TimeSpan.NanosecondsPerTick), times);
            }
            if (i < changes.Length)
            {
                changes[i].ApplyTo(ref pixels, ref layout);
            }
        }
        writer.Finish();
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task stop = _screen.Display.OnLoopAsync(() =>
        {
            _screen.Remove(this);
            _stopped = true;
            _timer.Dispose();
            return true;
        });
        await stop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    void IScreenObserver.Frame(in ScreenFrame frame)
    {
        _damage = _damage.Union(frame.Damage);
        if (_layout is null)
        {
            Take();
        }
        else if (_timer.DueAt is null)
        {
            _timer.SetAfter(TimeSpan.FromTicks(Interval / TimeSpan.NanosecondsPerTick));
        }
    }

    void IScreenObserver.Off()
    {
    }

    void IScreenObserver.Lost(Exception why) => _stopped = true;

    /// <summary>Copies what changed since the last time. On the display's thread.</summary>
    private void Take()
    {
        if (_stopped || _damage.IsEmpty || _screen.Shown is not { } shown)
        {
            return;
        }
        if (!_work.IsCompleted)
        {
            _timer.SetAfter(TimeSpan.FromTicks(Interval / TimeSpan.NanosecondsPerTick));
            return;
        }
        Rect area = _layout == shown.Layout ? _damage.Intersect(shown.Layout.Bounds) : shown.Layout.Bounds;
        _layout = shown.Layout;
        _damage = default;
        if (area.IsEmpty)
        {
            return;
        }
        Picture part = shown.Crop(area);
        (FrameLayout whole, long now) = (shown.Layout, EventLoop.Now);
        _work = Task.Run(() => Keep(part, area, whole, now));
    }

    private void Keep(Picture part, Rect area, FrameLayout whole, long now)
    {
        Change? change = _base is null ? null : Change.Of(part, area, whole, now);
        lock (_lock)
        {
            if (change is null)
            {
                (_base, _baseLayout, _baseTime) = (part.Pixels.ToArray(), part.Layout, now);
                return;
            }
            _changes.AddLast(change);
            _bytes += change.Bytes;
            while (_changes.First is { } oldest && (_bytes > _mostBytes || oldest.Value.Time < now - _length))
            {
                oldest.Value.ApplyTo(ref _base!, ref _baseLayout);
                _baseTime = oldest.Value.Time;
                _bytes -= oldest.Value.Bytes;
                _changes.RemoveFirst();
            }
        }
    }

    /// <summary>What became different at some time.</summary>
    private sealed class Change
    {
        private readonly byte[] _packed;
        private readonly Rect _area;
        private readonly FrameLayout _whole;

        private Change(byte[] packed, Rect area, FrameLayout whole, long time)
        {
            _packed = packed;
            _area = area;
            _whole = whole;
            Time = time;
        }

        public long Time { get; }

        public long Bytes => _packed.Length;

        public static Change Of(Picture part, Rect area, FrameLayout whole, long time)
        {
            var packed = new MemoryStream();
            using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest))
            {
                deflate.Write(part.Pixels);
            }
            return new Change(packed.ToArray(), area, whole, time);
        }

        /// <summary>Makes the picture before this change into the one after it.</summary>
        public void ApplyTo(ref byte[] pixels, ref FrameLayout layout)
        {
            if (layout != _whole)
            {
                (pixels, layout) = (new byte[_whole.End], _whole);
            }
            using var inflate = new DeflateStream(new MemoryStream(_packed), CompressionMode.Decompress);
            for (int y = _area.Y; y < _area.Bottom; y++)
            {
                inflate.ReadExactly(pixels, (int)_whole.OffsetOf(_area.X, y), _area.Width * DrmFormats.BytesPerPixel);
            }
        }
    }
}
