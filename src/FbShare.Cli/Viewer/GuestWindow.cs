using FbShare.Capture;
using FbShare.Cli.Hosting;
using FbShare.Display;
using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Linux;
using FbShare.Pictures;
using SkiaSharp;

namespace FbShare.Cli.Viewer;

/// <summary>A window that shows one output: takes its pictures, draws them when they change, and tells when they have been read.</summary>
/// <remarks>Outlives its console: without one it shows the last picture, greyed, and why.</remarks>
internal sealed partial class GuestWindow : IDisplayView, IDisposable
{
    /// <summary>A window's size before there is a picture.</summary>
    public const int DefaultWidth = 1280;

    /// <inheritdoc cref="DefaultWidth"/>
    public const int DefaultHeight = 800;

    private const long HudPeriod = 100_000_000;

    /// <summary>A dma-buf's reader that hangs longer than this is not waited for: the guest is not either.</summary>
    private static readonly TimeSpan ReadTime = TimeSpan.FromMilliseconds(40);

    private readonly ViewerGraphics _graphics;
    private readonly ImportCache? _imports;
    private readonly ViewSettings _settings;
    private readonly Log _log;
    private readonly LoopTimer _nextFrame;
    private readonly LoopTimer _resized;
    private readonly LoopTimer _hudRest;
    private readonly GuestKeyboard _keyboard = new();
    private readonly GuestPointer _pointer = new();
    private readonly FrameStages _stages = new();
    private readonly long _framePeriod;
    private RemoteConsole? _console;
    private RemotePicture? _source;
    private UploadTexture? _upload;
    private FrameLayout _uploadLayout;
    private Rect _damage;
    private long _flushedAt;
    private long _toldAt;
    private long _flushes;
    private bool _dirty = true;
    private bool _owesReply;
    private long _notBefore;
    private string _guestName = "";
    private string? _localReason;
    private string? _message;
    private Overlay? _messageOverlay;
    private UploadTexture? _grey;
    private UploadTexture? _tint;
    private Hud? _hud;
    private bool _showsDamage;
    private Rect _shownDamage;
    private (int Width, int Height) _drawnSize;
    private long _updates;
    private long _frames;

    public GuestWindow(EventLoop loop, SdlWindow window, ViewerGraphics graphics, ViewSettings settings, Log log)
    {
        Window = window;
        _graphics = graphics;
        _imports = graphics.CreateImports();
        _settings = settings;
        _log = log;
        _framePeriod = 1_000_000_000L / window.RefreshHz;
        // What a timer brings about is seen in the session's next round.
        _nextFrame = new LoopTimer(loop, () => { });
        _resized = new LoopTimer(loop, AskForSize);
        _hudRest = new LoopTimer(loop, () => _dirty = true);
        window.SetIcon(ViewerIcon.Pixels, ViewerIcon.Size, ViewerIcon.Size);
        if (settings.Hud)
        {
            ToggleHud();
        }
    }

    public SdlWindow Window { get; }

    /// <summary>Shows a console from now on.</summary>
    /// <param name="localReason">Why dma-bufs are not taken; null where they are.</param>
    public void Attach(RemoteConsole console, string guestName, string? localReason)
    {
        _console = console;
        _keyboard.Console = console;
        _pointer.Console = console;
        _pointer.Forget();
        _guestName = guestName.Length > 0 ? guestName : "guest";
        _localReason = localReason;
        console.Changed = () =>
        {
            SetTitle();
            ConsiderPointer();
        };
        console.InputRefused = TellOfRefusal;
        Say(null);
        SetTitle();
    }

    /// <summary>The console is gone; its object is disposed after this.</summary>
    /// <param name="message">What to tell the user; null where the next console comes at once.</param>
    public void Detach(string? message)
    {
        SetGrab(false);
        _console = null;
        _keyboard.Console = null;
        _pointer.Console = null;
        _source = null;
        _owesReply = false;
        _toldAt = 0;
        _flushes = 0;
        _resized.Cancel();
        SdlCursor.Show(null);
        Say(message);
        SetTitle();
    }

    /// <summary>Makes the window appear, once there is something in it.</summary>
    public void Open()
    {
        Window.Show();
        if (_settings.Fullscreen)
        {
            Window.SetFullscreen(true);
        }
    }

