using System.Diagnostics;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Rig.Bench;

/// <summary>A display client on a thread of its own that answers every update immediately.</summary>
internal sealed class BenchViewer : IDisplayView, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly EventLoop _loop = new();
    private readonly Thread _thread;
    private readonly SemaphoreSlim _told = new(0);
    private DisplayClient? _client;
    private long _toldAt;

    /// <summary>Connects, and waits for the first picture.</summary>
    /// <param name="path">The display's socket.</param>
    public BenchViewer(string path, bool takeDmaBuf)
    {
        _thread = new Thread(_loop.Run) { IsBackground = true, Name = "viewer" };
        _loop.Post(() =>
        {
            _client = DisplayClient.Connect(_loop, new DisplayAddress(DisplayAddressKind.Unix, path));
            _client.Consoles[0].Watch(this, takeDmaBuf);
        });
        _thread.Start();
        WaitUntilTold();
    }

    /// <summary>Waits for the next update.</summary>
    /// <returns>When it came (<see cref="Stopwatch.GetTimestamp"/>).</returns>
    /// <exception cref="InvalidOperationException">None came.</exception>
    public long WaitUntilTold() =>
        _told.Wait(Patience) ? Volatile.Read(ref _toldAt) : throw new InvalidOperationException("the viewer got no update in time");

    public string? Show(RemotePicture picture) => null;

    public bool Update(Rect damage)
    {
        Volatile.Write(ref _toldAt, Stopwatch.GetTimestamp());
        _told.Release();
        return true;
    }

    public void Forget(RemotePicture picture)
    {
    }

    public void Disable()
    {
    }

    public void DefineCursor(CursorImage image)
    {
    }

    public void MoveCursor(CursorPosition position)
    {
    }

    public void Dispose()
    {
        // Stopped by a posted action, because a loop that is stopped from here would not run what was posted before.
        _loop.Post(() =>
        {
            _client?.Dispose();
            _loop.Stop();
        });
        _thread.Join();
        _loop.Dispose();
        _told.Dispose();
    }
}
