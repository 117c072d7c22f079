using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>A window whose compositor is given the guest's dma-bufs as they are, while they fill it and nothing lies over them; another painter draws it
/// at all other times.</summary>
internal sealed class HandOverPainter : IWindowPainter
{
    // SAFETY: the function has the type of wl_buffer's only event (wayland.xml).
    private static readonly unsafe nint BufferListener = Wl.Listener((nint)(delegate* unmanaged<nint, nint, void>)&OnRelease);

    // SAFETY: the function has the type of wl_callback's only event.
    private static readonly unsafe nint FrameListener = Wl.Listener((nint)(delegate* unmanaged<nint, nint, uint, void>)&OnFrame);

    private static readonly nint FrameInterface = Wl.Interface("wl_callback_interface");

    private readonly IWindowPainter _drawn;
    private readonly WaylandConnection _connection;
    private readonly DmaBufCompositor _compositor;
    private readonly bool _drawsDmaBufs;
    private readonly SdlFrames? _sdlFrames;
    private readonly nint _surface;
    private readonly GCHandle _self;
    private readonly Dictionary<DmaBufFrame, Buffer> _buffers = [];
    private readonly Region _damage = new();

    /// <summary>Of pictures that are gone; one of them may be in the window still.</summary>
    private readonly List<Buffer> _gone = [];

    private nint _frame;
    private Buffer? _next;
    private Buffer? _shown;
    private Buffer? _before;
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
        _sdlFrames = drawsDmaBufs ? null : connection.FramesOf(surface);
        _surface = Wl.wl_proxy_create_wrapper(surface);
        Wl.wl_proxy_set_queue(_surface, connection.Queue);
        _self = GCHandle.Alloc(this);
    }

    public Action? Finished
    {
        get => _drawn.Finished;
        set => _drawn.Finished = value;
    }

    public bool IsBusy => _frame != 0 || _drawn.IsBusy;

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
            _buffers[frame] = new Buffer(_compositor.CreateBuffer(frame), this);
        }
        catch (GraphicsException) when (_drawsDmaBufs)
        {
            // It is drawn, then.
        }
    }

    public void Forget(RemotePicture picture, bool isReplaced)
    {
        if (picture.DmaBuf is { } frame && _buffers.Remove(frame, out Buffer? buffer))
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
        buffer.IsHeld = true;
        Wl.Send(_surface, Wl.WL_SURFACE_ATTACH, [buffer.Proxy, 0, 0]);
        foreach (Rect part in _damage.Rects)
        {
            Wl.Damage(_surface, part);
        }
        _damage.Clear();
        _frame = Wl.Create(_surface, Wl.WL_SURFACE_FRAME, FrameInterface, [0]);
        _ = Wl.wl_proxy_add_listener(_frame, FrameListener, GCHandle.ToIntPtr(_self));
        Wl.Send(_surface, Wl.WL_SURFACE_COMMIT, []);
        _ = Wl.wl_display_flush(_connection.Display);
        presented = EventLoop.Now;
        _isAwaited = reads;
        return !reads;
    }

    public void Dispose()
    {
        _drawn.Dispose();
        if (_frame != 0)
        {
            Wl.wl_proxy_destroy(_frame);
        }
        foreach (Buffer buffer in _buffers.Values.Concat(_gone))
        {
            buffer.Dispose();
        }
        Wl.wl_proxy_wrapper_destroy(_surface);
        _self.Free();
    }

    /// <summary>The buffer that is all of what is to be seen; null where something has to be drawn.</summary>
    private Buffer? ToHandOver(in Scene scene)
    {
        Buffer? buffer = scene.IsImported && scene.Picture is { DmaBuf: { } frame, IsBottomUp: false } && scene.Place is { } place
            && place.Target == new Rect(0, 0, scene.Window.Width, scene.Window.Height) && (frame.Width, frame.Height) == scene.Window
            ? _buffers.GetValueOrDefault(frame)
            : null;
        HandsOver = buffer is not null;
        return scene.Layers.Count == 0 ? buffer : null;
    }

    /// <summary>The display is told when the new picture has been shown and the one before is not read any more: the guest may draw there now.</summary>
    private void Finish()
    {
        if (_isAwaited && _frame == 0 && (_before is null || !_before.IsHeld))
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

    [UnmanagedCallersOnly]
    private static void OnFrame(nint data, nint callback, uint time)
    {
        HandOverPainter painter = Unsafe.As<HandOverPainter>(GCHandle.FromIntPtr(data).Target!);
        Wl.wl_proxy_destroy(callback);
        painter._frame = 0;
        painter._sdlFrames?.Stop();
        painter.DropGone();
        painter.Finish();
    }

    [UnmanagedCallersOnly]
    private static void OnRelease(nint data, nint buffer) => Unsafe.As<Buffer>(GCHandle.FromIntPtr(data).Target!).Released();

    /// <summary>A picture of the guest's at the compositor.</summary>
    private sealed class Buffer : IDisposable
    {
        private readonly GCHandle _handle;
        private readonly HandOverPainter _painter;

        /// <param name="proxy">The wl_buffer, owned from here on.</param>
        public Buffer(nint proxy, HandOverPainter painter)
        {
            (Proxy, _painter) = (proxy, painter);
            _handle = GCHandle.Alloc(this);
            Wl.wl_proxy_set_queue(proxy, painter._connection.Queue);
            _ = Wl.wl_proxy_add_listener(proxy, BufferListener, GCHandle.ToIntPtr(_handle));
        }

        public nint Proxy { get; }

        /// <summary>Whether the compositor may still read it.</summary>
        public bool IsHeld { get; set; }

        public void Released()
        {
            IsHeld = false;
            _painter.Finish();
        }

        public void Dispose()
        {
            IsHeld = false;
            Wl.Send(Proxy, Wl.WL_BUFFER_DESTROY, [], Wl.WL_MARSHAL_FLAG_DESTROY);
            _handle.Free();
        }
    }
}
