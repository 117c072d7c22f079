using FbShare.Display.DBus;
using FbShare.Linux;
using FbShare.Pictures;
using Microsoft.Extensions.Logging;

namespace FbShare.Display.Server;

/// <summary>One registered listener: a consumer of an output that lives in another process, behind a D-Bus connection of its own.</summary>
/// <remarks>At most one update is unanswered at a time, and the lease of its frame is kept until the answer comes. The hub gathers what
/// changes meanwhile, so a slow listener costs neither memory nor the guest's time.</remarks>
internal sealed partial class DisplayListener : IDisplayConsumer, IDisposable
{
    private readonly EventLoop _loop;
    private readonly DisplayHub _hub;
    private readonly ILogger _log;
    private readonly BusConnection _connection;
    private readonly BusConnection.ReplyHandler _dmaBufShown;
    private readonly BusConnection.ReplyHandler _mapShown;
    private readonly BusConnection.ReplyHandler _updated;

    private State _state = State.Asked;
    private FrameLease _lease;

    /// <summary>What the listener said it has, and what turned out not to work.</summary>
    private Capabilities _can;
    private FrameLayout? _refusedDmaBuf;
    private FrameLayout? _tooLarge;

    private Way _way;
    private FrameLayout _layout;
    private LateCursor _late;

