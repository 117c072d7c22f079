using FbShare.Display.DBus;
using FbShare.Input;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Display.Client;

/// <summary>One console of a display in another process: what it shows, and its keyboard, pointer and size.</summary>
/// <remarks>Lives on the client's loop.</remarks>
public sealed partial class RemoteConsole : IDisposable
{
    private readonly DisplayClient _client;
    private readonly byte[] _path;
    private readonly BusConnection.ReplyHandler _inputReply;
    private readonly BusConnection.ReplyHandler _pointerReply;
    private readonly BusConnection.ReplyHandler _sizeReply;
    private readonly List<BusMessage> _owed = [];
    private BusConnection? _listener;
    private IDisplayView? _view;
    /// <summary>Nanoseconds that a device holds a flush back for its readers, less some for the way of the update.</summary>
    private const long SurelyHeld = 35_000_000;

    /// <summary>After this long without a flush, a guest that draws frame after frame has stopped.</summary>
    public static readonly TimeSpan SettledAfter = TimeSpan.FromMilliseconds(100);

    private bool _takeDmaBuf;

    /// <summary>Whether the last update told of another flush than the one before.</summary>
    private bool _cameWithFlush;


    /// <summary>No picture has come yet. The first dma-buf of a QEMU is drawn already, and no update follows until the guest draws again.</summary>
    private bool _isNew;
    private (int Width, int Height) _told;

    internal RemoteConsole(DisplayClient client, uint id)
    {
        _client = client;
        Id = id;
        _path = System.Text.Encoding.UTF8.GetBytes($"{DisplayProtocol.ConsolePrefix}{id}\0");
        _pointerReply = client.Connection.OnReply(reply =>
        {
            if (!reply.IsError && reply.HasSignature("a{sv}"u8))
            {
                TakeProperties(reply);
            }
            return true;
        });
        _inputReply = client.Connection.OnReply(reply =>
        {
            InputPending--;
            if (reply.IsRefusal)
            {
                (string name, string text) = reply.Error;
                InputRefused?.Invoke(new InputRefusal(name == BusErrors.Invalid ? InputRefusalKind.Misfit : InputRefusalKind.Other, text));
            }
            if (InputPending == 0)
            {
                InputSettled?.Invoke();
            }
            return true;
        });
        _sizeReply = client.Connection.OnReply(reply =>
        {
            if (reply.HasSignature("a{sv}"u8))
            {
                TakeProperties(reply);
                FollowSize();
            }
            return true;
        });
    }

    /// <summary>The display it belongs to.</summary>
    public DisplayClient Client => _client;

    /// <summary>The console's number, as in <c>--output</c>.</summary>
    public uint Id { get; }

    /// <summary>The server's name for it.</summary>
    public string Label { get; private set; } = "";

    /// <summary>False for QEMU's text consoles (monitor, serial).</summary>
    public bool IsGraphic { get; private set; } = true;

    /// <summary>The console's size in pixels: the picture's, or what the server said before there was one.</summary>
    public int Width { get; private set; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; private set; }

    /// <summary>Whether the guest's pointer takes positions rather than movements.</summary>
    public bool PointerIsAbsolute { get; private set; } = true;

    /// <summary>How the picture travels, as far as the server says it: a device of ours does, QEMU does not.</summary>
    public RemoteStatus Status { get; private set; } = RemoteStatus.Unknown;

    /// <summary>What it shows; null while nothing.</summary>
    public RemotePicture? Picture { get; private set; }

    /// <summary>The guest's flush that the last <see cref="IDisplayView.Update(Rect)"/> told of; null where the server does not say: a device of
    /// ours does, QEMU does not.</summary>
    public FlushMark? LastFlush { get; private set; }

    /// <summary>Whether what was just read of <see cref="Picture"/> is one frame, and not partly the next one. To be asked right after reading, in
    /// <see cref="IDisplayView.Update(ReadOnlySpan{Rect})"/> or later.</summary>
    /// <remarks>A guest that waits for its flushes does not draw while one is read, but for no longer than the device holds the flush back. A
    /// picture that came with no flush of its own, as the first one, may be drawn on meanwhile, unless nothing has been flushed for a while. Where
    /// the answer is no, the next update has the whole frame; where none comes within <see cref="SettledAfter"/>, what is there has settled.</remarks>
    /// <param name="start">When the reading began (<see cref="EventLoop.Now"/>).</param>
    public bool IsOneFrame(long start)
    {
        if (LastFlush is not { } flush)
        {
            // Not told: QEMU waits for the answer in any case.
            return true;
        }
        bool isHeld = _cameWithFlush && (Picture?.Source != RemotePictureSource.DmaBuf || EventLoop.Now - flush.At < SurelyHeld);
        return isHeld || start - flush.At > SettledAfter.TotalNanoseconds;
    }

    /// <summary>The pointer's picture; null before there is one.</summary>
    public CursorImage? Cursor { get; private set; }

    /// <summary>Where the pointer is, as far as the display has told.</summary>
    public CursorPosition CursorPosition { get; private set; }