    public string? Show(RemotePicture picture)
    {
        if (picture.DmaBuf is { } frame && TryImport(picture, frame) is { } refusal)
        {
            _source = null;
            return refusal;
        }
        bool isNewSize = _source?.Layout.Bounds != picture.Layout.Bounds;
        _source = picture;
        _message = null;
        if (isNewSize)
        {
            FollowGuest(picture.Layout);
        }
        SetTitle();
        return null;
    }

    public bool Update(Rect damage)
    {
        _updates++;
        long now = EventLoop.Now;
        FlushMark? flush = _console?.LastFlush;
        // Flushes that the display told together are that many flips of the guest.
        _hud?.Flips.Add(flush?.Count is { } count && _flushes > 0 && count > _flushes ? count - _flushes : 1, now);
        _flushes = flush?.Count ?? 0;
        _damage = _damage.Union(damage);
        if (!Window.IsVisible)
        {
            return true;
        }
        if (_toldAt == 0)
        {
            _toldAt = now;
            _flushedAt = flush?.At ?? 0;
        }
        _dirty = true;
        _owesReply = true;
        return false;
    }

    public void Forget(RemotePicture picture)
    {
        if (ReferenceEquals(picture, _source))
        {
            _source = null;
        }
        if (picture.DmaBuf is { } frame)
        {
            _imports?.Forget(frame);
        }
    }

    public void Disable()
    {
        _source = null;
        Say($"output {_console?.Id} shows nothing now");
        SetTitle();
    }

    /// <summary>Draws if something changed and the display is ready for another picture.</summary>
    public void DrawIfDue()
    {
        long now = EventLoop.Now;
        if (!_dirty)
        {
            return;
        }
        if (!Window.IsVisible)
        {
            Acknowledge();
            return;
        }
        if (now < _notBefore)
        {
            if (_nextFrame.DueAt is null)
            {
                _nextFrame.SetAt(_notBefore);
            }
            return;
        }
        // A little less than a period: a display that paces the swaps itself is not to be missed.
        _notBefore = now + (_framePeriod * 9 / 10);
        Draw(now);
    }

    public void Dispose()
    {
        _log.Verbose($"{_frames} frames drawn of {_updates} updates");
        if (_stages.Count > 0)
        {
            _log.Verbose(_stages.Describe());
        }
        _nextFrame.Dispose();
        _resized.Dispose();
        _hudRest.Dispose();
        Window.MakeCurrent();
        _imports?.Dispose();
        _upload?.Dispose();
        _messageOverlay?.Dispose();
        _grey?.Dispose();
        _tint?.Dispose();
        _hud?.Dispose();
        _pointerTexture?.Dispose();
        _cursor?.Dispose();
        Window.Dispose();
    }

    /// <summary>Null, or why a picture in dma-bufs is not taken. From a QEMU, which offers nothing else, it is then read as a copy.</summary>
    private string? TryImport(RemotePicture picture, DmaBufFrame frame)
    {
        try
        {
            if (!picture.IsReadable)
            {
                return $"a picture laid out as its GPU likes it (modifier 0x{picture.Modifier:x}) is not taken";
            }
            Import(frame);
            _localReason = null;
            return null;
        }
        catch (GraphicsException e)
        {
            _localReason = e.Message;
            _log.Verbose($"output {_console?.Id}: {e.Message}");
            return _console is { Status.IsKnown: false } && frame.Bands.Count == 1 ? null : e.Message;
        }
    }

    private PictureTexture Import(DmaBufFrame frame) => _imports?.Get(frame) ?? throw new GraphicsException(_graphics.Obstacle!);

    private bool IsImported => _source?.DmaBuf is not null && _localReason is null;

