using FbShare.Display;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pci;
using FbShare.Pictures;
using FbShare.VirtioGpu;
using Microsoft.Extensions.Logging;

namespace FbShare.Bochs;

/// <summary>A Bochs display, on which firmware, boot loaders and guests without a virtio-gpu driver draw. The first output shows its picture
/// until a virtio-gpu driver shows one.</summary>
/// <remarks>The guest writes its memory without telling anybody. So while somebody watches, the memory is compared with a copy of how it was
/// last, about as often as a screen is refreshed. Who takes dma-bufs has the memory itself and is told what changed; others have the copy. This ends
/// when a driver shows its own pictures.</remarks>
internal sealed class BochsDisplay : IDisposable
{
    /// <summary>At 30 Hz, comparing takes about one per cent of a core.</summary>
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(33);

    private static readonly TimeSpan Unwatched = TimeSpan.FromMilliseconds(200);

    /// <summary>The largest size that a guest is told of.</summary>
    private static readonly (int Width, int Height) Largest = (1920, 1080);

    private readonly VirtioGpuDevice _device;
    private readonly ILogger _log;
    private readonly LoopTimer _timer;
    private readonly FrameBufferBar _memory;
    private readonly DispiRegisters _registers;
    private FrameLayout? _mode;
    private FrameBuffer? _shown;
    private Scanout? _picture;

    /// <param name="device">Shows the picture; stays the caller's.</param>
    public BochsDisplay(EventLoop loop, VirtioGpuDevice device, ILogger log)
    {
        _device = device;
        _log = log;
        _memory = new FrameBufferBar(device.Keeper);
        (int width, int height) = device.PreferredSize;
        bool fits = width <= Largest.Width && height <= Largest.Height;
        _registers = new DispiRegisters(FrameBufferBar.Bytes, fits ? (width, height) : Largest, Largest) { Written = Wake };
        _timer = new LoopTimer(loop, Tick);
        device.BootPictureWanted = () => Look(watched: true);
    }

    public PciBar FrameBuffer => _memory;

    public PciBar Registers => _registers;

    /// <summary>Returns to the state at power-on: off.</summary>
    public void Reset()
    {
        _registers.Reset();
        Show(null);
        _timer.Cancel();
    }

    public void Save(ref StateWriter writer) => _registers.Save(ref writer);

    public void Resume(ref StateReader reader)
    {
        _registers.Resume(ref reader);
        Wake();
    }

    /// <summary>Looks at the display soon, because it may have to be shown now.</summary>
    public void Wake()
    {
        if (_timer.DueAt is null)
        {
            _timer.SetAfter(Refresh);
        }
    }

    public void Dispose()
    {
        _device.BootPictureWanted = null;
        Show(null);
        _timer.Dispose();
        _memory.Dispose();
    }

    private void Tick() => Look(_device.IsBootPictureWatched);

    private void Look(bool watched)
    {
        if (!_device.ShowsBootPicture)
        {
            return;
        }
        // While a guest sets a mode register by register, or has switched the display off, its last picture stays.
        if (_registers.TryGetMode(out FrameLayout mode) && mode != _mode)
        {
            _log.ModeSet(mode);
            Show(mode);
        }
        if (_picture is null)
        {
            return;
        }
        if (watched)
        {
            Rect damage = Compare();
            if (!damage.IsEmpty)
            {
                _device.FlushBootPicture(damage);
            }
        }
        _timer.SetAfter(watched ? Refresh : Unwatched);
    }

    private void Show(FrameLayout? mode)
    {
        FrameBuffer? before = _shown;
        Scanout? pictureBefore = _picture;
        _mode = mode;
        (_shown, _picture) = (null, null);
        if (mode is { } layout)
        {
            _shown = new FrameBuffer(layout.End);
            _picture = Scanout.OfBoot(layout, _memory.Pages, _shown);
            Compare();
        }
        _device.SetBootPicture(_picture);
        pictureBefore?.Dispose();
        before?.Dispose();
    }

    /// <summary>Copies the rows that have changed.</summary>
    /// <returns>From the first of them to the last; empty if none has changed.</returns>
    private Rect Compare()
    {
        FrameLayout layout = _mode!.Value;
        int first = -1, last = -1;
        for (int y = 0; y < layout.Height; y++)
        {
            ReadOnlySpan<byte> now = _memory.Slice(layout.OffsetOf(0, y), layout.RowBytes);
            Span<byte> shown = _shown!.Slice(layout.OffsetOf(0, y), layout.RowBytes);
            if (!now.SequenceEqual(shown))
            {
                now.CopyTo(shown);
                first = first < 0 ? y : first;
                last = y;
            }
        }
        return first < 0 ? default : new Rect(0, first, layout.Width, last - first + 1);
    }
}
