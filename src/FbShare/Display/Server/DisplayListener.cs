using FbShare.Display.DBus;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Display.Server;

/// <summary>One registered listener: a consumer of an output that lives in another process, behind a D-Bus connection of its own.</summary>
/// <remarks>At most one update is under way. What changes meanwhile is gathered, and told when the listener has answered, so a
/// slow one costs neither memory nor the guest's time.</remarks>
internal sealed partial class DisplayListener : IDisplayConsumer, IDisposable
{
    private readonly EventLoop _loop;
    private readonly DisplayHub _hub;
    private readonly BusConnection _connection;
    private readonly BusConnection.ReplyHandler _dmaBufShown;
    private readonly BusConnection.ReplyHandler _mapShown;
    private readonly BusConnection.ReplyHandler _updated;
    private Capabilities _can;
    private bool _attached;

    private Wire _wire;
    private Scanout? _scanout;
    private FrameLayout _layout;
    private FrameBuffer? _buffer;
    private FrameLayout? _refusedDmaBuf;
    private bool _refusedMap;

    private bool _inFlight;
    private bool _isFresh;
    private bool _showAgain;
    private bool _cursorLate;
    private bool _positionLate;
    private Rect _pending;

    /// <param name="socket">The client's end was made by the client; this one is owned from here on.</param>
    /// <param name="name">Who this is, for the log.</param>
    /// <exception cref="BusException">The socket is not one.</exception>
    public DisplayListener(EventLoop loop, DisplayHub hub, int output, FileDescriptor socket, string name)
    {
        _loop = loop;
        _hub = hub;
        Output = output;
        Name = name;
        _connection = BusConnection.OverSocket(loop, socket, authenticates: true);
        try
        {
            _dmaBufShown = _connection.OnReply(reply => Shown(reply, Wire.DmaBuf));
            _mapShown = _connection.OnReply(reply => Shown(reply, Wire.Map));
            _updated = _connection.OnReply(Updated);
            _connection.Closed = why => Gone?.Invoke(this, why);
            _connection.Drained = SendLateCursor;
            AskForCapabilities();
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    [Flags]
    private enum Capabilities
    {
        None = 0,
        Map = 1,
        DmaBuf2 = 2,
        Bands = 4,
        Flushes = 8,
    }

    /// <summary>How the present picture was told.</summary>
    private enum Wire
    {
        None,
        DmaBuf,
        Map,
        Inline,
    }

    public int Output { get; }

    public string Name { get; }

    /// <summary>Told when the client closed its end.</summary>
    public Action<DisplayListener, string>? Gone { get; set; }

    /// <summary>How its connection ended; null while it has not.</summary>
    public BusEnd? End => _connection.End;

    /// <summary>Told what the user should know.</summary>
    public Action<string>? Log { get; set; }

    /// <summary>Told when the client has seen an update, or that there is nothing to see.</summary>
    public Action<int>? Showed { get; set; }

    /// <summary>Told when this begins to wait for the client.</summary>
    public Action<DisplayListener>? Waits { get; set; }

    /// <summary>Since when the client owes an answer or has left messages unread (<see cref="EventLoop.Now"/>); null: it does not.</summary>
    public long? WaitingSince { get; private set; }

    /// <summary>What it owes, for the log.</summary>
    public string Debt => !_attached ? "did not answer which interfaces it has"
        : _inFlight ? "did not answer an update"
        : "has left messages unread";

    public bool TakesDmaBuf
    {
        get
        {
            if (_hub.GetScanout(Output) is not { } scanout || scanout.Layout == _refusedDmaBuf)
            {
                return false;
            }
            return scanout.Export?.Frame is not { } frame || CanTell(frame);
        }
    }

    public void ShowDmaBuf(Scanout scanout, DmaBufFrame frame)
    {
        try
        {
            TellDmaBuf(scanout, frame);
        }
        catch (Exception e) when (e is BusException or LinuxException)
        {
            GiveUp(e);
        }
    }

    public void ShowBuffer(Scanout scanout, FrameBuffer buffer, FrameLayout layout)
    {
        try
        {
            TellBuffer(scanout, buffer, layout);
        }
        catch (Exception e) when (e is BusException or LinuxException)
        {
            GiveUp(e);
        }
    }

    public void Disable()
    {
        Forget();
        using BusMessage m = NewCall(DisplayProtocol.Listener, "Disable"u8);
        _connection.SendCall(m);
        WatchQueue();
        Showed?.Invoke(Output);
    }

    public bool Update(Rect damage)
    {
        if (_isFresh)
        {
            // The picture was sent whole a moment ago.
            _isFresh = false;
            return _inFlight;
        }
        if (_inFlight || _showAgain)
        {
            _pending = _pending.Union(damage);
            return true;
        }
        return SendUpdate(damage);
    }

    public void DefineCursor(CursorImage? image)
    {
        if (_connection.Queued > 0)
        {
            _cursorLate = true;
            return;
        }
        if (image is null)
        {
            MoveCursor(_hub.GetCursorPosition(Output) with { Visible = false });
            return;
        }
        using BusMessage m = NewCall(DisplayProtocol.Listener, "CursorDefine"u8);
        m.Append(image.Width);
        m.Append(image.Height);
        m.Append(image.HotX);
        m.Append(image.HotY);
        image.Pixels.Span.CopyTo(m.AppendBytes(image.Pixels.Length));
        _connection.SendCall(m);
        WatchQueue();
    }

    public void MoveCursor(CursorPosition position)
    {
        if (_connection.Queued > 0)
        {
            _positionLate = true;
            return;
        }
        using BusMessage m = NewCall(DisplayProtocol.Listener, "MouseSet"u8);
        m.Append(position.X);
        m.Append(position.Y);
        m.Append(position.Visible ? 1 : 0);
        _connection.SendCall(m);
        WatchQueue();
    }

    public void Dispose()
    {
        if (_attached)
        {
            _attached = false;
            _hub.Detach(Output, this);
        }
        _connection.Dispose();
    }

    private void TellDmaBuf(Scanout scanout, DmaBufFrame frame)
    {
        if (!CanTell(frame))
        {
            // The bands are only known once they are made.
            _refusedDmaBuf = scanout.Layout;
            _showAgain = true;
        }
        if (!Begin(scanout, scanout.Layout))
        {
            return;
        }
        _buffer = null;
        _wire = Wire.DmaBuf;
        if (frame.Bands.Count > 1)
        {
            SendBands(frame);
        }
        else if (_can.HasFlag(Capabilities.DmaBuf2))
        {
            SendDmaBuf2(frame);
        }
        else
        {
            SendDmaBuf(frame);
        }
    }

    private void TellBuffer(Scanout scanout, FrameBuffer buffer, FrameLayout layout)
    {
        // The same buffer again: the listener has it mapped.
        if (_wire == Wire.Map && ReferenceEquals(buffer, _buffer) && layout == _layout && !_showAgain)
        {
            _scanout = scanout;
            return;
        }
        if (!Begin(scanout, layout))
        {
            return;
        }
        _buffer = buffer;
        if (_can.HasFlag(Capabilities.Map) && !_refusedMap && layout.Offset <= uint.MaxValue)
        {
            _wire = Wire.Map;
            using BusMessage m = NewCall(DisplayProtocol.Map, "ScanoutMap"u8);
            m.Append(buffer.ReadOnly);
            m.Append((uint)layout.Offset);
            AppendGeometry(m, layout, layout.Stride);
            _connection.Call(m, _mapShown);
        }
        else
        {
            _wire = Wire.Inline;
            SendPixels(layout.Bounds, whole: true);
        }
    }

    /// <summary>This process has run out of descriptors or memory for the listener: it goes, the device goes on.</summary>
    private void GiveUp(Exception cause)
    {
        Forget();
        Log?.Invoke($"{Name} is let go from output {Output}: {cause.Message}");
        _loop.Post(() => Gone?.Invoke(this, cause.Message));
    }

    private bool CanTell(DmaBufFrame frame) => frame.Bands.Count == 1
        ? _can.HasFlag(Capabilities.DmaBuf2) ? frame.Bands[0].Offset <= uint.MaxValue : frame.Bands[0].Offset == 0
        : _can.HasFlag(Capabilities.Bands);

    private void AskForCapabilities()
    {
        using BusMessage m = NewCall(DisplayProtocol.PropertiesUtf8, "GetAll"u8);
        m.Append(DisplayProtocol.ListenerName);
        _connection.Call(m, _connection.OnReply(LearnCapabilities));
        Await();
    }

    /// <summary>The client's first reply: it can take descriptors from now on, so the picture may come.</summary>
    private bool LearnCapabilities(BusMessage reply)
    {
        WaitingSince = null;
        // Listeners of QEMU 7.2's time have no properties at all, which is an error here and no fault.
        if (!reply.IsError && reply.HasSignature("a{sv}"u8))
        {
            reply.ReadProperties((name, type, value) =>
            {
                if (name != "Interfaces" || type != "as")
                {
                    return false;
                }
                foreach (string interfaceName in value.ReadStrings())
                {
                    _can |= interfaceName switch
                    {
                        DisplayProtocol.MapName => Capabilities.Map,
                        DisplayProtocol.DmaBuf2Name => Capabilities.DmaBuf2,
                        DisplayProtocol.BandsName => Capabilities.Bands,
                        DisplayProtocol.FlushesName => Capabilities.Flushes,
                        _ => Capabilities.None,
                    };
                }
                return true;
            });
        }
        _attached = true;
        _hub.Attach(Output, this);
        return true;
    }

    /// <summary>Takes note of a new picture; false if it cannot be told yet.</summary>
    private bool Begin(Scanout scanout, FrameLayout layout)
    {
        _scanout = scanout;
        _layout = layout;
        _isFresh = false;
        _pending = default;
        if (_inFlight)
        {
            // What is shown now may be gone by the time of the answer, so the hub is asked again then.
            _showAgain = true;
            _wire = Wire.None;
            _buffer = null;
            return false;
        }
        if (_showAgain)
        {
            ShowAgainSoon();
            return false;
        }
        return true;
    }

    private void Forget()
    {
        _wire = Wire.None;
        _scanout = null;
        _buffer = null;
        _showAgain = false;
        _isFresh = false;
        _pending = default;
    }

    private void ShowAgainSoon() => _loop.Post(() =>
    {
        if (_attached && _showAgain && !_inFlight)
        {
            _showAgain = false;
            _hub.PathChanged(Output, this);
        }
    });

    private void CallUpdate(BusMessage m)
    {
        _inFlight = true;
        _connection.Call(m, _updated);
        Await();
    }

    private bool Shown(BusMessage reply, Wire by)
    {
        if (_wire == by && reply.IsRefusal)
        {
            Refuse(reply);
        }
        return true;
    }

    /// <summary>The listener cannot take the picture this way: it is told the next best.</summary>
    private void Refuse(BusMessage reply)
    {
        (string name, string text) = reply.Error;
        string cause = text.Length > 0 ? text : name;
        if (_wire == Wire.DmaBuf)
        {
            _refusedDmaBuf = _scanout?.Layout;
            Log?.Invoke($"{Name} could not take output {Output} ({_layout}) as a dma-buf and gets a copy: {cause}");
        }
        else
        {
            _refusedMap = true;
            Log?.Invoke($"{Name} could not map output {Output} ({_layout}) and gets pixels in messages: {cause}");
        }
        _wire = Wire.None;
        _showAgain = true;
        if (!_inFlight)
        {
            ShowAgainSoon();
        }
    }

    private bool Updated(BusMessage reply)
    {
        _inFlight = false;
        WaitingSince = null;
        if (!_attached)
        {
            return true;
        }
        if (_wire == Wire.DmaBuf && reply.IsRefusal)
        {
            Refuse(reply);
        }
        Showed?.Invoke(Output);
        if (_showAgain)
        {
            _showAgain = false;
            _pending = default;
            _hub.PathChanged(Output, this);
        }
        else if (!_pending.IsEmpty && ReferenceEquals(_hub.GetScanout(Output), _scanout))
        {
            Rect damage = _pending;
            _pending = default;
            _hub.Refresh(Output);
            SendUpdate(damage);
        }
        else
        {
            _pending = default;
            _hub.Done(Output, this);
        }
        return true;
    }

    private void SendLateCursor()
    {
        if (_attached && !_inFlight)
        {
            WaitingSince = null;
        }
        if (_cursorLate)
        {
            _cursorLate = false;
            DefineCursor(_hub.GetCursor(Output));
        }
        if (_positionLate)
        {
            _positionLate = false;
            MoveCursor(_hub.GetCursorPosition(Output));
        }
    }

    private void WatchQueue()
    {
        if (_connection.Queued > 0)
        {
            Await();
        }
    }

    private void Await()
    {
        if (WaitingSince is null)
        {
            WaitingSince = EventLoop.Now;
            Waits?.Invoke(this);
        }
    }
}
