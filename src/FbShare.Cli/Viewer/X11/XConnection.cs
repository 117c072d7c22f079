using System.Runtime.InteropServices;
using FbShare.Cli.Viewer.Software;
using FbShare.Linux;

namespace FbShare.Cli.Viewer.X11;

/// <summary>A connection of our own to the X server, for putting pictures into windows that SDL made. It has no events but those that say that a
/// picture was read, so it does not get in SDL's way, nor SDL in its.</summary>
internal sealed class XConnection : IDrawing
{
    /// <summary>Files can be attached from MIT-SHM 1.2 on.</summary>
    private const int ShmMajor = 1;
    private const int ShmMinor = 2;

    private readonly Log _log;
    private readonly string _obstacle;
    private readonly List<XSurface> _surfaces = [];
    private readonly FileDescriptor _descriptor;
    private readonly EventLoop.Watch _watch;
    private readonly byte _completion;
    private bool _isErrorTold;

    private XConnection(EventLoop loop, nint handle, string? shmObstacle, byte firstShmEvent, string reason, Log log)
    {
        Handle = handle;
        _log = log;
        _completion = (byte)(firstShmEvent + Xcb.XCB_SHM_COMPLETION);
        HasFiles = shmObstacle is null;
        Name = HasFiles ? "no OpenGL: the X server reads the picture itself (MIT-SHM)" : $"no OpenGL: pictures are sent to the X server, since {shmObstacle}";
        _obstacle = $"the window is drawn without OpenGL ({reason})";
        _descriptor = FileDescriptor.DuplicateOf(Xcb.xcb_get_file_descriptor(handle));
        _watch = loop.Add(_descriptor, LoopEvents.Readable, _ => TakeEvents());
    }

    public string Name { get; }

    public string? Obstacle => _obstacle;

    public nint Handle { get; }

    /// <summary>Whether the X server can be given files; otherwise pixels are sent to it.</summary>
    public bool HasFiles { get; }

    /// <summary>Connects to the X server that the environment names.</summary>
    /// <param name="reason">Why this way and not by OpenGL.</param>
    /// <param name="why">What is missing, where null is returned.</param>
    public static unsafe XConnection? TryOpen(EventLoop loop, string reason, Log log, out string? why)
    {
        why = null;
        foreach ((string library, string package) in (ReadOnlySpan<(string, string)>)[(Xcb.Library, "libxcb1"), (Xcb.ShmLibrary, "libxcb-shm0")])
        {
            if (!NativeLibrary.TryLoad(library, typeof(Xcb).Assembly, null, out _))
            {
                why = $"{library} is missing (apt install {package})";
                return null;
            }
        }
        nint handle = Connect();
        if (handle == 0)
        {
            why = "the X server takes no second connection";
            return null;
        }
        // SAFETY: the connection's own, as long as that is open.
        if (Xcb.xcb_get_setup(handle)->image_byte_order != Xcb.XCB_IMAGE_ORDER_LSB_FIRST)
        {
            why = "the X server has the bytes of its pixels in another order than this machine";
            Xcb.xcb_disconnect(handle);
            return null;
        }
        string? obstacle = FindShmObstacle(handle, out byte firstEvent);
        if (obstacle is null && !CanAttach(handle))
        {
            obstacle = "it takes no files over this connection";
            if (Xcb.xcb_connection_has_error(handle) != 0)
            {
                Xcb.xcb_disconnect(handle);
                handle = Connect();
                if (handle == 0)
                {
                    why = "the X server takes no second connection";
                    return null;
                }
            }
        }
        return new XConnection(loop, handle, obstacle, firstEvent, reason, log);
    }

    public IWindowPainter CreatePainter(SdlWindow window) => new SoftwarePainter(new XSurface(this, window.XId!.Value), _obstacle);

    public void Pump()
    {
        // This connection is not SDL's.
    }

    public void Add(XSurface surface) => _surfaces.Add(surface);

    public void Remove(XSurface surface) => _surfaces.Remove(surface);

    /// <summary>Sends what was asked for, and sees to what came meanwhile.</summary>
    public void Flush()
    {
        _ = Xcb.xcb_flush(Handle);
        // What came while a reply was waited for is in the library, and the descriptor says nothing of it.
        TakeEvents();
    }

