using System.Collections.Concurrent;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Testing.Screens;

namespace FbShare.Testing.Recording;

/// <summary>A recording while it runs: frames are copied as they come and written by a thread of its own.</summary>
/// <remarks>Memory is bounded: a frame that finds no room is dropped and counted. The guest waits at most <see cref="RecordingOptions.Patience"/>
/// for a frame, which is less than it would wait for any reader.</remarks>
public sealed class ScreenRecorder : IScreenObserver, IAsyncDisposable
{
    private const int FewestSlots = 4;
    private const int MostSlots = 256;

    private readonly Screen _screen;
    private readonly FrameWriter _writer;
    private readonly RecordingOptions _options;
    private readonly LoopTimer _tick;
    private readonly long _begin = EventLoop.Now;
    private readonly BlockingCollection<Pending> _pending = [];
    private readonly ConcurrentBag<byte[]> _free = [];
    private readonly AutoResetEvent _written = new(false);
    private readonly TaskCompletionSource<RecordingSummary> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _frames;
    private long _dropped;
    private long _lastTime;
    private long? _firstTime;
    private long? _lastFlush;
    private long _endTime;
    private long _otherSizes;
    private int _inFlight;
    private int _width;
    private int _height;
    private bool _stopped;
    private volatile bool _failed;

    /// <summary>The last picture, for the writer's thread.</summary>
    private Pending? _held;

    private ScreenRecorder(Screen screen, FrameWriter writer, RecordingOptions options)
    {
        _screen = screen;
        _writer = writer;
        _options = options;
        _tick = new LoopTimer(screen.Display.Loop, OnTick);
    }

    /// <summary>Ends with the recording: after <see cref="StopAsync"/>, or by itself when the display is lost.</summary>
    /// <exception cref="RecordingException">It could not be written to its end; what is there can be used.</exception>
    public Task<RecordingSummary> Completion => _end.Task;

    /// <summary>Why the display was lost; null if it was not.</summary>
    public Exception? Loss { get; private set; }

    /// <summary>What it has so far. From any thread.</summary>
    public RecordingSummary Progress => new(
        Interlocked.Read(ref _frames), Interlocked.Read(ref _dropped), Interlocked.Read(ref _otherSizes),
        TimeSpan.FromTicks(Interlocked.Read(ref _lastTime) / TimeSpan.NanosecondsPerTick), Volatile.Read(ref _width), Volatile.Read(ref _height));