    /// <summary>Told when the size, the status or the pointer's kind changed.</summary>
    public Action? Changed { get; set; }

    /// <summary>Told why a key or pointer event was not taken.</summary>
    public Action<InputRefusal>? InputRefused { get; set; }

    /// <summary>How many events (keys, pointer, size) the display has not answered yet.</summary>
    public int InputPending { get; private set; }

    /// <summary>Told when the display has answered every event.</summary>
    public Action? InputSettled { get; set; }

    /// <summary>Starts to watch: the view is shown the present picture soon, and all that follow.</summary>
    /// <param name="view">Told of pictures and the pointer.</param>
    /// <param name="takeDmaBuf">Ask for zero copy where the server can.</param>
    /// <exception cref="DisplayException">The server refused the listener.</exception>
    public void Watch(IDisplayView view, bool takeDmaBuf)
    {
        if (_listener is not null)
        {
            throw new InvalidOperationException("the console is watched already");
        }
        _view = view;
        _takeDmaBuf = takeDmaBuf;
        _isNew = true;
        LastFlush = null;
        _cameWithFlush = false;
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (theirs)
        {
            BusConnection listener = BusConnection.OverSocket(_client.Loop, ours.Descriptor, authenticates: false);
            _listener = listener;
            listener.Export(Handle);
            listener.Closed = why => _client.Lose(listener, $"the display of output {Id}", why);
            using BusMessage call = NewCall(DisplayProtocol.ConsoleUtf8, DisplayProtocol.ConsoleCalls.RegisterListenerUtf8);
            call.Append(theirs.Descriptor);
            _client.CallAndWait(call, $"watch output {Id}");
        }
    }

    /// <summary>Stops watching; the view is told of nothing more and its pictures are disposed. <see cref="Watch"/> may follow, by another path.</summary>
    public void Unwatch()
    {
        foreach (BusMessage call in _owed)
        {
            call.Dispose();
        }
        _owed.Clear();
        _listener?.Dispose();
        _listener = null;
        IDisplayView? view = _view;
        _view = null;
        if (Picture is { Source: not RemotePictureSource.DmaBuf } last)
        {
            view?.Forget(last);
            last.Dispose();
        }
        Picture = null;
        foreach (Kept kept in _kept)
        {
            view?.Forget(kept.Picture);
            kept.Picture.Dispose();
        }
        _kept.Clear();
    }

    /// <summary>The view has read what <see cref="IDisplayView.Update(Rect)"/> told it of.</summary>
    public void Done()
    {
        foreach (BusMessage call in _owed)
        {
            _listener?.Reply(call);
            call.Dispose();
        }
        _owed.Clear();
    }

    /// <summary>Asks again for <see cref="Status"/>, waiting for the answer.</summary>
    /// <exception cref="DisplayException">The server did not answer.</exception>
    public void RefreshStatus()
    {
        if (Status.IsKnown)
        {
            ReadProperties(DisplayProtocol.ConsoleExtension);
        }
    }

    /// <summary>Asks again for <see cref="PointerIsAbsolute"/>; <see cref="Changed"/> tells of the answer. A guest's driver changes it, and
    /// nobody is told.</summary>
    public void RefreshPointer()
    {
        using BusMessage call = NewCall(DisplayProtocol.PropertiesUtf8, DisplayProtocol.GetAllUtf8);
        call.Append(DisplayProtocol.Mouse);
        _client.Connection.Call(call, _pointerReply);
    }

    /// <summary>Presses or releases a key, by QEMU's number (the XT scancode, 0x80 more for those behind 0xe0).</summary>
    public void Key(uint number, bool pressed)
    {
        using BusMessage call = NewCall(DisplayProtocol.KeyboardUtf8, pressed ? DisplayProtocol.ConsoleCalls.PressUtf8 : DisplayProtocol.ConsoleCalls.ReleaseUtf8);
        call.Append(number);
        SendInput(call);
    }

    /// <summary>Presses or releases a button of the mouse.</summary>
    public void Button(MouseButton button, bool pressed)
    {
        using BusMessage call = NewCall(DisplayProtocol.MouseUtf8, pressed ? DisplayProtocol.ConsoleCalls.PressUtf8 : DisplayProtocol.ConsoleCalls.ReleaseUtf8);
        call.Append((uint)button);
        SendInput(call);
    }

    /// <summary>Puts the pointer at a pixel, where <see cref="PointerIsAbsolute"/>.</summary>
    public void MoveTo(int x, int y)
    {
        using BusMessage call = NewCall(DisplayProtocol.MouseUtf8, DisplayProtocol.ConsoleCalls.SetAbsPositionUtf8);
        call.Append((uint)Math.Max(x, 0));
        call.Append((uint)Math.Max(y, 0));
        SendInput(call);
    }

    /// <summary>Moves the pointer, where not <see cref="PointerIsAbsolute"/>.</summary>
    public void MoveBy(int dx, int dy)
    {
        using BusMessage call = NewCall(DisplayProtocol.MouseUtf8, DisplayProtocol.ConsoleCalls.RelMotionUtf8);
        call.Append(dx);
        call.Append(dy);
        SendInput(call);
    }

