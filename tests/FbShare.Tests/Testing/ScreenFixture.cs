using System.Runtime.InteropServices;
using FbShare.Display;
using FbShare.Input;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Testing.Screens;
using FbShare.Tests.Display;
using FbShare.Tests.Memory;

namespace FbShare.Tests.Testing;

/// <summary>A display with one output that a test draws on, and the kit's screen of it, each on a thread of its own.</summary>
internal sealed class ScreenFixture : IDisposable
{
    private readonly DisplayFixture _fixture;
    private readonly Thread _thread;
    private GuestDisplay? _display;

    /// <param name="input">Takes keys and the pointer; null: the display leads to none.</param>
    public ScreenFixture(IInputSink? input = null)
    {
        _fixture = new DisplayFixture(input: input);
        _thread = new Thread(_fixture.Loop.Run) { IsBackground = true };
        _thread.Start();
    }

    public string Address => _fixture.Address.ToString();

    public GuestDisplay Display => _display ??= GuestDisplay.Connect(_fixture.Address);

    public Screen Screen => Display.Screen();

    /// <summary>Shows another picture.</summary>
    public Surface Show(int width, int height, DrmFormat format = DrmFormat.XR24)
    {
        Scanout scanout = OnLoop(() =>
        {
            Scanout made = _fixture.HostPicture(format, width, height, width * 4, 0, _ => 0);
            _fixture.Hub.SetScanout(0, made);
            _fixture.Hub.Commit();
            return made;
        });
        return new Surface(this, scanout, width);
    }

    /// <summary>Shows a picture in guest pages that are shared by a stand-in for a dma-buf.</summary>
    public SharedSurface ShowShared(int width, int height) => OnLoop(() =>
    {
        TestPages pages = _fixture.Own(new TestPages(1 << 20));
        MemoryMapping guest = _fixture.Own(MemoryMapping.Map(pages.File, 0, 1 << 20, writable: true));
        _fixture.Hub.SetScanout(0, _fixture.DmaBufPicture(pages, 0, width, height, bands: 1));
        _fixture.Hub.Commit();
        return new SharedSurface(this, guest, new Rect(0, 0, width, height));
    });

    /// <summary>Waits until somebody watches.</summary>
    public void AwaitViewer()
    {
        while (!OnLoop(() => _fixture.Hub.IsWatched(0)))
        {
            // The other process is starting.
        }
    }

    public void TurnOff() => OnLoop(() =>
    {
        _fixture.Hub.SetScanout(0, null);
        _fixture.Hub.Commit();
        return true;
    });

    public void StopDisplay() => OnLoop(() =>
    {
        _fixture.Server.Dispose();
        return true;
    });

    public T OnLoop<T>(Func<T> function) => _fixture.Loop.Call(function);

    public void Dispose()
    {
        _display?.Dispose();
        _fixture.Loop.Stop();
        _thread.Join();
        _fixture.Dispose();
    }

    /// <summary>Guest pages that a test draws into.</summary>
    internal sealed class SharedSurface(ScreenFixture fixture, MemoryMapping guest, Rect bounds)
    {
        /// <summary>Fills the picture with the bytes of one pixel, and flushes it.</summary>
        /// <param name="before">How long ago the guest is said to have flushed: after 35 ms a device may not hold the guest any more.</param>
        public void Fill(uint pixel, TimeSpan before) => fixture.OnLoop(() =>
        {
            MemoryMarshal.Cast<byte, uint>(guest.Slice(0, bounds.Width * bounds.Height * 4)).Fill(pixel);
            fixture._fixture.Hub.Flush(0, bounds, at: EventLoop.Now - (long)before.TotalNanoseconds);
            return true;
        });
    }

    /// <summary>A picture that a test draws into.</summary>
    internal sealed class Surface(ScreenFixture fixture, Scanout scanout, int width)
    {
        /// <summary>Fills an area with the bytes of one pixel, and flushes it.</summary>
        public void Fill(Rect area, uint pixel)
        {
            Draw(area, pixel);
            Flush(area);
        }

        /// <summary>Tells those who watch.</summary>
        public void Flush(Rect area) => fixture.OnLoop(() =>
        {
            fixture._fixture.Flush(0, area);
            return true;
        });

        /// <summary>Fills an area, and tells nobody.</summary>
        public void Draw(Rect area, uint pixel) => fixture.OnLoop(() =>
        {
            for (int y = area.Y; y < area.Bottom; y++)
            {
                Span<byte> row = scanout.Host!.Slice(((y * width) + area.X) * 4, area.Width * 4);
                MemoryMarshal.Cast<byte, uint>(row).Fill(pixel);
            }
            return true;
        });
    }
}
