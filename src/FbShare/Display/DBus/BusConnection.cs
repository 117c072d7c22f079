using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;
using FbShare.Linux;

namespace FbShare.Display.DBus;

/// <summary>Answers a call, or takes a reply or a signal.</summary>
/// <param name="message">The connection's: to be read before returning, or kept with <see cref="BusMessage.Keep"/>.</param>
/// <returns>False if the message is a call that nobody here knows.</returns>
internal delegate bool BusHandler(BusMessage message);

/// <summary>One D-Bus connection on an <see cref="EventLoop"/>: the seam to sd-bus. Call, Export, Send, Pump.</summary>
/// <remarks>Belongs to the loop's thread. Never blocks, except in <see cref="CallAndWait"/>, which is for programs that have
/// nothing else to do.</remarks>
internal sealed class BusConnection : IDisposable
{
    /// <summary>A peer with this many messages unread is treated as dead: sd-bus would keep them without limit. A message that was not asked for
    /// has a few kilobytes at most; a picture in a message is sent only after the answer to the one before.</summary>
    private const ulong MostQueued = 1024;

    /// <summary>A client with this many messages unread is not listened to until it reads: answers are at most that many more than its
    /// socket holds.</summary>
    private const ulong MostAnswersUnread = 16;

    /// <summary>How long a client may take for its authentication.</summary>
    private static readonly TimeSpan AuthenticationTime = TimeSpan.FromSeconds(10);

    /// <summary>How long a client may leave everything unread that waits for it.</summary>
    private static readonly TimeSpan ReadingTime = TimeSpan.FromSeconds(30);

    /// <summary>Messages handled before the loop's other watches get their turn.</summary>
    private const int Burst = 64;

    private readonly EventLoop _loop;
    private readonly List<GCHandle> _handles = [];
    private readonly FileDescriptor _watched;
    private readonly EventLoop.Watch _watch;
    private readonly LoopTimer _timer;
    private readonly BusGate? _gate;
    private readonly bool _isServer;
    private readonly int _output;
    private nint _bus;
    private bool _isLetIn;
    private long? _clientDue;
    private LoopEvents _events = LoopEvents.Readable;
    private bool _processing;

    /// <summary>Whether sd-bus has read everything it was handed and has nothing else to do. Only where there is a gate: otherwise sd-bus alone
    /// knows what has come.</summary>
    private bool _isIdle;
    private ulong _lastQueued;
    private ExceptionDispatchInfo? _thrown;
    private BusEnd? _broken;

    /// <summary>Takes over what it is given once nothing can fail any more.</summary>
    /// <param name="gate">Null: to a message bus, which checks what it hands on.</param>
    /// <param name="watched">What to wait on; null: the gate's peer.</param>
    /// <param name="isServer">Whether the gate's peer is a client.</param>
    /// <param name="output">The number sd-bus writes to, where there is a gate.</param>
    private BusConnection(EventLoop loop, nint bus, BusGate? gate, FileDescriptor? watched, bool isServer, int output)
    {
        _loop = loop;
        _watched = watched ?? gate!.Peer;
        _timer = new LoopTimer(loop, OnTime);
        try
        {
            _watch = loop.Add(_watched, _events, OnReady);
        }
        catch
        {
            _timer.Dispose();
            throw;
        }
        _bus = bus;
        _gate = gate;
        _isServer = isServer;
        _output = output;
        _clientDue = !isServer ? null : EventLoop.Now + (long)AuthenticationTime.TotalNanoseconds;
    }

    /// <summary>How it ended; null while it is open, and after <see cref="Dispose"/>.</summary>
    public BusEnd? End { get; private set; }

    /// <summary>Told once when the other end is gone or broke the protocol, with the cause in words. Not told of <see cref="Dispose"/>.</summary>
    public Action<string>? Closed { get; set; }

    /// <summary>Told when messages that had to wait for the peer have all been written.</summary>
    public Action? Drained { get; set; }

    public bool IsOpen => _bus != 0;

    /// <summary>Messages that wait for the peer to read.</summary>
    public ulong Queued => _bus != 0 && SdBus.sd_bus_get_n_queued_write(_bus, out ulong count) >= 0 ? count : 0;

