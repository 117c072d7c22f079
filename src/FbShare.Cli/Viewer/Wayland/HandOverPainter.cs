using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>A window whose compositor is given the guest's dma-bufs as they are, while they fill it and nothing lies over them; another painter draws it
/// at all other times.</summary>
internal sealed class HandOverPainter : IWindowPainter
{
    private readonly IWindowPainter _drawn;
    private readonly WaylandConnection _connection;
    private readonly DmaBufCompositor _compositor;
    private readonly bool _drawsDmaBufs;
    private readonly FrameSurface _surface;
    private readonly Dictionary<DmaBufFrame, SurfaceBuffer> _buffers = [];
    private readonly Region _damage = new();

    /// <summary>Of pictures that are gone; one of them may be in the window still.</summary>
    private readonly List<SurfaceBuffer> _gone = [];

    private SurfaceBuffer? _next;
    private SurfaceBuffer? _shown;
    private SurfaceBuffer? _before;
    private bool _isAwaited;

    /// <param name="drawn">Owned from here on.</param>
    /// <param name="drawsDmaBufs">Whether that one can draw them; otherwise it reads them.</param>
    /// <param name="connection">Stays the caller's.</param>
    /// <param name="compositor">As above.</param>
    /// <param name="surface">SDL's wl_surface, stays SDL's.</param>
    public HandOverPainter(IWindowPainter drawn, bool drawsDmaBufs, WaylandConnection connection, DmaBufCompositor compositor, nint surface)
    {
        (_drawn, _drawsDmaBufs, _connection, _compositor) = (drawn, drawsDmaBufs, connection, compositor);
        // OpenGL has whole windows shown anyway.
        _surface = new FrameSurface(connection, surface, ofParts: !drawsDmaBufs)
        {
            Shown = () =>
            {
                DropGone();
                Finish();
            },
        };
    }

    public Action? Finished
    {
        get => _drawn.Finished;
        set => _drawn.Finished = value;
    }

    public bool IsBusy => _surface.IsAwaited || _drawn.IsBusy;

    public bool IsReading => _drawn.IsReading;

    public bool HandsOver { get; private set; }

    public (int Width, int Height)? Left => _drawn.Left;

    public void Import(DmaBufFrame frame)
    {
        if (_drawsDmaBufs)
        {
            _drawn.Import(frame);
        }
        if (_buffers.ContainsKey(frame))
        {
            return;
        }
        try
        {
            _buffers[frame] = new SurfaceBuffer(_connection, _compositor.CreateBuffer(frame)) { Released = Finish };
        }
        catch (GraphicsException) when (_drawsDmaBufs)
        {
            // It is drawn, then.
        }
    }

    public void Forget(RemotePicture picture, bool isReplaced)
    {
        if (picture.DmaBuf is { } frame && _buffers.Remove(frame, out SurfaceBuffer? buffer))
        {
            // A surface must not lose the buffer that it shows.
            _gone.Add(buffer);
            DropGone();
        }
        _drawn.Forget(picture, isReplaced);
    }

    public void Invalidate() => _drawn.Invalidate();

    public long Draw(in Scene scene)
    {
        _next = ToHandOver(scene);
        if (_next is not null)
        {
            _damage.Add(scene.Damage);
            if (_next != _shown)
            {
                _damage.Add(scene.Picture!.Layout.Bounds);
            }
            return 0;
        }
        if (_shown is not null && scene.Picture is not null)
        {
            // What changed meanwhile is not known to the other painter.
            scene.Damage.Add(scene.Picture.Layout.Bounds);
            _drawn.Invalidate();
        }
        return _drawn.Draw(_drawsDmaBufs ? scene : scene with { IsImported = false });
    }

    public bool Present(bool reads, out long presented)
    {
        if (_next is not { } buffer)
        {
            _before = null;
            _isAwaited = false;
            bool isFinished = _drawn.Present(reads, out presented);
            _shown = null;
            DropGone();
            return isFinished;
        }
        _next = null;
        _before = buffer == _shown ? null : _shown;
        _shown = buffer;
        foreach (Rect part in _damage.Rects)
        {
            _surface.Damage(part);
        }
        _damage.Clear();
        _surface.Commit(buffer);
        presented = EventLoop.Now;
        _isAwaited = reads;
        return !reads;
    }

    public void Dispose()
    {
        _drawn.Dispose();
        foreach (SurfaceBuffer buffer in _buffers.Values.Concat(_gone))
        {
            buffer.Dispose();
        }
        _surface.Dispose();
    }

    /// <summary>The buffer that is all of what is to be seen; null where something has to be drawn.</summary>
    private SurfaceBuffer? ToHandOver(in Scene scene)
    {
        SurfaceBuffer? buffer = scene.IsImported && scene.Picture is { DmaBuf: { } frame, IsBottomUp: false } && scene.Place is { } place
            && place.Target == new Rect(0, 0, scene.Window.Width, scene.Window.Height) && (frame.Width, frame.Height) == scene.Window
            ? _buffers.GetValueOrDefault(frame)
            : null;
        HandsOver = buffer is not null;
        return scene.Layers.Count == 0 ? buffer : null;
    }

    /// <summary>The display is told when the new picture has been shown and the one before is not read any more: the guest may draw there now.</summary>
    private void Finish()
    {
        if (_isAwaited && !_surface.IsAwaited && (_before is null || !_before.IsHeld))
        {
            _isAwaited = false;
            _before = null;
            Finished?.Invoke();
        }
    }

    private void DropGone()
    {
        for (int i = _gone.Count - 1; i >= 0; i--)
        {
            if (_gone[i] != _shown && _gone[i] != _next)
            {
                _gone[i].Dispose();
                _gone.RemoveAt(i);
            }
        }
    }
}
