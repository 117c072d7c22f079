using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FbShare.Linux;

namespace FbShare.Display.DBus;

/// <summary>Answers a call, or takes a reply or a signal.</summary>
/// <param name="message">The connection's: to be read before returning, or kept with <see cref="BusMessage.Keep"/>.</param>
/// <returns>False if the message is a call that nobody here knows.</returns>
internal delegate bool BusHandler(BusMessage message);

/// <summary>One D-Bus connection on an <see cref="EventLoop"/>: the seam to sd-bus. Call, Export, Send, Pump.</summary>
/// <remarks>Belongs to the loop's thread. Never blocks, except in <see cref="CallAndWait"/>, which is for programs that have
/// nothing else to do.</remarks>
internal sealed unsafe class BusConnection : IDisposable
{
    /// <summary>A peer with this many messages unread is taken for dead: sd-bus would keep them without bound.</summary>
    private const ulong MostQueued = 4096;

    /// <summary>Messages handled before the loop's other watches get their turn.</summary>
    private const int Burst = 64;

    private readonly EventLoop _loop;
    private readonly List<GCHandle> _handles = [];
    private readonly FileDescriptor _watched;
    private readonly EventLoop.Watch _watch;
    private readonly LoopTimer _timer;
    private void* _bus;
    private LoopEvents _events = LoopEvents.Readable;
    private bool _processing;
    private bool _wasQueued;
    private ExceptionDispatchInfo? _thrown;

    private BusConnection(EventLoop loop, void* bus, FileDescriptor watched)
    {
        _loop = loop;
        _bus = bus;
        _watched = watched;
        _watch = loop.Add(watched, _events, _ => Pump());
        _timer = new LoopTimer(loop, Pump);
    }

    /// <summary>Told once when the other end is gone or broke the protocol, with the cause in words. Not told of <see cref="Dispose"/>.</summary>
    public Action<string>? Closed { get; set; }

    /// <summary>Told when messages that had to wait for the peer have all been written.</summary>
    public Action? Drained { get; set; }

    public bool IsOpen => _bus is not null;

    /// <summary>Messages that wait for the peer to read.</summary>
    public ulong Queued
    {
        get
        {
            ulong count = 0;
            return _bus is not null && SdBus.sd_bus_get_n_queued_write(_bus, &count) >= 0 ? count : 0;
        }
    }

    /// <summary>Finds out now whether sd-bus is there.</summary>
    /// <exception cref="BusException">It is not; the message says what to install.</exception>
    public static void RequireLibrary() => SdBus.sd_bus_unref(New());

    /// <summary>Speaks to a peer over a connected socket.</summary>
    /// <param name="socket">Owned from here on, also when this fails.</param>
    /// <param name="authenticates">Whether this end is the authentication server.</param>
    /// <exception cref="BusException">sd-bus is not there or refused.</exception>
    public static BusConnection OverSocket(EventLoop loop, FileDescriptor socket, bool authenticates)
    {
        using FileDescriptor owned = socket;
        void* bus = New();
        try
        {
            FileDescriptor watched = owned.Duplicate();
            owned.SetNonBlocking();
            int number = owned.Number;
            BusException.Check(SdBus.sd_bus_set_fd(bus, number, number), "sd_bus_set_fd");
            owned.Release();
            if (authenticates)
            {
                SdBus.Id128 id;
                RandomNumberGenerator.Fill(new Span<byte>(&id, sizeof(SdBus.Id128)));
                BusException.Check(SdBus.sd_bus_set_server(bus, 1, id), "sd_bus_set_server");
            }
            return Start(loop, bus, watched);
        }
        catch
        {
            SdBus.sd_bus_unref(bus);
            throw;
        }
    }

    /// <summary>Connects to a message bus, such as <c>unix:path=/run/user/1000/bus</c>.</summary>
    /// <exception cref="BusException">Nobody answers at the address.</exception>
    public static BusConnection ToBus(EventLoop loop, string address)
    {
        void* bus = New();
        try
        {
            BusException.Check(SdBus.sd_bus_set_address(bus, address), $"D-Bus address '{address}'");
            BusException.Check(SdBus.sd_bus_set_bus_client(bus, 1), "sd_bus_set_bus_client");
            return Start(loop, bus, watched: null, address);
        }
        catch
        {
            SdBus.sd_bus_unref(bus);
            throw;
        }
    }

    /// <summary>A place for replies, made once and used for any number of calls; lives as long as the connection.</summary>
    public ReplyHandler OnReply(BusHandler handler) => new(NewHandle(handler));

    /// <summary>Gives every call on every object to <paramref name="handler"/>.</summary>
    public void Export(BusHandler handler)
    {
        void* handle = NewHandle(handler);
        fixed (byte* root = "/"u8)
        {
            BusException.Check(SdBus.sd_bus_add_fallback(_bus, null, root, &OnMessage, handle), "sd_bus_add_fallback");
        }
    }

    /// <summary>Gives every PropertiesChanged signal to <paramref name="handler"/>.</summary>
    public void OnPropertiesChanged(BusHandler handler)
    {
        void* handle = NewHandle(handler);
        fixed (byte* rule = "type='signal',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'"u8)
        {
            BusException.Check(SdBus.sd_bus_add_match_async(_bus, null, rule, &OnMessage, null, handle), "sd_bus_add_match");
        }
    }

