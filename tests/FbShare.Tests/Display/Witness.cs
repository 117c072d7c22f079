using System.Runtime.InteropServices;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Rig.Driver;
using Xunit;

namespace FbShare.Tests.Display;

/// <summary>A guest that fills a whole picture with one colour after the other, and a viewer on a thread of its own that reads each: for what others do to them.</summary>
internal sealed class Witness : IDisplayView, IDisposable
{
    public const int Width = 320, Height = 200;

    private const int Size = Width * Height * DrmFormats.BytesPerPixel;

    /// <summary>Where in the guest's free memory the pixel lies that is looked at.</summary>
    public const int LastPixel = Size - DrmFormats.BytesPerPixel;

    /// <summary>A number that the driver's owner does not use.</summary>
    private const uint Resource = 0x77;

    /// <summary>What is waited for comes at once; a machine that is busy with other tests takes its time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly QueueDriver _driver;
    private readonly EventLoop _loop = new();
    private readonly Thread _thread;
    private readonly SemaphoreSlim _told = new(0);
    private readonly byte[] _row = new byte[Width * DrmFormats.BytesPerPixel];
    private DisplayClient? _client;
    private uint _drawn;
    private uint _seen;

    /// <param name="driver">Of a device that runs; stays the caller's.</param>
    /// <param name="display">Where the viewer connects.</param>
    /// <param name="takesPages">The viewer asks for the guest's own pages.</param>
    public Witness(QueueDriver driver, DisplayAddress display, bool takesPages)
    {
        _driver = driver;
        Do(Commands.CreateBlob(Resource, Size, [(QueueDriver.FreeMemory, Size)]));
        Do(Commands.SetScanoutBlob(0, Resource, 2, Width, Height, Width * DrmFormats.BytesPerPixel));
        _thread = new Thread(_loop.Run) { IsBackground = true, Name = "witness" };
        _loop.Post(() =>
        {
            _client = DisplayClient.Connect(_loop, display);
            _client.Consoles[0].Watch(this, takesPages);
        });
        _thread.Start();
        Draw();
    }

    /// <summary>All of the picture that was drawn last.</summary>
    public byte[] Drawn => [.. Enumerable.Repeat(BitConverter.GetBytes(_drawn), Width * Height).SelectMany(pixel => pixel)];

    /// <summary>How the picture came.</summary>
    public RemotePictureSource Source { get; private set; }

    /// <summary>Draws a picture, flushes it with a fence, and waits until the viewer has read it, as far as it says so.</summary>
    /// <returns>How long the guest waited for the fence.</returns>
    public TimeSpan Draw()
    {
        MemoryMarshal.Cast<byte, uint>(_driver.Ram.At(QueueDriver.FreeMemory, Size)).Fill(++_drawn);
        long before = EventLoop.Now;
        Do(Commands.Flush(Resource, 0, 0, Width, Height, fence: 1));
        long waited = EventLoop.Now - before;
        while (Volatile.Read(ref _seen) != _drawn)
        {
            Assert.True(_told.Wait(Patience), $"the viewer was shown {_seen} and not {_drawn}");
        }
        return TimeSpan.FromMicroseconds(waited / 1000);
    }

    /// <summary>Draws many pictures.</summary>
    /// <returns>How long the guest waited for each fence, the shortest first.</returns>
    public TimeSpan[] Draw(int times) => [.. Enumerable.Range(0, times).Select(_ => Draw()).Order()];

    public string? Show(RemotePicture picture)
    {
        Source = picture.Source;
        return null;
    }

    public bool Update(Rect damage)
    {
        _client!.Consoles[0].Picture!.CopyTo(new Rect(0, Height - 1, Width, 1), _row, _row.Length);
        Volatile.Write(ref _seen, BitConverter.ToUInt32(_row, _row.Length - DrmFormats.BytesPerPixel));
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
        _loop.Post(() =>
        {
            _client?.Dispose();
            _loop.Stop();
        });
        _thread.Join();
        _loop.Dispose();
        _told.Dispose();
    }

    private void Do(byte[] request) => Assert.Equal(Commands.Ok, Commands.TypeOf(_driver.Request(request)));
}