    private void Draw(long began)
    {
        Window.MakeCurrent();
        (int Width, int Height) size = Window.Size;
        DrawPicture(Refresh(out bool isRead), size);
        DrawOver(size, began);
        long drawn = EventLoop.Now;
        using (EglFence? fence = _owesReply && !isRead ? _graphics.Fence() : null)
        {
            Window.Swap();
            long presented = EventLoop.Now;
            fence?.Wait(ReadTime);
            // Of a copy too only now: it is made anew for the answer, and would grow old while the window waits for its display.
            Acknowledge();
            long acknowledged = EventLoop.Now;
            if (_toldAt != 0)
            {
                _stages.Add(new FrameTimes(_flushedAt, _toldAt, drawn, presented, acknowledged));
            }
            _hud?.Frames.Add(1, presented);
        }
        _frames++;
        // Drivers see a window's new size with the next frame: what was drawn for it first may lie in a buffer of the old one.
        _dirty = size != _drawnSize || (_showsDamage && !_shownDamage.IsEmpty);
        _drawnSize = size;
        _shownDamage = default;
        _toldAt = 0;
        if (_hud is not null && _hud.Flips.PerSecond(began) > 0)
        {
            // One more look when the guest has come to rest, so that the figures say so.
            _hudRest.SetAt(_hud.WrittenAt + HudPeriod);
        }
    }

    /// <summary>The present picture's textures, up to date.</summary>
    /// <param name="isRead">Whether the source is not needed any more for what is drawn.</param>
    private PictureTexture? Refresh(out bool isRead)
    {
        isRead = true;
        _shownDamage = _damage;
        if (_source is null)
        {
            return _upload?.Picture;
        }
        if (IsImported)
        {
            isRead = false;
            _damage = default;
            return Import(_source.DmaBuf!);
        }
        Rect damage = _damage;
        _damage = default;
        // The only band's, from its first byte on.
        FrameLayout layout = _source.Layout.FromStart();
        if (_upload is null || layout != _uploadLayout)
        {
            _upload?.Dispose();
            _upload = new UploadTexture(_graphics.GL, layout);
            _uploadLayout = layout;
            damage = layout.Bounds;
        }
        using RemotePicture.Reading reading = _source.Read(damage);
        _upload.Upload(reading.Pixels, damage);
        _hud?.Bytes.Add((long)damage.Width * damage.Height * DrmFormats.BytesPerPixel, EventLoop.Now);
        return _upload.Picture;
    }

    private void DrawPicture(PictureTexture? picture, (int Width, int Height) window)
    {
        if (picture is null)
        {
            _graphics.Clear(window);
            return;
        }
        _placement = Placement.Of(_settings.Scale, picture.Width, picture.Height, window);
        if (!_placement.Covers(window))
        {
            _graphics.Clear(window);
        }
        bool isBottomUp = _source is { IsBottomUp: true };
        // The other way up: mirrored target, and the framebuffer's other first row.
        Rect target = isBottomUp ? new Rect(_placement.Target.X, window.Height - _placement.Target.Bottom, _placement.Target.Width, _placement.Target.Height) : _placement.Target;
        _graphics.Renderer.Draw(picture, target, window, isWindow: !isBottomUp, _settings.Smooth);
    }

    private void DrawOver((int Width, int Height) window, long now)
    {
        DrawGuestPointer(window);
        if (_showsDamage && !_shownDamage.IsEmpty)
        {
            _tint ??= _graphics.CreateTint([0, 0, 96, 96]);
            _graphics.Blend(_tint.Picture, _placement.ToWindow(_shownDamage), window);
        }
        if (_message is not null)
        {
            _grey ??= _graphics.CreateTint([40, 40, 40, 176]);
            _graphics.Blend(_grey.Picture, new Rect(0, 0, window.Width, window.Height), window);
            Overlay overlay = MessageOverlay(window.Width);
            overlay.Draw((window.Width - overlay.Canvas.Width) / 2, (window.Height - overlay.Canvas.Height) / 2, window);
        }
        if (_hud is not null)
        {
            if (now - _hud.WrittenAt >= HudPeriod)
            {
                WriteHud(_hud, now);
            }
            _hud.Draw(window);
        }
    }

    private void WriteHud(Hud hud, long now)
    {
        (string path, string reason, string cure) = DescribePath();
        string picture = _source is null ? "no picture" : $"{_source.Layout.Width}x{_source.Layout.Height} {_source.Layout.Format}";
        string kind = _console?.Status.ResourceKind is { Length: > 0 } known ? $", {known}" : "";
        hud.Write(now, $"{_guestName}, output {_console?.Id}: {picture}{kind}", path, reason, cure, _settings.HotKeys);
    }