    /// <summary>Begins a call.</summary>
    /// <param name="destination">Empty on a connection between peers.</param>
    public BusMessage NewCall(ReadOnlySpan<byte> destination, ReadOnlySpan<byte> path, ReadOnlySpan<byte> interfaceName, ReadOnlySpan<byte> member)
    {
        ThrowIfClosed();
        void* message;
        fixed (byte* to = destination, at = path, of = interfaceName, name = member)
        {
            BusException.Check(SdBus.sd_bus_message_new_method_call(_bus, &message, destination.IsEmpty ? null : to, at, of, name), "D-Bus call");
        }
        return new BusMessage(message);
    }

    /// <summary>Begins a signal.</summary>
    public BusMessage NewSignal(ReadOnlySpan<byte> path, ReadOnlySpan<byte> interfaceName, ReadOnlySpan<byte> member)
    {
        ThrowIfClosed();
        void* message;
        fixed (byte* at = path, of = interfaceName, name = member)
        {
            BusException.Check(SdBus.sd_bus_message_new_signal(_bus, &message, at, of, name), "D-Bus signal");
        }
        return new BusMessage(message);
    }

    /// <summary>Begins the reply to a call.</summary>
    public static BusMessage NewReply(BusMessage call)
    {
        void* message;
        BusException.Check(SdBus.sd_bus_message_new_method_return(call.Pointer, &message), "D-Bus reply");
        return new BusMessage(message);
    }

    /// <summary>Replies with nothing.</summary>
    public void Reply(BusMessage call)
    {
        if (call.ExpectsReply)
        {
            using BusMessage reply = NewReply(call);
            Send(reply);
        }
    }

    /// <summary>Replies that the call failed.</summary>
    public void ReplyError(BusMessage call, string name, string text)
    {
        fixed (byte* nameBytes = System.Text.Encoding.UTF8.GetBytes(name + '\0'), textBytes = System.Text.Encoding.UTF8.GetBytes(text + '\0'))
        {
            var error = new SdBus.Error { Name = nameBytes, Message = textBytes };
            CloseIfFailed(SdBus.sd_bus_reply_method_error(call.Pointer, &error));
        }
        AfterSend();
    }

    /// <summary>Sends a signal or a reply. Whether it arrives shows in <see cref="Closed"/>.</summary>
    public void Send(BusMessage message)
    {
        if (_bus is not null)
        {
            CloseIfFailed(SdBus.sd_bus_send(_bus, message.Pointer, null));
            AfterSend();
        }
    }

    /// <summary>Sends a call that wants no reply.</summary>
    public void SendCall(BusMessage message)
    {
        BusException.Check(SdBus.sd_bus_message_set_expect_reply(message.Pointer, 0), "D-Bus call");
        Send(message);
    }

    /// <summary>Sends a call; the reply, or an error in its place, goes to <paramref name="reply"/> once.</summary>
    /// <param name="timeout">Null: waits as long as the connection lives.</param>
    public void Call(BusMessage message, ReplyHandler reply, TimeSpan? timeout = null)
    {
        if (_bus is not null)
        {
            ulong microseconds = timeout is { } limit ? (ulong)limit.TotalMicroseconds : SdBus.NEVER;
            CloseIfFailed(SdBus.sd_bus_call_async(_bus, null, message.Pointer, &OnMessage, reply.Handle, microseconds));
            AfterSend();
        }
    }

    /// <summary>Sends a call and runs the loop until it is answered.</summary>
    /// <param name="read">Reads the reply's values.</param>
    /// <exception cref="BusException">The peer answered with an error, not at all, or is gone.</exception>
    public void CallAndWait(BusMessage message, TimeSpan timeout, Action<BusMessage>? read = null)
    {
        bool answered = false;
        string? failure = null;
        string? closed = null;
        Action<string>? told = Closed;
        Closed = why =>
        {
            closed = why;
            told?.Invoke(why);
        };
        try
        {
            Call(message, OnReply(reply =>
            {
                answered = true;
                if (reply.IsError)
                {
                    (string name, string text) = reply.Error;
                    failure = $"{text} ({name})";
                }
                else
                {
                    read?.Invoke(reply);
                }
                return true;
            }), timeout);
            while (!answered && closed is null && _bus is not null)
            {
                _loop.RunOnce(Timeout.Infinite);
            }
        }
        finally
        {
            Closed = told;
        }
        if (failure is not null || !answered)
        {
            throw new BusException(failure ?? closed ?? "the connection was closed");
        }
    }

    /// <summary>Closes the connection; replies that are still awaited never come.</summary>
    public void Dispose()
    {
        if (_bus is null)
        {
            return;
        }
        void* bus = _bus;
        _bus = null;
        _watch.Dispose();
        _timer.Dispose();
        SdBus.sd_bus_close(bus);
        SdBus.sd_bus_unref(bus);
        _watched.Dispose();
        if (!_processing)
        {
            FreeHandles();
        }
    }