    /// <summary>Finds out now whether sd-bus is there.</summary>
    /// <exception cref="BusException">It is not; the message says what to install.</exception>
    public static void RequireLibrary() => SdBus.sd_bus_unref(New());

    /// <summary>Speaks to a server over a connected socket, or as one to a client that is not trusted.</summary>
    /// <param name="socket">Owned from here on, also when this fails.</param>
    /// <param name="authenticates">Whether this end is the server: the client is authenticated, the sizes of its messages are bounded, and
    /// what goes wrong in handling one ends its connection only (<see cref="End"/>).</param>
    /// <exception cref="BusException">sd-bus is missing, or refused.</exception>
    /// <exception cref="LinuxException">No descriptor is free.</exception>
    public static BusConnection OverSocket(EventLoop loop, FileDescriptor socket, bool authenticates)
    {
        using FileDescriptor owned = socket;
        (UnixSocket fed, UnixSocket feeding) = UnixSocket.CreatePair();
        using (fed)
        {
            BusGate gate = MakeGate(owned, feeding, authenticates);
            try
            {
                // A server's writes to a client that is not let in yet must not reach it.
                using FileDescriptor output = (authenticates ? fed.Descriptor : owned).Duplicate();
                return Start(loop, fed.Descriptor, output, address: null, gate, authenticates);
            }
            catch
            {
                gate.Dispose();
                throw;
            }
        }
    }

    /// <summary>Connects to a message bus, such as <c>unix:path=/run/user/1000/bus</c>.</summary>
    /// <exception cref="BusException">Nobody answers at the address.</exception>
    public static BusConnection ToBus(EventLoop loop, string address)
    {
        return Start(loop, input: null, output: null, address, gate: null, isServer: false);
    }

    /// <summary>A place for replies, made once and used for any number of calls; lives as long as the connection.</summary>
    public ReplyHandler OnReply(BusHandler handler) => new(NewHandle(handler));

    /// <summary>Gives every call on every object to <paramref name="handler"/>.</summary>
    public unsafe void Export(BusHandler handler)
    {
        nint handle = NewHandle(handler);
        fixed (byte* root = "/"u8)
        {
            // SAFETY: a text that ends with a zero, pinned, and a function that is there for ever.
            BusException.Check(SdBus.sd_bus_add_fallback(_bus, 0, root, &OnMessage, handle), "sd_bus_add_fallback");
        }
    }

    /// <summary>Gives every PropertiesChanged signal to <paramref name="handler"/>.</summary>
    public unsafe void OnPropertiesChanged(BusHandler handler)
    {
        nint handle = NewHandle(handler);
        fixed (byte* rule = "type='signal',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'"u8)
        {
            // SAFETY: as in Export.
            BusException.Check(SdBus.sd_bus_add_match_async(_bus, 0, rule, &OnMessage, 0, handle), "sd_bus_add_match");
        }
    }

    /// <summary>Starts a call.</summary>
    /// <param name="destination">Empty on a connection between peers.</param>
    public unsafe BusMessage NewCall(ReadOnlySpan<byte> destination, ReadOnlySpan<byte> path, ReadOnlySpan<byte> interfaceName, ReadOnlySpan<byte> member)
    {
        ThrowIfClosed();
        fixed (byte* to = destination, at = path, of = interfaceName, name = member)
        {
            // SAFETY: texts that end with zeroes, pinned.
            BusException.Check(SdBus.sd_bus_message_new_method_call(_bus, out nint message, destination.IsEmpty ? null : to, at, of, name), "D-Bus call");
            return new BusMessage(message);
        }
    }

    /// <summary>Starts a signal.</summary>
    public unsafe BusMessage NewSignal(ReadOnlySpan<byte> path, ReadOnlySpan<byte> interfaceName, ReadOnlySpan<byte> member)
    {
        ThrowIfClosed();
        fixed (byte* at = path, of = interfaceName, name = member)
        {
            // SAFETY: texts that end with zeroes, pinned.
            BusException.Check(SdBus.sd_bus_message_new_signal(_bus, out nint message, at, of, name), "D-Bus signal");
            return new BusMessage(message);
        }
    }