    /// <summary>The path as the whole of device and window have it.</summary>
    private (string Path, string Reason, string Cure) DescribePath()
    {
        if (_console is null)
        {
            return ("none", "not connected", "");
        }
        RemoteStatus status = _console.Status;
        if (IsImported)
        {
            return ("udmabuf", status.IsKnown ? status.Reason : "QEMU shares its own texture", "");
        }
        string told = status.IsKnown ? status.Reason : _source?.Source switch
        {
            RemotePictureSource.DmaBuf => "QEMU shares a texture, read through the CPU",
            RemotePictureSource.Map => "QEMU shares its surface in memory",
            _ => "QEMU sends pixels in messages",
        };
        return ("copy", _localReason ?? told, status.Cure);
    }

    /// <summary>What was told of has been read.</summary>
    private void Acknowledge()
    {
        if (_owesReply)
        {
            _owesReply = false;
            _console?.Done();
        }
    }

    private void SetTitle()
    {
        string picture = _source is null ? "" : $" {_source.Layout.Width}x{_source.Layout.Height}, {DescribePath().Path}";
        string output = _console is { Id: > 0 } ? $" output {_console.Id}" : "";
        string hint = _isGrabbed && _settings.HotKeys.Keys.TryGetValue(HotKeyAction.Grab, out string? keys) ? $" - {keys} lets go" : "";
        string title = $"{(_guestName.Length > 0 ? _guestName : "FbShare")}{output}:{picture}{(_console is null ? " gone" : "")}{hint}";
        if (Window.SetTitle(title))
        {
            _log.Verbose($"window: {title}");
        }
    }

    /// <summary>Shows a message over the greyed picture; none for null.</summary>
    private void Say(string? message)
    {
        if (message == _message)
        {
            return;
        }
        _message = message;
        _messageOverlay?.Dispose();
        _messageOverlay = null;
        _dirty = true;
    }

    private Overlay MessageOverlay(int windowWidth)
    {
        const int Size = 16;
        const int Line = 26;
        const int Border = 24;
        if (_messageOverlay is null)
        {
            int width = Math.Clamp(windowWidth - 40, 160, 640);
            using var measure = new TextCanvas(1, 1);
            measure.SetFont(Size);
            List<string> lines = measure.Wrap(_message!, width - (2 * Border));
            _messageOverlay = new Overlay(_graphics, width, (lines.Count * Line) + (2 * Border));
            TextCanvas canvas = _messageOverlay.Canvas;
            canvas.Clear(new SKColor(20, 20, 20, 235));
            canvas.SetFont(Size);
            for (int i = 0; i < lines.Count; i++)
            {
                canvas.Write((width - canvas.MeasureWidth(lines[i])) / 2, Border + (i * Line) + Size, lines[i], new SKColor(255, 255, 255));
            }
            _messageOverlay.Update();
        }
        return _messageOverlay;
    }

    private void ToggleHud()
    {
        if (_hud is not null)
        {
            _hud.Dispose();
            _hud = null;
        }
        else
        {
            _hud = new Hud(_graphics, _stages);
        }
        _dirty = true;
    }

    private void WriteScreenshot()
    {
        if (_source is not { IsReadable: true } source)
        {
            _log.Warn("there is no picture that could be written to a file");
            return;
        }
        byte[] pixels = GC.AllocateUninitializedArray<byte>(source.Layout.RowBytes * source.Layout.Height);
        string file = $"fbshare-{DateTime.Now:yyyyMMdd-HHmmss-fff}.png";
        try
        {
            source.CopyTo(source.Layout.Bounds, pixels, source.Layout.RowBytes);
            var picture = new Picture(source.Layout.Format, source.Layout.Width, source.Layout.Height, pixels);
            PngFile.Write(file, picture);
            (string path, string reason, _) = DescribePath();
            Console.Out.WriteLine(FrameLine.Describe(file, picture, _console?.Status.ResourceKind is { Length: > 0 } kind ? kind : "not told", path, reason));
        }
        catch (Exception e) when (e is CaptureException or LinuxException)
        {
            _log.Warn($"the screenshot was not written: {e.Message}");
        }
    }
}