    private static void* New()
    {
        void* bus;
        try
        {
            BusException.Check(SdBus.sd_bus_new(&bus), "sd_bus_new");
        }
        catch (DllNotFoundException)
        {
            throw new BusException($"the display protocol needs {SdBus.Library}, which this system lacks: install the package libsystemd0 (Debian) or systemd-libs");
        }
        return bus;
    }

    private static BusConnection Start(EventLoop loop, void* bus, FileDescriptor? watched, string? address = null)
    {
        try
        {
            BusException.Check(SdBus.sd_bus_negotiate_fds(bus, 1), "sd_bus_negotiate_fds");
            BusException.Check(SdBus.sd_bus_start(bus), address is null ? "sd_bus_start" : $"connect to '{address}'");
            watched ??= FileDescriptor.DuplicateOf(BusException.Check(SdBus.sd_bus_get_fd(bus), "sd_bus_get_fd"));
            var connection = new BusConnection(loop, bus, watched);
            connection.Watch();
            return connection;
        }
        catch
        {
            watched?.Dispose();
            throw;
        }
    }

    /// <summary>Handles what came and writes what waits. Runs from the loop only: sd-bus does not nest.</summary>
    private void Pump()
    {
        if (_processing || _bus is null)
        {
            return;
        }
        int result = 0;
        _processing = true;
        for (int i = 0; i < Burst && _bus is not null && _thrown is null; i++)
        {
            result = SdBus.sd_bus_process(_bus, null);
            if (result <= 0)
            {
                break;
            }
        }
        _processing = false;
        if (_bus is null)
        {
            FreeHandles();
        }
        else if (result < 0)
        {
            Close($"the connection broke: {LibC.DescribeErrno(-result)}");
        }
        else if (SdBus.sd_bus_is_open(_bus) <= 0)
        {
            Close("the other end closed the connection");
        }
        else
        {
            Watch();
        }
        ExceptionDispatchInfo? thrown = _thrown;
        _thrown = null;
        thrown?.Throw();
    }

    /// <summary>Asks the loop for just what sd-bus waits for.</summary>
    private void Watch()
    {
        // POLLIN, POLLOUT are EPOLLIN, EPOLLOUT.
        var events = (LoopEvents)Math.Max(SdBus.sd_bus_get_events(_bus), 0);
        if (events != _events)
        {
            _events = events;
            _watch.Change(events);
        }
        ulong microseconds;
        if (SdBus.sd_bus_get_timeout(_bus, &microseconds) > 0 && microseconds != SdBus.NEVER)
        {
            long due = (long)Math.Min(microseconds, long.MaxValue / 1000) * 1000;
            if (_timer.DueAt != Math.Max(due, 1))
            {
                _timer.SetAt(due);
            }
        }
        else if (_timer.DueAt is not null)
        {
            _timer.Cancel();
        }
        ulong queued = Queued;
        if (queued > MostQueued)
        {
            CloseSoon($"it has left {MostQueued} messages unread");
        }
        bool drained = _wasQueued && queued == 0;
        _wasQueued = queued > 0;
        if (drained)
        {
            Drained?.Invoke();
        }
    }

    private void AfterSend()
    {
        if (_bus is not null && !_processing)
        {
            Watch();
        }
    }

    private void CloseIfFailed(int result)
    {
        if (result < 0)
        {
            CloseSoon($"the connection broke: {LibC.DescribeErrno(-result)}");
        }
    }

    /// <summary>Closes from the loop, not from within somebody's send.</summary>
    private void CloseSoon(string why) => _loop.Post(() => Close(why));

    private void Close(string why)
    {
        if (_bus is not null)
        {
            Dispose();
            Closed?.Invoke(why);
        }
    }

    private void ThrowIfClosed()
    {
        if (_bus is null)
        {
            throw new BusException("the D-Bus connection is closed");
        }
    }

    private void* NewHandle(BusHandler handler)
    {
        GCHandle handle = GCHandle.Alloc(new Registration(this, handler));
        _handles.Add(handle);
        return (void*)GCHandle.ToIntPtr(handle);
    }

    private void FreeHandles()
    {
        foreach (GCHandle handle in _handles)
        {
            handle.Free();
        }
        _handles.Clear();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnMessage(void* message, void* userdata, void* error)
    {
        // SAFETY: a registration's handle is freed only after its bus is, and never while sd_bus_process runs.
        var registration = (Registration)GCHandle.FromIntPtr((nint)userdata).Target!;
        BusConnection connection = registration.Connection;
        if (connection._bus is null)
        {
            return 1;
        }
        try
        {
            return registration.Handler(new BusMessage(message)) ? 1 : 0;
        }
#pragma warning disable CA1031 // An exception must not cross into C: it goes on from Pump.
        catch (Exception e)
#pragma warning restore CA1031
        {
            connection._thrown ??= ExceptionDispatchInfo.Capture(e);
            return 1;
        }
    }

    /// <inheritdoc cref="OnReply"/>
    public readonly struct ReplyHandler(void* handle)
    {
        internal void* Handle { get; } = handle;
    }

    private sealed record Registration(BusConnection Connection, BusHandler Handler);
}
