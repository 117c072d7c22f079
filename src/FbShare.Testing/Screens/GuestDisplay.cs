using FbShare.Display.Client;
using FbShare.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FbShare.Testing.Screens;

/// <summary>A running display: a device of ours or a stock QEMU's, and the screens of its outputs.</summary>
/// <remarks>Has one thread of its own, which sleeps while nothing changes. May be used from any thread.</remarks>
public sealed class GuestDisplay : IDisposable, IAsyncDisposable
{
    private readonly Lock _lock = new();

    /// <summary>The outputs that somebody asked for.</summary>
    private readonly Dictionary<uint, Screen> _screens = [];

    /// <summary>The same, for the display's thread only.</summary>
    private readonly List<Screen> _watched = [];

    private readonly Lock _unansweredLock = new();
    private readonly HashSet<Action<Exception>> _unanswered = [];
    private readonly EventLoop _loop = new();
    private readonly Thread _thread;
    private readonly ILogger _log;
    private DisplayClient? _client;

    /// <summary>Why the thread has ended; null while it runs.</summary>
    private Exception? _end;
    private bool _disposed;

    private GuestDisplay(DisplayAddress address, ILogger log, TaskCompletionSource connected)
    {
        Address = address;
        _log = log;
        _thread = new Thread(() => Run(connected)) { IsBackground = true, Name = $"display {address}" };
        _thread.Start();
    }

    /// <summary>Where it is.</summary>
    public DisplayAddress Address { get; }

    /// <summary>The VM's name; empty if it has none.</summary>
    public string Name => _client!.Name;

    /// <summary>The numbers of the graphic outputs.</summary>
    public IReadOnlyList<uint> Outputs => [.. _client!.Consoles.Where(c => c.IsGraphic).Select(c => c.Id)];

    /// <summary>The loop that everything of this display runs on.</summary>
    internal EventLoop Loop => _loop;

    /// <summary>Connects to a display that is named as for <c>--display</c>: the name of a running one, unix:PATH, qmp:PATH, dbus:ADDRESS or libvirt:DOMAIN.</summary>
    /// <exception cref="ArgumentException">It is not such a name.</exception>
    /// <exception cref="DisplayException">Nobody is there, or it is no display.</exception>
    public static GuestDisplay Connect(string display) => DisplayAddress.TryParse(display, out DisplayAddress? address, out string? why)
        ? Connect(address)
        : throw new ArgumentException(why, nameof(display));

    /// <summary>Connects, which takes milliseconds, or up to ten seconds where a QEMU is busy.</summary>
    /// <exception cref="DisplayException">Nobody is there, or it is no display.</exception>
    public static GuestDisplay Connect(DisplayAddress address, ILogger? log = null)
    {
        var connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var display = new GuestDisplay(address, log ?? NullLogger.Instance, connected);
        try
        {
            connected.Task.GetAwaiter().GetResult();
            return display;
        }
        catch
        {
            display.Dispose();
            throw;
        }
    }

    /// <summary>The screen of an output; watched from the first time that it is asked for.</summary>
    /// <param name="output">Its number.</param>
    /// <param name="zeroCopy">Whether the guest's own pages may be read where the display can share them. Counts the first time.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such output.</exception>
    /// <exception cref="DisplayException">It cannot be watched, or the display is gone.</exception>
    public Screen Screen(uint output = 0, bool zeroCopy = true)
    {
        lock (_lock)
        {
            if (_screens.TryGetValue(output, out Screen? known))
            {
                return known;
            }
            RemoteConsole console = _client!.Consoles.FirstOrDefault(c => c.IsGraphic && c.Id == output)
                ?? throw new ArgumentOutOfRangeException(nameof(output), output, $"there is no output {output}: there {(Outputs.Count == 1 ? "is" : "are")} {string.Join(", ", Outputs)}");
            var screen = new Screen(this, console);
            OnLoopAsync(() =>
            {
                _watched.Add(screen);
                screen.Watch(zeroCopy);
                return true;
            }).GetAwaiter().GetResult();
            _screens.Add(output, screen);
            return screen;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }
            _disposed = true;
        }
        _loop.Stop();
        _thread.Join();
        foreach (IDisposable screen in _watched)
        {
            screen.Dispose();
        }
        _client?.Dispose();
        _loop.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs something on the display's thread, where consoles may be used.</summary>
    internal Task<T> OnLoopAsync<T>(Func<T> function)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Action<Exception> fail = why => done.TrySetException(why);
        lock (_unansweredLock)
        {
            if (_end is not null)
            {
                return Task.FromException<T>(_end);
            }
            _unanswered.Add(fail);
        }
        _loop.Post(() =>
        {
            try
            {
                done.TrySetResult(function());
            }
            catch (Exception e)
            {
                // Whoever asked is told.
                done.TrySetException(e);
            }
            lock (_unansweredLock)
            {
                _unanswered.Remove(fail);
            }
        });
        return done.Task;
    }

    /// <summary>Gives back something that lives on the display's thread, such as a timer; where the thread has ended, that ended with it.</summary>
    internal async Task TryOnLoopAsync(Action action)
    {
        try
        {
            await OnLoopAsync(() =>
            {
                action();
                return true;
            }).ConfigureAwait(false);
        }
        catch (Exception e) when (ReferenceEquals(e, _end))
        {
            // Its descriptors are closed when they are collected.
        }
    }

    private void Run(TaskCompletionSource connected)
    {
        Exception end = new ObjectDisposedException($"the display at {Address}");
        try
        {
            _client = DisplayClient.Connect(_loop, Address);
            _client.Log = _log;
            _client.Lost = loss => Lose(new DisplayException(loss.Reason, null, loss.Kind));
            connected.SetResult();
            _loop.Run();
        }
        catch (Exception e)
        {
            // An exception that nobody catches would end the whole process: it goes to whoever waits.
            end = e;
            connected.TrySetException(e);
        }
        Lose(end);
        Action<Exception>[] unanswered;
        lock (_unansweredLock)
        {
            _end = end;
            unanswered = [.. _unanswered];
        }
        Array.ForEach(unanswered, fail => fail(end));
    }

    /// <summary>Ends everything that waits for a picture of this display. Called on its thread.</summary>
    private void Lose(Exception why) => _watched.ForEach(screen => screen.Lose(why));
}