    /// <summary>Starts the reply to a call.</summary>
    public static BusMessage NewReply(BusMessage call)
    {
        BusException.Check(SdBus.sd_bus_message_new_method_return(call.Pointer, out nint message), "D-Bus reply");
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
    public unsafe void ReplyError(BusMessage call, string name, string text)
    {
        // The text may quote what a client sent, so its length is limited.
        fixed (byte* nameBytes = Encoding.UTF8.GetBytes(name + '\0'), textBytes = Encoding.UTF8.GetBytes(PeerText.Line(text) + '\0'))
        {
            var error = new SdBus.Error { Name = nameBytes, Message = textBytes };
            // SAFETY: sd-bus copies both texts, which end with zeroes and are pinned.
            CloseIfFailed(SdBus.sd_bus_reply_method_error(call.Pointer, &error));
        }
        AfterSend();
    }

    /// <summary>Sends a signal or a reply. Whether it arrives shows in <see cref="Closed"/>.</summary>
    public void Send(BusMessage message)
    {
        if (_bus != 0)
        {
            CloseIfFailed(SdBus.sd_bus_send(_bus, message.Pointer, 0));
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
    public unsafe void Call(BusMessage message, ReplyHandler reply, TimeSpan? timeout = null)
    {
        if (_bus != 0)
        {
            ulong microseconds = timeout is { } limit ? (ulong)limit.TotalMicroseconds : SdBus.NEVER;
            // SAFETY: a function that is there for ever.
            CloseIfFailed(SdBus.sd_bus_call_async(_bus, 0, message.Pointer, &OnMessage, reply.Handle, microseconds));
            AfterSend();
        }
    }

    /// <summary>Sends a call and runs the loop until it is answered.</summary>
    /// <param name="timeout">From now on. sd-bus alone would count it from the end of the authentication, for which a peer has 90 s.</param>
    /// <param name="read">Reads the reply's values.</param>
    /// <exception cref="BusException">The peer answered with an error, not at all, or is gone.</exception>
    /// <exception cref="LinuxException">No descriptor is free.</exception>
    public void CallAndWait(BusMessage message, TimeSpan timeout, Action<BusMessage>? read = null)
    {
        bool answered = false;
        string? failure = null;
        string? closed = null;
        bool isLate = false;
        Action<string>? told = Closed;
        using var deadline = new LoopTimer(_loop, () => isLate = true);
        deadline.SetAfter(timeout);
        Closed = why =>
        {
            closed = why;
            told?.Invoke(why);
        };
        try
        {
            Call(message, OnReply(reply =>
            {
                if (isLate)
                {
                    return true;
                }
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
            while (!answered && !isLate && closed is null && _bus != 0)
            {
                _loop.RunOnce(Timeout.Infinite);
            }
        }
        finally
        {
            Closed = told;
        }
        if (failure is not null || closed is not null || !answered)
        {
            throw new BusException(failure ?? closed ?? (isLate ? $"there was no answer for {timeout.TotalSeconds:0.###} s" : "the connection was closed"));
        }
    }

    /// <summary>Closes the connection; replies that are still awaited never come.</summary>
    public void Dispose()
    {
        if (_bus == 0)
        {
            return;
        }
        nint bus = _bus;
        _bus = 0;
        _watch.Dispose();
        _timer.Dispose();
        SdBus.sd_bus_close(bus);
        SdBus.sd_bus_unref(bus);
        if (!_processing)
        {
            Free();
        }
    }

    private static nint New()
    {
        try
        {
            BusException.Check(SdBus.sd_bus_new(out nint bus), "sd_bus_new");
            return bus;
        }
        catch (DllNotFoundException)
        {
            throw new BusException($"the display protocol needs {SdBus.Library}, which this system lacks: install the package libsystemd0 (Debian) or systemd-libs");
        }
    }

    /// <summary>Puts a gate between a peer and what sd-bus reads from.</summary>
    /// <param name="socket">Stays the caller's.</param>
    /// <param name="feeding">Owned by the gate; disposed if this fails.</param>
    private static BusGate MakeGate(FileDescriptor socket, UnixSocket feeding, bool toClient)
    {
        UnixSocket? peer = null;
        try
        {
            socket.SetNonBlocking();
            // A server's picture in bands comes with a descriptor for each.
            int most = toClient ? UnixSocket.MaxDescriptors : UnixSocket.KernelMostDescriptors;
            peer = new UnixSocket(socket.Duplicate()) { MostDescriptors = most };
            var bus = new UnixSocket(feeding.Descriptor) { MostDescriptors = most };
            return toClient ? BusGate.ToClient(peer, bus) : BusGate.ToServer(peer, bus);
        }
        catch
        {
            peer?.Dispose();
            feeding.Dispose();
            throw;
        }
    }

    /// <summary>Sets sd-bus up and starts it.</summary>
    /// <param name="input">What it reads from, null where it connects by <paramref name="address"/>; its number is taken once that is safe.</param>
    /// <param name="output">What it writes to.</param>
    /// <param name="gate">Null where it connects by <paramref name="address"/>.</param>
    private static BusConnection Start(EventLoop loop, FileDescriptor? input, FileDescriptor? output, string? address, BusGate? gate, bool isServer)
    {
        nint bus = 0;
        FileDescriptor? watched = null;
        BusConnection? connection = null;
        try
        {
            bus = New();
            int written = output?.Number ?? -1;
            if (input is not null && output is not null)
            {
                BusException.Check(SdBus.sd_bus_set_fd(bus, input.Number, written), "sd_bus_set_fd");
                input.Release();
                output.Release();
            }
            else
            {
                BusException.Check(SdBus.sd_bus_set_address(bus, address!), $"D-Bus address '{address}'");
                BusException.Check(SdBus.sd_bus_set_bus_client(bus, 1), "sd_bus_set_bus_client");
            }
            if (isServer)
            {
                SdBus.Id128 id = default;
                // As in BusAuthentication.
                _ = Guid.NewGuid().TryWriteBytes(MemoryMarshal.AsBytes(new Span<SdBus.Id128>(ref id)));
                BusException.Check(SdBus.sd_bus_set_server(bus, 1, id), "sd_bus_set_server");
            }
            BusException.Check(SdBus.sd_bus_negotiate_fds(bus, 1), "sd_bus_negotiate_fds");
            BusException.Check(SdBus.sd_bus_start(bus), address is null ? "sd_bus_start" : $"connect to '{address}'");
            if (gate is null)
            {
                watched = FileDescriptor.DuplicateOf(BusException.Check(SdBus.sd_bus_get_fd(bus), "sd_bus_get_fd"));
            }
            connection = new BusConnection(loop, bus, gate, watched, isServer, written);
            connection.Watch();
            return connection;
        }
        catch
        {
            if (connection is null)
            {
                SdBus.sd_bus_unref(bus);
                watched?.Dispose();
            }
            connection?.Dispose();
            throw;
        }
    }

    private void OnReady(LoopEvents events)
    {
        if (_gate is not null && !_processing && (events & ~LoopEvents.Writable) != LoopEvents.None)
        {
            _gate.Receive();
        }
        _isIdle &= (events & LoopEvents.Writable) == LoopEvents.None;
        Pump();
    }

    /// <summary>Handles what came and writes what waits. Runs from the loop only: sd-bus does not nest.</summary>
    private void Pump()
    {
        if (_processing || _bus == 0)
        {
            return;
        }
        int result = 1;
        _processing = true;
        try
        {
            for (int i = 0; i < Burst && result > 0 && _bus != 0 && _thrown is null && _broken is null; i++)
            {
                result = Process();
            }
        }
        catch (Exception e) when (e is LinuxException or BusException)
        {
            _broken = new BusEnd(BusEndKind.Dismissed, $"the connection broke: {e.Message}");
        }
        _processing = false;
        if (_bus == 0)
        {
            Free();
        }
        else if (FindEnd(result) is { } end)
        {
            Close(end);
        }
        else
        {
            Watch();
            if (result > 0 && _gate is not null)
            {
                // The burst is over, and sd-bus may have more: nobody waits on what feeds it.
                _loop.Post(Pump);
            }
        }
        ExceptionDispatchInfo? thrown = _thrown;
        _thrown = null;
        thrown?.Throw();
    }

    /// <summary>Hands sd-bus the next message if it waits for one, and lets it do one thing.</summary>
    /// <returns>What sd_bus_process returns: positive if there may be more to do, zero if not, or a negative errno.</returns>
    private int Process()
    {
        // Asking sd-bus whether more has come is a system call, and what comes to it is known here.
        if (_isIdle && !HandOn())
        {
            return 0;
        }
        _isIdle = false;
        int result = SdBus.sd_bus_process(_bus, 0);
        _isIdle |= result == 0 && _gate is not null;
        return _isIdle ? 1 : result;
    }

    private BusEnd? FindEnd(int result)
    {
        if (_broken is not null)
        {
            return _broken;
        }
        if (_gate?.Fault is { } fault)
        {
            return new BusEnd(BusEndKind.Dismissed, fault);
        }
        if (result < 0)
        {
            bool isGone = (Errno)(-result) is Errno.ECONNRESET or Errno.EPIPE or Errno.ENOTCONN;
            return new BusEnd(isGone ? BusEndKind.Gone : BusEndKind.Dismissed, $"the connection broke: {LibC.DescribeErrno(-result)}");
        }
        return (_isIdle && _gate is { IsOver: true }) || SdBus.sd_bus_is_open(_bus) <= 0
            ? new BusEnd(BusEndKind.Gone, "the other end closed the connection")
            : null;
    }

    /// <summary>Gives sd-bus the peer's next message, if there is one; a client's only while it reads its answers.</summary>
    private bool HandOn()
    {
        if (_gate is null || _bus == 0)
        {
            return false;
        }
        if (!_isServer)
        {
            return _gate.HandOn();
        }
        if (!_gate.IsAuthenticated)
        {
            return false;
        }
        if (!_isLetIn)
        {
            LetIn();
        }
        return Queued < MostAnswersUnread && _gate.HandOn();
    }

    /// <summary>Completes sd-bus's own authentication; from now on it may write to the client.</summary>
    private void LetIn()
    {
        _gate!.AuthenticateToBus();
        while (SdBus.sd_bus_is_ready(_bus) == 0)
        {
            if (BusException.Check(SdBus.sd_bus_process(_bus, 0), "sd_bus_process") == 0)
            {
                throw new BusException("sd-bus did not end its authentication");
            }
        }
        _gate.Peer.Replace(_output);
        _isLetIn = true;
        _clientDue = null;
    }

    private void OnTime()
    {
        _isIdle = false;
        Pump();
        EndIfLate(EventLoop.Now);
    }

    /// <summary>Dismisses a client that has used up its time.</summary>
    /// <param name="now"><see cref="EventLoop.Now"/>'s clock.</param>
    internal void EndIfLate(long now)
    {
        if (_bus != 0 && _clientDue is { } due && now >= due)
        {
            Close(new BusEnd(BusEndKind.Dismissed, _isLetIn
                ? $"it has read nothing for {ReadingTime.TotalSeconds:0} s"
                : $"it did not authenticate itself within {AuthenticationTime.TotalSeconds:0} s"));
        }
    }

    /// <summary>Watches exactly what sd-bus waits for.</summary>
    private void Watch()
    {
        // POLLIN, POLLOUT are EPOLLIN, EPOLLOUT.
        var events = (LoopEvents)Math.Max(SdBus.sd_bus_get_events(_bus), 0);
        ulong queued = Queued;
        if (_gate is not null)
        {
            // What sd-bus reads is handed to it here.
            bool listens = !_isServer || !_isLetIn || queued < MostAnswersUnread;
            events = (events & LoopEvents.Writable) | (listens ? LoopEvents.Readable : LoopEvents.None);
            if (listens && _gate.HasMessage)
            {
                _loop.Post(Pump);
            }
            if (_isLetIn && (queued == 0 || queued < _lastQueued))
            {
                _clientDue = null;
            }
            if (_isLetIn && queued > 0)
            {
                _clientDue ??= EventLoop.Now + (long)ReadingTime.TotalNanoseconds;
            }
        }
        if (events != _events)
        {
            _events = events;
            _watch.Change(events);
        }
        SetTimer();
        if (queued > MostQueued)
        {
            CloseSoon(new BusEnd(BusEndKind.Dismissed, $"it has left {MostQueued} messages unread"));
        }
        bool drained = _lastQueued > 0 && queued == 0;
        _lastQueued = queued;
        if (drained && Drained is { } told)
        {
            TellDrained(told);
        }
    }

    private void TellDrained(Action told)
    {
        try
        {
            told();
        }
#pragma warning disable CA1031 // As in OnMessage: one client's must not end the others'.
        catch (Exception e) when (_isServer)
#pragma warning restore CA1031
        {
            CloseSoon(EndOf(e));
        }
    }

    /// <summary>What an exception in a handler means for the client that it was handling.</summary>
    private static BusEnd EndOf(Exception e) => e switch
    {
        BusMessageException => new BusEnd(BusEndKind.Dismissed, $"it sent {e.Message}"),
        BusException or LinuxException => new BusEnd(BusEndKind.Dismissed, $"what it asked for could not be done: {e.Message}"),
        _ => new BusEnd(BusEndKind.Defect, $"a defect of this program in handling what it sent: {e.Message}", e),
    };

    /// <summary>Sets the timer to what comes first: what sd-bus waits for, or the client's time.</summary>
    private void SetTimer()
    {
        long? due = _clientDue;
        if (SdBus.sd_bus_get_timeout(_bus, out ulong microseconds) > 0 && microseconds != SdBus.NEVER)
        {
            due = Math.Min(due ?? long.MaxValue, Math.Max((long)Math.Min(microseconds, long.MaxValue / 1000) * 1000, 1));
        }
        if (due == _timer.DueAt)
        {
            return;
        }
        if (due is { } at)
        {
            _timer.SetAt(at);
        }
        else
        {
            _timer.Cancel();
        }
    }

    private void AfterSend()
    {
        if (_bus != 0 && !_processing)
        {
            Watch();
        }
    }

    private void CloseIfFailed(int result)
    {
        if (result < 0)
        {
            CloseSoon(FindEnd(result)!);
        }
    }

    /// <summary>Closes from the loop, not from within somebody's send.</summary>
    private void CloseSoon(BusEnd end) => _loop.Post(() => Close(end));

    private void Close(BusEnd end)
    {
        if (_bus != 0)
        {
            Dispose();
            End = end;
            Closed?.Invoke(end.Reason);
        }
    }

    private void ThrowIfClosed()
    {
        if (_bus == 0)
        {
            throw new BusException("the D-Bus connection is closed");
        }
    }

    private nint NewHandle(BusHandler handler)
    {
        GCHandle handle = GCHandle.Alloc(new Registration(this, handler));
        _handles.Add(handle);
        return GCHandle.ToIntPtr(handle);
    }

    /// <summary>Lets go of what callbacks and the pump use.</summary>
    private void Free()
    {
        _gate?.Dispose();
        _watched.Dispose();
        foreach (GCHandle handle in _handles)
        {
            handle.Free();
        }
        _handles.Clear();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnMessage(nint message, nint userdata, nint error)
    {
        // SAFETY: a registration's handle is freed only after its bus is, and never while sd_bus_process runs.
        var registration = (Registration)GCHandle.FromIntPtr((nint)userdata).Target!;
        BusConnection connection = registration.Connection;
        if (connection._bus == 0)
        {
            return 1;
        }
        // One that sd-bus made itself, such as the error for an answer that never came, has another number.
        connection._isIdle = connection._gate is { } gate && SdBus.sd_bus_message_get_cookie(message, out ulong cookie) >= 0 && cookie == gate.LastHandedOn;
        try
        {
            return registration.Handler(new BusMessage(message)) ? 1 : 0;
        }
#pragma warning disable CA1031 // An exception must not cross into C, and one client's must not end the others': Pump sees to it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (connection._isServer || e is BusMessageException)
            {
                connection._broken ??= EndOf(e);
            }
            else
            {
                connection._thrown ??= ExceptionDispatchInfo.Capture(e);
            }
            return 1;
        }
    }

    /// <inheritdoc cref="OnReply"/>
    public readonly struct ReplyHandler(nint handle)
    {
        internal nint Handle { get; } = handle;
    }

    private sealed record Registration(BusConnection Connection, BusHandler Handler);
}
