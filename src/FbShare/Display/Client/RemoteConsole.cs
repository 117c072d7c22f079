using FbShare.Display.DBus;
using FbShare.Display.Server;
using FbShare.Linux;

namespace FbShare.Display.Client;

/// <summary>One console of a display in another process: what it shows, and its keyboard, pointer and size.</summary>
/// <remarks>Lives on the client's loop.</remarks>
public sealed class RemoteConsole : IDisposable
{
    /// <summary>Flips go round a few buffers; this many are kept so that each is imported once.</summary>
    private const int MostKept = 4;

    private const int MostCursorSize = 1024;

    private readonly DisplayClient _client;
    private readonly byte[] _path;
    private readonly BusConnection.ReplyHandler _inputReply;
    private readonly BusConnection.ReplyHandler _pointerReply;
    private readonly List<(FileStatus File, RemotePicture Picture)> _kept = [];
    private readonly List<BusMessage> _owed = [];
    private BusConnection? _listener;
    private IDisplayView? _view;
    private bool _takeDmaBuf;

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
            if (reply.IsRefusal)
            {
                InputRefused?.Invoke(reply.Error.Text);
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

    /// <summary>The console's size in pixels as the server last said it.</summary>
    public int Width { get; private set; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; private set; }

    /// <summary>Whether the guest's pointer takes positions rather than movements.</summary>
    public bool PointerIsAbsolute { get; private set; } = true;

    /// <summary>How the picture travels, as far as the server says it: a device of ours does, QEMU does not.</summary>
    public RemoteStatus Status { get; private set; } = RemoteStatus.Unknown;

    /// <summary>What it shows; null while nothing.</summary>
    public RemotePicture? Picture { get; private set; }

    /// <summary>The pointer's picture; null before there is one.</summary>
    public CursorImage? Cursor { get; private set; }

    public CursorPosition CursorPosition { get; private set; }

    /// <summary>Told when the size, the status or the pointer's kind changed.</summary>
    public Action? Changed { get; set; }

    /// <summary>Told why a key or pointer event was not taken.</summary>
    public Action<string>? InputRefused { get; set; }

    /// <summary>Begins to look: the view is told of the present picture soon, and of all that follow.</summary>
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
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (theirs)
        {
            _listener = BusConnection.OverSocket(_client.Loop, ours.Descriptor, authenticates: false);
            _listener.Export(Handle);
            _listener.Closed = why => _client.Lose($"the display let go of output {Id}: {why}");
            using BusMessage call = NewCall("org.qemu.Display1.Console"u8, "RegisterListener"u8);
            call.Append(theirs.Descriptor);
            _client.CallAndWait(call, $"watch output {Id}");
        }
    }