    /// <summary>Starts to record.</summary>
    /// <param name="file">.y4m, a pattern such as frames/%06d.png, or any kind that ffmpeg makes.</param>
    /// <exception cref="RecordingException">The file cannot be made.</exception>
    internal static async Task<ScreenRecorder> StartAsync(Screen screen, string file, RecordingOptions options)
    {
        if (options.FramesPerSecond is < 1 or > 240)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.FramesPerSecond, "a rate is from 1 to 240 frames a second");
        }
        FrameWriter writer = FrameWriter.Create(file, options.FramesPerSecond);
        try
        {
            return await screen.Display.OnLoopAsync(() =>
            {
                var recorder = new ScreenRecorder(screen, writer, options);
                new Thread(recorder.WriteAll) { IsBackground = true, Name = $"recording {Path.GetFileName(file)}" }.Start();
                screen.Add(recorder);
                return recorder;
            }).ConfigureAwait(false);
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Ends the recording and completes the file.</summary>
    /// <inheritdoc cref="Completion"/>
    public async Task<RecordingSummary> StopAsync()
    {
        await StopOnLoopAsync().ConfigureAwait(false);
        return await _end.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await ((Task)StopAsync()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task StopOnLoopAsync()
    {
        try
        {
            await _screen.Display.OnLoopAsync(() =>
            {
                _screen.Remove(this);
                Stop();
                return true;
            }).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ObjectDisposedException or DisplayException)
        {
            // The display's thread has ended, so that nothing else stops it.
            Stop();
        }
    }

    void IScreenObserver.Frame(in ScreenFrame frame)
    {
        FrameStamp stamp = frame.Stamp;
        if (_options.FramesPerSecond is { } rate)
        {
            if (_firstTime is null)
            {
                _firstTime = _begin;
                Offer(frame.Picture, 0);
            }
            else if (_tick.DueAt is null)
            {
                long interval = 1_000_000_000L / rate;
                _tick.SetAt(_begin + (((EventLoop.Now - _begin) / interval) + 1) * interval);
            }
            return;
        }
        if (!frame.IsCatchUp && stamp.Flush is { } flush)
        {
            // Flushes that came while the display was busy with the one before are told as one.
            Interlocked.Add(ref _dropped, _lastFlush is { } last ? Math.Max(flush - last - 1, 0) : 0);
            _lastFlush = flush;
        }
        _firstTime ??= stamp.At;
        Offer(frame.Picture, Math.Max(stamp.At - _firstTime.Value, 0));
    }

    void IScreenObserver.Off()
    {
    }

    void IScreenObserver.Lost(Exception why)
    {
        Loss = why;
        Stop();
    }

    private void OnTick()
    {
        if (!_stopped && _screen.Shown is { } picture)
        {
            long interval = 1_000_000_000L / _options.FramesPerSecond!.Value;
            long tick = (EventLoop.Now - _begin) / interval;
            Offer(picture, tick * interval);
        }
    }

    /// <summary>Copies a frame for the writer. On the display's thread.</summary>
    /// <param name="time">Since the first picture, in nanoseconds.</param>
    private void Offer(Picture picture, long time)
    {
        if (_stopped || _failed)
        {
            return;
        }
        int length = picture.Pixels.Length;
        long slots = Math.Clamp(_options.MostPending / length, FewestSlots, MostSlots);
        while (Volatile.Read(ref _inFlight) >= slots)
        {
            if (!_written.WaitOne(_options.Patience))
            {
                Interlocked.Increment(ref _dropped);
                return;
            }
        }
        if (!_free.TryTake(out byte[]? buffer) || buffer.Length < length)
        {
            buffer = GC.AllocateUninitializedArray<byte>(length);
        }
        picture.Pixels.CopyTo(buffer);
        Interlocked.Increment(ref _inFlight);
        _pending.Add(new Pending(buffer, picture.Layout, time));
    }

    private void Stop()
    {
        if (!_stopped)
        {
            _stopped = true;
            _endTime = EventLoop.Now - _begin;
            _tick.Dispose();
            _pending.CompleteAdding();
        }
    }

    /// <summary>The writer's thread.</summary>
    private void WriteAll()
    {
        try
        {
            using (_writer)
            {
                foreach (Pending next in _pending.GetConsumingEnumerable())
                {
                    Take(next);
                }
                if (_held is { } last)
                {
                    Write(last, Math.Max(last.Time, _endTime));
                }
                _writer.Finish();
            }
            _end.TrySetResult(Progress);
        }
        catch (Exception e)
        {
            // Whoever waits for the end is told.
            _failed = true;
            _ = StopOnLoopAsync();
            _end.TrySetException(e is IOException ? Describe(e) : e);
        }
    }

    private RecordingException Describe(Exception e)
    {
        RecordingSummary soFar = Progress;
        string kept = soFar.Frames == 0 ? "nothing was recorded"
            : $"the {soFar.Frames} frames before that, {soFar.Length.TotalSeconds:0.0} s, {(_writer.Unfinished is { } place ? $"are in {place}, and the older file is as it was" : "can be used")}";
        return new RecordingException($"{e.Message}; {kept}", e)
        {
            LacksProgram = e is CaptureException { LacksLibrary: true } or RecordingException { LacksProgram: true },
        };
    }

    /// <summary>With an even rate a picture is written when the next one says for how long it was there.</summary>
    private void Take(in Pending next)
    {
        if (_options.FramesPerSecond is null)
        {
            Write(next, next.Time);
            Free(next);
            return;
        }
        if (_held is { } held)
        {
            Write(held, next.Time - 1);
            Free(held);
        }
        _held = next;
    }

    private void Free(in Pending done)
    {
        _free.Add(done.Pixels);
        Interlocked.Decrement(ref _inFlight);
        _written.Set();
    }

    /// <param name="until">Until when it was shown, in nanoseconds since the first.</param>
    private void Write(in Pending frame, long until)
    {
        int times = _options.FramesPerSecond is { } rate ? (int)(((until - frame.Time) / (1_000_000_000L / rate)) + 1) : 1;
        _writer.Write(frame.Layout, frame.Pixels, TimeSpan.FromTicks(frame.Time / TimeSpan.NanosecondsPerTick), times);
        (int width, int height) = _writer.Size;
        Volatile.Write(ref _width, width);
        Volatile.Write(ref _height, height);
        Interlocked.Exchange(ref _otherSizes, _writer.OtherSizes);
        Interlocked.Add(ref _frames, times);
        Interlocked.Exchange(ref _lastTime, Math.Max(until, frame.Time));
    }

    /// <summary>A copy of a frame that is not written yet.</summary>
    /// <param name="Pixels">At least as long as the layout; from the pool.</param>
    /// <param name="Time">Since the first, in nanoseconds.</param>
    private readonly record struct Pending(byte[] Pixels, FrameLayout Layout, long Time);
}
