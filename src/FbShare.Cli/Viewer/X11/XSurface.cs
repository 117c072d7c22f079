using FbShare.Cli.Viewer.Software;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer.X11;

/// <summary>A window of an X server, filled out of memory that the server maps (MIT-SHM), or, where it cannot, of pixels that are sent.</summary>
internal sealed class XSurface : ISharedSurface
{
    private readonly XConnection _connection;
    private readonly uint _context;
    private readonly byte _depth;
    private readonly List<(SharedPixels Pixels, uint Segment)> _attached = [];
    private byte[] _sent = [];
    private SharedPixels? _canvas;
    private Request? _last;
    private bool _isCommitting;

    /// <param name="connection">Stays the caller's.</param>
    /// <param name="window">Stays the caller's.</param>
    public unsafe XSurface(XConnection connection, uint window)
    {
        _connection = connection;
        Window = window;
        _context = Xcb.xcb_generate_id(connection.Handle);
        Xcb.xcb_create_gc(connection.Handle, _context, window, 0, 0);
        // SAFETY: null or ours to free, which is done after the last look.
        Xcb.Geometry* geometry = Xcb.xcb_get_geometry_reply(connection.Handle, Xcb.xcb_get_geometry(connection.Handle, window), 0);
        _depth = geometry is null ? (byte)24 : geometry->depth;
        Xcb.free(geometry);
        connection.Add(this);
    }

    public uint Window { get; }

    public Action? Finished { get; set; }

    public bool IsBusy { get; private set; }

    public bool IsReading => IsBusy;

    public bool TakesParts => true;

    public bool TakesFiles => _connection.HasFiles;

    public SharedPixels NextCanvas((int Width, int Height) window, Region outOfDate)
    {
        if (_canvas is null || (_canvas.Layout.Width, _canvas.Layout.Height) != window)
        {
            DropCanvas();
            _canvas = new SharedPixels(window.Width, window.Height);
        }
        return _canvas;
    }

    public void Put(SharedPixels pixels, Rect part, int x, int y)
    {
        if (!TakesFiles)
        {
            Send(pixels, part, x, y);
            return;
        }
        if (_last is { } before)
        {
            Ask(before, tellsEnd: false);
        }
        _last = new Request(pixels, part, x, y);
    }

    public bool Commit()
    {
        if (_last is { } last)
        {
            _last = null;
            IsBusy = Ask(last, tellsEnd: true);
        }
        // What is finished before this returns is told by returning it.
        _isCommitting = true;
        _connection.Flush();
        _isCommitting = false;
        return !IsBusy;
    }

    /// <summary>The server has read everything that was put.</summary>
    public void Complete()
    {
        if (IsBusy)
        {
            IsBusy = false;
            if (!_isCommitting)
            {
                Finished?.Invoke();
            }
        }
    }

    public void Forget(SharedPixels pixels)
    {
        for (int i = 0; i < _attached.Count; i++)
        {
            if (ReferenceEquals(_attached[i].Pixels, pixels))
            {
                Xcb.xcb_shm_detach(_connection.Handle, _attached[i].Segment);
                _attached.RemoveAt(i);
                return;
            }
        }
    }

    public void Dispose()
    {
        _connection.Remove(this);
        DropCanvas();
        foreach ((_, uint segment) in _attached)
        {
            Xcb.xcb_shm_detach(_connection.Handle, segment);
        }
        Xcb.xcb_free_gc(_connection.Handle, _context);
        _connection.Flush();
    }

    private void DropCanvas()
    {
        if (_canvas is not null)
        {
            Forget(_canvas);
            _canvas.Dispose();
        }
    }

    private bool Ask(in Request request, bool tellsEnd)
    {
        if (SegmentOf(request.Pixels) is not { } segment)
        {
            return false;
        }
        FrameLayout layout = request.Pixels.Layout;
        Xcb.xcb_shm_put_image(
            _connection.Handle, Window, _context, (ushort)(layout.Stride / DrmFormats.BytesPerPixel), (ushort)layout.Height, (ushort)request.Part.X,
            (ushort)request.Part.Y, (ushort)request.Part.Width, (ushort)request.Part.Height, (short)request.X, (short)request.Y, _depth,
            Xcb.XCB_IMAGE_FORMAT_Z_PIXMAP, tellsEnd ? (byte)1 : (byte)0, segment, (uint)layout.Offset);
        return true;
    }

    /// <summary>The server's name for some memory, which it maps at the first time.</summary>
    private unsafe uint? SegmentOf(SharedPixels pixels)
    {
        foreach ((SharedPixels known, uint segment) in _attached)
        {
            if (ReferenceEquals(known, pixels))
            {
                return segment;
            }
        }
        uint attached = Xcb.xcb_generate_id(_connection.Handle);
        uint cookie = Xcb.xcb_shm_attach_fd_checked(_connection.Handle, attached, pixels.File.Duplicate().Release(), readOnly: 1);
        // SAFETY: null or ours to free, which is done after the last look.
        Xcb.Event* error = Xcb.xcb_request_check(_connection.Handle, cookie);
        if (error is not null)
        {
            _connection.Tell(*error);
            Xcb.free(error);
            return null;
        }
        _attached.Add((pixels, attached));
        return attached;
    }

    /// <summary>Sends pixels, as many rows at a time as a request may have.</summary>
    private unsafe void Send(SharedPixels pixels, Rect part, int x, int y)
    {
        const int Head = 64;
        int rowBytes = part.Width * DrmFormats.BytesPerPixel;
        long most = (Xcb.xcb_get_maximum_request_length(_connection.Handle) * 4L) - Head;
        int rows = (int)Math.Clamp(most / rowBytes, 1, part.Height);
        if (_sent.Length < rows * rowBytes)
        {
            _sent = new byte[rows * rowBytes];
        }
        for (int top = 0; top < part.Height; top += rows)
        {
            int count = Math.Min(rows, part.Height - top);
            for (int row = 0; row < count; row++)
            {
                pixels.Own.Slice((int)pixels.Layout.OffsetOf(part.X, part.Y + top + row), rowBytes).CopyTo(_sent.AsSpan(row * rowBytes));
            }
            fixed (byte* data = _sent)
            {
                // SAFETY: the library copies the pixels, which are pinned and as many as it is told.
                Xcb.xcb_put_image(
                    _connection.Handle, Xcb.XCB_IMAGE_FORMAT_Z_PIXMAP, Window, _context, (ushort)part.Width, (ushort)count, (short)x, (short)(y + top), 0, _depth,
                    (uint)(count * rowBytes), data);
            }
        }
    }

    /// <summary>A part of a frame.</summary>
    private readonly record struct Request(SharedPixels Pixels, Rect Part, int X, int Y);
}