    /// <summary>Ends looking; the view is told of nothing more and its pictures are disposed. <see cref="Watch"/> may follow, by another path.</summary>
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
        foreach ((_, RemotePicture picture) in _kept)
        {
            view?.Forget(picture);
            picture.Dispose();
        }
        _kept.Clear();
    }

    /// <summary>The view has read what <see cref="IDisplayView.Update"/> told it of.</summary>
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
        using BusMessage call = NewCall("org.freedesktop.DBus.Properties"u8, "GetAll"u8);
        call.Append(DisplayProtocol.Mouse);
        _client.Connection.Call(call, _pointerReply);
    }

    /// <summary>Presses or lets go a key, by QEMU's number (the XT scancode, 0x80 more for those behind 0xe0).</summary>
    public void Key(uint number, bool pressed)
    {
        using BusMessage call = NewCall("org.qemu.Display1.Keyboard"u8, pressed ? "Press"u8 : "Release"u8);
        call.Append(number);
        SendInput(call);
    }

    public void Button(MouseButton button, bool pressed)
    {
        using BusMessage call = NewCall("org.qemu.Display1.Mouse"u8, pressed ? "Press"u8 : "Release"u8);
        call.Append((uint)button);
        SendInput(call);
    }

    /// <summary>Puts the pointer at a pixel, where <see cref="PointerIsAbsolute"/>.</summary>
    public void MoveTo(int x, int y)
    {
        using BusMessage call = NewCall("org.qemu.Display1.Mouse"u8, "SetAbsPosition"u8);
        call.Append((uint)Math.Max(x, 0));
        call.Append((uint)Math.Max(y, 0));
        SendInput(call);
    }

    /// <summary>Moves the pointer, where not <see cref="PointerIsAbsolute"/>.</summary>
    public void MoveBy(int dx, int dy)
    {
        using BusMessage call = NewCall("org.qemu.Display1.Mouse"u8, "RelMotion"u8);
        call.Append(dx);
        call.Append(dy);
        SendInput(call);
    }

    /// <summary>A finger, in pixels.</summary>
    public void Touch(TouchKind kind, int slot, double x, double y)
    {
        using BusMessage call = NewCall("org.qemu.Display1.MultiTouch"u8, "SendEvent"u8);
        call.Append((uint)kind);
        call.Append((ulong)slot);
        call.Append(x);
        call.Append(y);
        SendInput(call);
    }

    /// <summary>Asks the guest for another size; it may follow, which shows as another picture.</summary>
    /// <param name="widthMm">The window's size in millimetres, 0 where unknown.</param>
    /// <param name="heightMm">As above.</param>
    public void Resize(int width, int height, int widthMm = 0, int heightMm = 0)
    {
        using BusMessage call = NewCall("org.qemu.Display1.Console"u8, "SetUIInfo"u8);
        call.Append((ushort)Math.Clamp(widthMm, 0, ushort.MaxValue));
        call.Append((ushort)Math.Clamp(heightMm, 0, ushort.MaxValue));
        call.Append(0);
        call.Append(0);
        call.Append((uint)width);
        call.Append((uint)height);
        SendInput(call);
    }

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
        message.ReadProperties((name, type, value) =>
        {
            switch (name, type)
            {
                case ("Label", "s"):
                    Label = value.ReadString();
                    return true;
                case ("Type", "s"):
                    IsGraphic = value.ReadString() == "Graphic";
                    return true;
                case ("Width", "u"):
                    Width = (int)Math.Min(value.ReadUInt32(), FrameLayout.MaxDimension);
                    return true;
                case ("Height", "u"):
                    Height = (int)Math.Min(value.ReadUInt32(), FrameLayout.MaxDimension);
                    return true;
                case ("IsAbsolute", "b"):
                    PointerIsAbsolute = value.ReadBoolean();
                    return true;
                case ("Interfaces", "as"):
                    Status = Status with { IsKnown = value.ReadStrings().Contains(DisplayProtocol.ConsoleExtension) };
                    return true;
                case ("ResourceKind", "s"):
                    Status = Status with { ResourceKind = value.ReadString() };
                    return true;
                case ("Path", "s"):
                    Status = Status with { Path = value.ReadString() };
                    return true;
                case ("PathReason", "s"):
                    Status = Status with { Reason = value.ReadString() };
                    return true;
                case ("Cure", "s"):
                    Status = Status with { Cure = value.ReadString() };
                    return true;
                default:
                    return false;
            }
        });
        FollowSize();
        Changed?.Invoke();
    }

    private void ReadProperties(string interfaceName)
    {
        using BusMessage call = NewCall("org.freedesktop.DBus.Properties"u8, "GetAll"u8);
        call.Append(interfaceName);
        _client.CallAndWait(call, $"read {interfaceName} of output {Id}", reply =>
        {
            if (reply.HasSignature("a{sv}"u8))
            {
                TakeProperties(reply);
            }
        });
    }

    /// <summary>Answers the server's calls on our listener object. The picture calls come at the guest's rate.</summary>
    private bool Handle(BusMessage call)
    {
        ReadOnlySpan<byte> of = call.Interface;
        ReadOnlySpan<byte> member = call.Member;
        if (of.SequenceEqual(DisplayProtocol.Map))
        {
            return member.SequenceEqual("UpdateMap"u8) ? TakeUpdate(call)
                : member.SequenceEqual("ScanoutMap"u8) && TakeMap(call);
        }
        if (of.SequenceEqual(DisplayProtocol.DmaBuf2))
        {
            return member.SequenceEqual("ScanoutDMABUF2"u8) && TakeDmaBuf2(call);
        }
        if (of.SequenceEqual(DisplayProtocol.Bands))
        {
            return member.SequenceEqual("ScanoutBands"u8) && TakeBands(call);
        }
        if (of.SequenceEqual(DisplayProtocol.Listener))
        {
            return member.SequenceEqual("UpdateDMABUF"u8) ? TakeUpdate(call)
                : member.SequenceEqual("MouseSet"u8) ? TakePosition(call)
                : member.SequenceEqual("Update"u8) ? TakePixels(call)
                : member.SequenceEqual("Scanout"u8) ? TakeWhole(call)
                : member.SequenceEqual("ScanoutDMABUF"u8) ? TakeDmaBuf(call)
                : member.SequenceEqual("CursorDefine"u8) ? TakeCursor(call)
                : member.SequenceEqual("Disable"u8) && TakeDisable(call);
        }
        return of.SequenceEqual("org.freedesktop.DBus.Properties"u8) && member.SequenceEqual("GetAll"u8) && call.HasSignature("s"u8) && AnswerGetAll(call);
    }

    private bool AnswerGetAll(BusMessage call)
    {
        bool isListener = call.ReadString() == "org.qemu.Display1.Listener";
        using BusMessage reply = BusConnection.NewReply(call);
        reply.Open('a', "{sv}"u8);
        if (isListener)
        {
            string[] interfaces = _takeDmaBuf
                ? [DisplayProtocol.MapName, DisplayProtocol.DmaBuf2Name, DisplayProtocol.BandsName]
                : [DisplayProtocol.MapName];
            reply.Open('e', "sv"u8);
            reply.Append("Interfaces");
            reply.AppendVariant("as", m => m.AppendStrings(interfaces));
            reply.Close();
        }
        reply.Close();
        _listener?.Send(reply);
        return true;
    }

    private bool TakeMap(BusMessage call)
    {
        if (!call.HasSignature("huuuuu"u8))
        {
            return Refuse(call, "ScanoutMap takes 'huuuuu'");
        }
        FileDescriptor file = call.ReadDescriptor();
        uint offset = call.ReadUInt32();
        uint width = call.ReadUInt32();
        uint height = call.ReadUInt32();
        uint stride = call.ReadUInt32();
        uint code = call.ReadUInt32();
        RemotePicture picture;
        try
        {
            if (!PixmanFormats.TryFromPixman(code, out DrmFormat format))
            {
                file.Dispose();
                return Refuse(call, $"pixel format 0x{code:x8} is not known here");
            }
            if (!FrameLayout.TryCreate(format, width, height, stride, offset, file.GetStatus().Size, out FrameLayout layout, out string? why))
            {
                file.Dispose();
                return Refuse(call, why);
            }
            picture = RemotePicture.OfMap(file, layout);
        }
        catch (LinuxException e)
        {
            file.Dispose();
            return Refuse(call, e.Message);
        }
        return Show(call, picture);
    }

    private bool TakeDmaBuf(BusMessage call)
    {
        if (!call.HasSignature("huuuutb"u8) || !_takeDmaBuf)
        {
            return Refuse(call, "this viewer takes no dma-bufs");
        }
        FileDescriptor file = call.ReadDescriptor();
        uint width = call.ReadUInt32();
        uint height = call.ReadUInt32();
        uint stride = call.ReadUInt32();
        uint fourcc = call.ReadUInt32();
        ulong modifier = call.ReadUInt64();
        bool isTopDown = call.ReadBoolean();
        return ShowDmaBuf(call, [file], [new BandPlace(0, height, stride, 0)], width, height, fourcc, modifier, !isTopDown);
    }

    private bool TakeDmaBuf2(BusMessage call)
    {
        if (!call.HasSignature("ahuuuuauauuuuutb"u8) || !_takeDmaBuf)
        {
            return Refuse(call, "this viewer takes no dma-bufs");
        }
        var files = new List<FileDescriptor>();
        call.Enter('a', "h"u8);
        while (!call.IsAtEnd)
        {
            files.Add(call.ReadDescriptor());
        }
        call.Exit();
        uint x = call.ReadUInt32();
        uint y = call.ReadUInt32();
        uint width = call.ReadUInt32();
        uint height = call.ReadUInt32();
        ReadOnlySpan<uint> offsets = call.ReadUInt32s();
        ReadOnlySpan<uint> strides = call.ReadUInt32s();
        uint planes = call.ReadUInt32();
        uint fourcc = call.ReadUInt32();
        call.ReadUInt32();
        call.ReadUInt32();
        ulong modifier = call.ReadUInt64();
        bool isTopDown = call.ReadBoolean();
        if (planes != 1 || files.Count != 1 || offsets.Length != 1 || strides.Length != 1)
        {
            return Refuse(call, $"a picture of {planes} planes is not known here", files);
        }
        ulong offset = offsets[0] + ((ulong)y * strides[0]) + ((ulong)x * DrmFormats.BytesPerPixel);
        return ShowDmaBuf(call, files, [new BandPlace(0, height, strides[0], offset)], width, height, fourcc, modifier, !isTopDown);
    }

    private bool TakeBands(BusMessage call)
    {
        if (!call.HasSignature("uuuta(huuut)"u8) || !_takeDmaBuf)
        {
            return Refuse(call, "this viewer takes no dma-bufs");
        }
        uint width = call.ReadUInt32();
        uint height = call.ReadUInt32();
        uint fourcc = call.ReadUInt32();
        ulong modifier = call.ReadUInt64();
        var files = new List<FileDescriptor>();
        var places = new List<BandPlace>();
        call.Enter('a', "(huuut)"u8);
        while (call.Enter('r', "huuut"u8))
        {
            files.Add(call.ReadDescriptor());
            places.Add(new BandPlace(call.ReadUInt32(), call.ReadUInt32(), call.ReadUInt32(), call.ReadUInt64()));
            call.Exit();
        }
        call.Exit();
        return ShowDmaBuf(call, files, places, width, height, fourcc, modifier, isBottomUp: false);
    }

    /// <summary>Checks a picture in dma-bufs and shows it, as the object it was before if its first buffer is known.</summary>
    /// <param name="files">Owned from here on.</param>
    private bool ShowDmaBuf(
        BusMessage call, List<FileDescriptor> files, List<BandPlace> places, uint width, uint height, uint fourcc, ulong modifier, bool isBottomUp)
    {
        var format = (DrmFormat)fourcc;
        if (!Enum.IsDefined(format))
        {
            return Refuse(call, $"pixel format 0x{fourcc:x8} is not known here", files);
        }
        var bands = new DmaBufBand[files.Count];
        FrameLayout layout = default;
        uint row = 0;
        for (int i = 0; i < bands.Length; i++)
        {
            BandPlace place = places[i];
            long size = LibC.lseek(files[i], 0, LibC.SEEK_END);
            bool isLinear = modifier is DisplayProtocol.ModifierLinear or DisplayProtocol.ModifierUnknown;
            // A tiled picture's bytes are the GPU's business.
            if (!FrameLayout.TryCreate(format, width, place.Height, place.Stride, place.Offset, isLinear ? size : long.MaxValue, out FrameLayout band, out string? why))
            {
                return Refuse(call, why, files);
            }
            if (place.Y != row)
            {
                return Refuse(call, $"a band begins at row {place.Y} and not at {row}", files);
            }
            row += place.Height;
            layout = i == 0 ? band : layout;
            bands[i] = new DmaBufBand(files[i], (int)place.Y, (int)place.Height, (int)place.Stride, (long)place.Offset, size);
        }
        if (row != height || !FrameLayout.TryCreate(format, width, height, (uint)layout.Stride, (ulong)layout.Offset, long.MaxValue, out layout, out _))
        {
            return Refuse(call, $"the bands have {row} rows and the picture {height}", files);
        }
        FileStatus identity = files[0].GetStatus();
        RemotePicture? known = _kept.Find(k => k.File == identity && k.Picture.Layout == layout && k.Picture.DmaBuf!.Bands.Count == bands.Length).Picture;
        if (known is not null)
        {
            files.ForEach(f => f.Dispose());
            return Show(call, known);
        }
        var frame = new DmaBufFrame(format, (int)width, (int)height, bands);
        RemotePicture picture = RemotePicture.OfDmaBuf(frame, layout, modifier, isBottomUp);
        if (_kept.Count == MostKept)
        {
            (FileStatus File, RemotePicture Picture) oldest = _kept.Find(k => !ReferenceEquals(k.Picture, Picture));
            _kept.Remove(oldest);
            Retire(oldest.Picture);
        }
        _kept.Add((identity, picture));
        return Show(call, picture);
    }

    private bool Show(BusMessage call, RemotePicture picture)
    {
        RemotePicture? before = Picture;
        Picture = picture;
        Width = picture.Layout.Width;
        Height = picture.Layout.Height;
        string? refusal = _view?.Show(picture);
        if (before is { Source: not RemotePictureSource.DmaBuf } && !ReferenceEquals(before, picture))
        {
            Retire(before);
        }
        if (picture.Source != RemotePictureSource.DmaBuf)
        {
            foreach ((_, RemotePicture kept) in _kept)
            {
                Retire(kept);
            }
            _kept.Clear();
        }
        if (refusal is not null && picture.Source == RemotePictureSource.DmaBuf)
        {
            return Refuse(call, refusal);
        }
        // A whole picture in a message is its own update.
        if (picture.Source != RemotePictureSource.Messages)
        {
            _listener?.Reply(call);
        }
        return true;
    }

    private void Retire(RemotePicture picture)
    {
        _view?.Forget(picture);
        picture.Dispose();
    }

    private bool TakeUpdate(BusMessage call) =>
        call.HasSignature("iiii"u8) ? Update(call, ReadRect(call)) : Refuse(call, "an update takes 'iiii'");

    private static Rect ReadRect(BusMessage call)
    {
        int x = call.ReadInt32();
        int y = call.ReadInt32();
        int width = call.ReadInt32();
        int height = call.ReadInt32();
        // Clipped before anything is added: what is left cannot overflow.
        return x < 0 || y < 0 || width <= 0 || height <= 0 ? default
            : new Rect(x, y, Math.Min(width, FrameLayout.MaxDimension), Math.Min(height, FrameLayout.MaxDimension));
    }

    private bool Update(BusMessage call, Rect damage)
    {
        if (Picture is null)
        {
            return Refuse(call, "there is no picture to update");
        }
        damage = damage.Intersect(Picture.Layout.Bounds);
        if (damage.IsEmpty || _view?.Update(damage) != false)
        {
            _listener?.Reply(call);
        }
        else if (call.ExpectsReply)
        {
            _owed.Add(call.Keep());
        }
        return true;
    }

    /// <summary>Scanout: a new picture, in the message.</summary>
    private bool TakeWhole(BusMessage call)
    {
        if (!call.HasSignature("uuuuay"u8))
        {
            return Refuse(call, "Scanout takes 'uuuuay'");
        }
        uint width = call.ReadUInt32();
        uint height = call.ReadUInt32();
        uint stride = call.ReadUInt32();
        uint code = call.ReadUInt32();
        ReadOnlySpan<byte> pixels = call.ReadBytes();
        if (!PixmanFormats.TryFromPixman(code, out DrmFormat format))
        {
            return Refuse(call, $"pixel format 0x{code:x8} is not known here");
        }
        if (!FrameLayout.TryCreate(format, width, height, stride, 0, pixels.Length, out FrameLayout layout, out string? why))
        {
            return Refuse(call, why);
        }
        RemotePicture picture = OwnPicture(format, layout.Width, layout.Height);
        picture.Write(layout.Bounds, pixels, layout.Stride);
        return Show(call, picture) && Update(call, layout.Bounds);
    }

    /// <summary>Update: a part of the picture, in the message.</summary>
    private bool TakePixels(BusMessage call)
    {
        if (!call.HasSignature("iiiiuuay"u8))
        {
            return Refuse(call, "Update takes 'iiiiuuay'");
        }
        Rect area = ReadRect(call);
        uint stride = call.ReadUInt32();
        uint code = call.ReadUInt32();
        ReadOnlySpan<byte> pixels = call.ReadBytes();
        if (!PixmanFormats.TryFromPixman(code, out DrmFormat format))
        {
            return Refuse(call, $"pixel format 0x{code:x8} is not known here");
        }
        if (!FrameLayout.TryCreate(format, (uint)area.Width, (uint)area.Height, stride, 0, pixels.Length, out _, out string? why))
        {
            return Refuse(call, why);
        }
        if (Picture is not { Source: RemotePictureSource.Messages } picture || picture.Layout.Format != format
            || area.Right > picture.Layout.Width || area.Bottom > picture.Layout.Height)
        {
            picture = Outgrow(call, format, area);
        }
        Rect part = area.Intersect(picture.Layout.Bounds);
        if (!part.IsEmpty)
        {
            picture.Write(part, pixels, (int)stride);
        }
        return Update(call, part);
    }

    /// <summary>QEMU 7.2 sends updates of a larger surface without a Scanout before them: the picture grows to the console's size.</summary>
    private RemotePicture Outgrow(BusMessage call, DrmFormat format, Rect area)
    {
        int width = Math.Min(Math.Max(Width, area.Right), FrameLayout.MaxDimension);
        int height = Math.Min(Math.Max(Height, area.Bottom), FrameLayout.MaxDimension);
        RemotePicture grown = RemotePicture.OfMessages(format, width, height);
        Keep(grown);
        Show(call, grown);
        return grown;
    }

    /// <summary>Neither does it say when the surface shrinks: a picture in messages has the console's size.</summary>
    private void FollowSize()
    {
        if (Picture is not { Source: RemotePictureSource.Messages } picture || Width == 0 || Height == 0)
        {
            return;
        }
        if (Width != picture.Layout.Width || Height != picture.Layout.Height)
        {
            RemotePicture followed = RemotePicture.OfMessages(picture.Layout.Format, Width, Height);
            Keep(followed);
            Picture = followed;
            _view?.Show(followed);
            Retire(picture);
            _view?.Update(followed.Layout.Bounds);
        }
    }

    /// <summary>Copies what the present picture and a new one share.</summary>
    private void Keep(RemotePicture next)
    {
        if (Picture is { Source: RemotePictureSource.Messages } now && now.Layout.Format == next.Layout.Format)
        {
            Rect common = now.Layout.Bounds.Intersect(next.Layout.Bounds);
            using RemotePicture.Reading reading = now.Read();
            next.Write(common, reading[0].Pixels, reading[0].Stride);
        }
    }

    /// <summary>The present picture again if it has the size, so that a view need not make anything new.</summary>
    private RemotePicture OwnPicture(DrmFormat format, int width, int height) =>
        Picture is { Source: RemotePictureSource.Messages } now && now.Layout.Format == format && now.Layout.Width == width && now.Layout.Height == height
            ? now
            : RemotePicture.OfMessages(format, width, height);

    private bool TakeDisable(BusMessage call)
    {
        RemotePicture? before = Picture;
        Picture = null;
        _view?.Disable();
        if (before is { Source: not RemotePictureSource.DmaBuf })
        {
            Retire(before);
        }
        foreach ((_, RemotePicture kept) in _kept)
        {
            Retire(kept);
        }
        _kept.Clear();
        _listener?.Reply(call);
        return true;
    }

    private bool TakePosition(BusMessage call)
    {
        if (!call.HasSignature("iii"u8))
        {
            return Refuse(call, "MouseSet takes 'iii'");
        }
        CursorPosition = new CursorPosition(call.ReadInt32(), call.ReadInt32(), call.ReadInt32() != 0);
        _view?.MoveCursor(CursorPosition);
        _listener?.Reply(call);
        return true;
    }

    private bool TakeCursor(BusMessage call)
    {
        if (!call.HasSignature("iiiiay"u8))
        {
            return Refuse(call, "CursorDefine takes 'iiiiay'");
        }
        int width = call.ReadInt32();
        int height = call.ReadInt32();
        int hotX = call.ReadInt32();
        int hotY = call.ReadInt32();
        ReadOnlySpan<byte> pixels = call.ReadBytes();
        if (width is < 1 or > MostCursorSize || height is < 1 or > MostCursorSize || pixels.Length < width * height * DrmFormats.BytesPerPixel)
        {
            return Refuse(call, $"a pointer of {width}x{height} pixels in {pixels.Length} bytes cannot be");
        }
        Cursor = new CursorImage(width, height, hotX, hotY, pixels[..(width * height * DrmFormats.BytesPerPixel)].ToArray());
        _view?.DefineCursor(Cursor);
        _listener?.Reply(call);
        return true;
    }

    private bool Refuse(BusMessage call, string why, List<FileDescriptor>? files = null)
    {
        files?.ForEach(f => f.Dispose());
        if (call.ExpectsReply)
        {
            _listener?.ReplyError(call, BusErrors.Failed, why);
        }
        else
        {
            _client.Log?.Invoke($"output {Id}: {why}");
        }
        return true;
    }

    private BusMessage NewCall(ReadOnlySpan<byte> interfaceName, ReadOnlySpan<byte> member) =>
        _client.Connection.NewCall(_client.Destination, _path, interfaceName, member);

    private void SendInput(BusMessage call) => _client.Connection.Call(call, _inputReply);

    private readonly record struct BandPlace(uint Y, uint Height, uint Stride, ulong Offset);
}