    /// <summary>A finger, in pixels.</summary>
    public void Touch(TouchKind kind, int slot, double x, double y)
    {
        using BusMessage call = NewCall(DisplayProtocol.MultiTouchUtf8, DisplayProtocol.ConsoleCalls.SendEventUtf8);
        call.Append((uint)kind);
        call.Append((ulong)slot);
        call.Append(x);
        call.Append(y);
        SendInput(call);
    }

    /// <summary>Asks the guest for another size; it may follow, which shows as another picture.</summary>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="widthMm">The window's size in millimetres, 0 where unknown.</param>
    /// <param name="heightMm">As above.</param>
    public void Resize(int width, int height, int widthMm = 0, int heightMm = 0)
    {
        using BusMessage call = NewCall(DisplayProtocol.ConsoleUtf8, DisplayProtocol.ConsoleCalls.SetUIInfoUtf8);
        call.Append((ushort)Math.Clamp(widthMm, 0, ushort.MaxValue));
        call.Append((ushort)Math.Clamp(heightMm, 0, ushort.MaxValue));
        call.Append(0);
        call.Append(0);
        call.Append((uint)width);
        call.Append((uint)height);
        SendInput(call);
    }

    /// <summary>Stops watching.</summary>
    public void Dispose() => Unwatch();

    /// <summary>Reads what the server says of the console, waiting for the answers.</summary>
    internal void Learn()
    {
        ReadProperties(DisplayProtocol.Console);
        // A text console has neither.
        if (IsGraphic)
        {
            ReadProperties(DisplayProtocol.Mouse);
        }
    }

    /// <summary>Takes the values of an a{sv} of one of the console's interfaces.</summary>
    internal void TakeProperties(BusMessage message)
    {
        (int Width, int Height) told = _told;
        message.ReadProperties((name, type, value) =>
        {
            switch (name, type)
            {
                case (DisplayProtocol.PropertyNames.Label, "s"):
                    Label = PeerText.Name(value.ReadString());
                    return true;
                case (DisplayProtocol.PropertyNames.Type, "s"):
                    IsGraphic = value.ReadString() == DisplayProtocol.PropertyNames.GraphicConsole;
                    return true;
                case (DisplayProtocol.PropertyNames.Width, "u"):
                    _told.Width = Width = (int)Math.Min(value.ReadUInt32(), FrameLayout.MaxDimension);
                    return true;
                case (DisplayProtocol.PropertyNames.Height, "u"):
                    _told.Height = Height = (int)Math.Min(value.ReadUInt32(), FrameLayout.MaxDimension);
                    return true;
                case (DisplayProtocol.PropertyNames.IsAbsolute, "b"):
                    PointerIsAbsolute = value.ReadBoolean();
                    return true;
                case (DisplayProtocol.InterfacesProperty, "as"):
                    Status = Status with { IsKnown = value.ReadStrings().Contains(DisplayProtocol.ConsoleExtension) };
                    return true;
                case (DisplayProtocol.PropertyNames.ResourceKind, "s"):
                    Status = Status with { ResourceKind = PeerText.Name(value.ReadString()) };
                    return true;
                case (DisplayProtocol.PropertyNames.Path, "s"):
                    Status = Status with { Path = PeerText.Name(value.ReadString()) };
                    return true;
                case (DisplayProtocol.PropertyNames.PathReason, "s"):
                    Status = Status with { Reason = PeerText.Line(value.ReadString()) };
                    return true;
                case (DisplayProtocol.PropertyNames.Cure, "s"):
                    Status = Status with { Cure = PeerText.Line(value.ReadString()) };
                    return true;
                default:
                    return false;
            }
        });
        if (_told != told && Picture is { Source: RemotePictureSource.Messages } picture && _told != (picture.Layout.Width, picture.Layout.Height))
        {
            AskSize();
        }
        Changed?.Invoke();
    }

    /// <summary>Sizes and pictures come on different connections, so it cannot be seen which is older: the console's present size decides.</summary>
    private void AskSize()
    {
        using BusMessage call = NewCall(DisplayProtocol.PropertiesUtf8, DisplayProtocol.GetAllUtf8);
        call.Append(DisplayProtocol.Console);
        _client.Connection.Call(call, _sizeReply);
    }

    private void ReadProperties(string interfaceName)
    {
        using BusMessage call = NewCall(DisplayProtocol.PropertiesUtf8, DisplayProtocol.GetAllUtf8);
        call.Append(interfaceName);
        _client.CallAndWait(call, $"read {interfaceName} of output {Id}", reply =>
        {
            if (reply.HasSignature("a{sv}"u8))
            {
                TakeProperties(reply);
            }
        });
    }

    private BusMessage NewCall(ReadOnlySpan<byte> interfaceName, ReadOnlySpan<byte> member) =>
        _client.Connection.NewCall(_client.Destination, _path, interfaceName, member);

    private void SendInput(BusMessage call)
    {
        if (_client.Connection.IsOpen)
        {
            InputPending++;
            _client.Connection.Call(call, _inputReply);
        }
    }
}