    /// <summary>Says what the X server refused, once.</summary>
    public void Tell(in Xcb.Event error)
    {
        if (!_isErrorTold)
        {
            _isErrorTold = true;
            _log.Warn($"the X server refused a picture (error {error.error_code} of request {error.error_major_code}.{error.error_minor_code})");
        }
    }

    public void Dispose()
    {
        _watch.Dispose();
        _descriptor.Dispose();
        Xcb.xcb_disconnect(Handle);
    }

    private static nint Connect()
    {
        nint handle = Xcb.xcb_connect(0, 0);
        if (Xcb.xcb_connection_has_error(handle) == 0)
        {
            return handle;
        }
        Xcb.xcb_disconnect(handle);
        return 0;
    }

    /// <summary>Why files cannot be attached; null if they perhaps can.</summary>
    private static unsafe string? FindShmObstacle(nint handle, out byte firstEvent)
    {
        firstEvent = byte.MaxValue;
        using FileDescriptor socket = FileDescriptor.DuplicateOf(Xcb.xcb_get_file_descriptor(handle));
        if (!ProcessDescriptors.IsLocal(socket))
        {
            return "it is on another machine";
        }
        // SAFETY: null or the connection's own.
        Xcb.ExtensionData* extension = Xcb.xcb_get_extension_data(
            handle, NativeLibrary.GetExport(NativeLibrary.Load(Xcb.ShmLibrary, typeof(Xcb).Assembly, null), "xcb_shm_id"));
        if (extension is null || extension->present == 0)
        {
            return "it has no MIT-SHM";
        }
        firstEvent = extension->first_event;
        // SAFETY: null or ours to free, which is done after the last look.
        Xcb.ShmVersion* version = Xcb.xcb_shm_query_version_reply(handle, Xcb.xcb_shm_query_version(handle), 0);
        if (version is null)
        {
            return "it does not answer for MIT-SHM";
        }
        (int major, int minor) = (version->major_version, version->minor_version);
        Xcb.free(version);
        return (major, minor).CompareTo((ShmMajor, ShmMinor)) < 0 ? $"its MIT-SHM is {major}.{minor}, and files came with {ShmMajor}.{ShmMinor}" : null;
    }

    /// <summary>Tries it.</summary>
    private static unsafe bool CanAttach(nint handle)
    {
        using FileDescriptor memory = MemFd.Create("fbshare-trial", Environment.SystemPageSize);
        using FileDescriptor file = memory.ReopenReadOnly();
        uint segment = Xcb.xcb_generate_id(handle);
        // SAFETY: null or ours to free, and not looked into.
        Xcb.Event* error = Xcb.xcb_request_check(handle, Xcb.xcb_shm_attach_fd_checked(handle, segment, file.Duplicate().Release(), readOnly: 1));
        bool isAttached = error is null && Xcb.xcb_connection_has_error(handle) == 0;
        Xcb.free(error);
        if (isAttached)
        {
            Xcb.xcb_shm_detach(handle, segment);
        }
        return isAttached;
    }

    private unsafe void TakeEvents()
    {
        // SAFETY: null or ours to free, and copied before.
        for (Xcb.Event* e = Xcb.xcb_poll_for_event(Handle); e is not null; e = Xcb.xcb_poll_for_event(Handle))
        {
            Xcb.Event taken = *e;
            Xcb.free(e);
            if (taken.response_type == 0)
            {
                TakeError(taken);
            }
            else if ((taken.response_type & Xcb.TypeMask) == _completion)
            {
                Find(taken.completion_drawable)?.Complete();
            }
        }
        if (Xcb.xcb_connection_has_error(Handle) != 0)
        {
            // SDL's own connection is lost too, and ends the program.
            _watch.Change(LoopEvents.None);
        }
    }

    /// <summary>What was to be put is not there: nobody waits for it.</summary>
    private void TakeError(in Xcb.Event error)
    {
        Tell(error);
        foreach (XSurface surface in _surfaces)
        {
            surface.Complete();
        }
    }

    private XSurface? Find(uint window)
    {
        foreach (XSurface surface in _surfaces)
        {
            if (surface.Window == window)
            {
                return surface;
            }
        }
        return null;
    }
}