    /// <param name="socket">The client made it and keeps the other end; this end is owned from here on, also when this fails.</param>
    /// <param name="name">Who this is, for the log.</param>
    /// <exception cref="BusException">The socket cannot be used.</exception>
    /// <exception cref="LinuxException">No descriptor or no memory.</exception>
    public DisplayListener(EventLoop loop, DisplayHub hub, int output, FileDescriptor socket, string name, ILogger log)
    {
        _loop = loop;
        _hub = hub;
        _log = log;
        Output = output;
        Name = name;
        _connection = BusConnection.OverSocket(loop, socket, authenticates: true);
        try
        {
            _dmaBufShown = _connection.OnReply(reply => Shown(reply, Way.DmaBuf));
            _mapShown = _connection.OnReply(reply => Shown(reply, Way.Map));
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

    private enum State
    {
        /// <summary>It was asked which interfaces it has; until it answers it is not a consumer.</summary>
        Asked,

        /// <summary>It has seen all that it was told.</summary>
        Idle,

        /// <summary>It was told of a change and has not answered: the lease of that frame is kept.</summary>
        Reading,

        /// <summary>It is gone.</summary>
        Closed,
    }

    [Flags]
    private enum Capabilities
    {
        None = 0,
        Map = 1,
        DmaBuf2 = 2,
        Bands = 4,
        Flushes = 8,
        Parts = 16,
    }

    /// <summary>How the listener was given the picture that it has.</summary>
    private enum Way
    {
        None,
        DmaBuf,
        Map,
        Messages,
    }

    /// <summary>What of the pointer is told when the listener has read what it was sent before.</summary>
    [Flags]
    private enum LateCursor
    {
        None = 0,
        Picture = 1,
        Position = 2,
    }

    public int Output { get; }

    public string Name { get; }

    /// <summary>Told when the client closed its end.</summary>
    public Action<DisplayListener, string>? Gone { get; set; }

    /// <summary>How its connection ended; null while it has not.</summary>
    public BusEnd? End => _connection.End;

    /// <summary>Told when the client has seen an update, or that there is nothing to see.</summary>
    public Action<int>? Showed { get; set; }

    /// <summary>Told when the client begins to owe something.</summary>
    public Action<DisplayListener>? Waits { get; set; }

    /// <summary>Since when the client owes an answer or has left messages unread (<see cref="EventLoop.Now"/>); null: it does not.</summary>
    public long? WaitingSince { get; private set; }

    /// <summary>What it owes, for the log.</summary>
    public string Debt => _state switch
    {
        State.Asked => "did not answer which interfaces it has",
        State.Reading => "did not answer an update",
        _ => "has left messages unread",
    };

    private bool CanMap => Has(Capabilities.Map);

    /// <summary>Asked at every update, where HasFlag boxes until the code has run hot.</summary>
    private bool Has(Capabilities capability) => (_can & capability) != 0;

    public PictureForms Takes(FrameLayout picture)
    {
        // FbShare's own viewers map a whole buffer; others map at the offset they are told, which must then be a page's.
        PictureForms buffers = CanMap && !Has(Capabilities.Flushes) ? PictureForms.None : PictureForms.BufferAnywhere;
        return picture == _refusedDmaBuf
            ? buffers
            : buffers | PictureForms.DmaBuf
                | (Has(Capabilities.DmaBuf2) ? PictureForms.DmaBufAnywhere : PictureForms.None)
                | (Has(Capabilities.Bands) ? PictureForms.DmaBufBands : PictureForms.None);
    }

    public void Present(in Frame frame)
    {
        try
        {
            _layout = frame.Layout;
            if (frame.IsNew)
            {
                SendPicture(frame);
            }
            else if (_way == Way.None)
            {
                // The picture is too large for it, which was logged when the picture was new.
                return;
            }
            if (SendUpdate(frame))
            {
                _lease = frame.Keep();
                _state = State.Reading;
                Await();
            }
            else
            {
                ShowNothing(frame.Layout);
            }
        }
        catch (Exception e) when (e is BusException or LinuxException)
        {
            // This process has no descriptors or memory left for the listener: it is disconnected, and the device goes on.
            _way = Way.None;
            _log.ListenerDisconnected(Name, Output, e.Message);
            _loop.Post(() => Gone?.Invoke(this, e.Message));
        }
    }

    public void Disable()
    {
        _way = Way.None;
        using BusMessage m = NewCall(DisplayProtocol.Listener, DisplayProtocol.ListenerCalls.Disable);
        _connection.SendCall(m);
        WatchQueue();
        Showed?.Invoke(Output);
    }

    public void DefineCursor(CursorImage? image)
    {
        if (_connection.Queued > 0)
        {
            _late |= LateCursor.Picture;
            return;
        }
        if (image is null)
        {
            MoveCursor(_hub.GetCursorPosition(Output) with { Visible = false });
            return;
        }
        using BusMessage m = NewCall(DisplayProtocol.Listener, DisplayProtocol.ListenerCalls.CursorDefine);
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
            _late |= LateCursor.Position;
            return;
        }
        using BusMessage m = NewCall(DisplayProtocol.Listener, DisplayProtocol.ListenerCalls.MouseSet);
        m.Append(position.X);
        m.Append(position.Y);
        m.Append(position.Visible ? 1 : 0);
        _connection.SendCall(m);
        WatchQueue();
    }

    public void Dispose()
    {
        State before = _state;
        _state = State.Closed;
        if (before is State.Idle or State.Reading)
        {
            _hub.Detach(Output, this);
        }
        _connection.Dispose();
    }

    private void AskForCapabilities()
    {
        using BusMessage m = NewCall(DisplayProtocol.PropertiesUtf8, DisplayProtocol.GetAllUtf8);
        m.Append(DisplayProtocol.ListenerName);
        _connection.Call(m, _connection.OnReply(LearnCapabilities));
        Await();
    }

    /// <summary>The client's first reply: it can take descriptors from now on, so the picture may come.</summary>
    private bool LearnCapabilities(BusMessage reply)
    {
        if (_state != State.Asked)
        {
            return true;
        }
        WaitingSince = null;
        // Listeners of QEMU 7.2 have no properties at all: they answer with an error, which is correct.
        if (!reply.IsError && reply.HasSignature("a{sv}"u8))
        {
            reply.ReadProperties((name, type, value) =>
            {
                if (name != DisplayProtocol.InterfacesProperty || type != "as")
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
                        DisplayProtocol.PartsName => Capabilities.Parts,
                        _ => Capabilities.None,
                    };
                }
                return true;
            });
        }
        _state = State.Idle;
        _hub.Attach(Output, this);
        return true;
    }

    /// <summary>A new picture was answered; an update of it may have been sent already.</summary>
    private bool Shown(BusMessage reply, Way by)
    {
        if (_way == by && reply.IsRefusal)
        {
            TakeRefusal(reply);
        }
        return true;
    }

    /// <summary>An update was answered: the listener has read the frame.</summary>
    private bool Updated(BusMessage reply)
    {
        if (_state != State.Reading)
        {
            return true;
        }
        _state = State.Idle;
        WaitingSince = null;
        if (_way == Way.DmaBuf && reply.IsRefusal)
        {
            TakeRefusal(reply);
        }
        Showed?.Invoke(Output);
        _lease.GiveBack();
        return true;
    }

    /// <summary>The listener cannot take the picture this way: it is shown again in the next best way.</summary>
    private void TakeRefusal(BusMessage reply)
    {
        (string name, string text) = reply.Error;
        string cause = text.Length > 0 ? text : name;
        if (_way == Way.DmaBuf)
        {
            _refusedDmaBuf = _layout;
            _log.DmaBufRefused(Name, Output, _layout, cause);
        }
        else
        {
            _can &= ~Capabilities.Map;
            _log.MapRefused(Name, Output, _layout, cause);
        }
        _way = Way.None;
        _hub.ShowAgain(Output, this);
    }

    /// <summary>There is no way to show this listener the picture.</summary>
    private void ShowNothing(FrameLayout layout)
    {
        if (layout != _tooLarge)
        {
            _tooLarge = layout;
            _log.PictureTooLarge(Name, Output, layout.Width, layout.Height, DisplayProtocol.MapName);
        }
        Disable();
    }

    private void SendLateCursor()
    {
        if (_state == State.Idle)
        {
            WaitingSince = null;
        }
        LateCursor late = _late;
        _late = LateCursor.None;
        if ((late & LateCursor.Picture) != 0)
        {
            DefineCursor(_hub.GetCursor(Output));
        }
        if ((late & LateCursor.Position) != 0)
        {
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
