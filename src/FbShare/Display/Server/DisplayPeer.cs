using System.Buffers.Binary;
using System.Text;
using FbShare.Display.DBus;
using FbShare.Linux;

namespace FbShare.Display.Server;

/// <summary>One client's connection: answers calls on the VM and its consoles.</summary>
/// <remarks>Every argument is checked here. What the client holds down when it goes away is let go.</remarks>
internal sealed class DisplayPeer : IDisposable
{
    /// <summary>QEMU key numbers fit 16 bits; touch slots are QEMU's INPUT_EVENT_SLOTS_MAX.</summary>
    private const uint MostKeyNumber = ushort.MaxValue;
    private const int TouchSlots = 10;

    private readonly DisplayServer _server;
    private readonly BusConnection _connection;
    private readonly HashSet<uint> _keysDown = [];
    private readonly HashSet<MouseButton> _buttonsDown = [];

    /// <param name="socket">Owned from here on.</param>
    /// <param name="name">Who this is, for the log.</param>
    public DisplayPeer(DisplayServer server, EventLoop loop, FileDescriptor socket, string name)
    {
        _server = server;
        Name = name;
        _connection = BusConnection.OverSocket(loop, socket, authenticates: true);
        _connection.Export(Handle);
        _connection.Closed = _ =>
        {
            LetGo();
            _server.Remove(this);
        };
    }

    public string Name { get; }

    public void Dispose()
    {
        LetGo();
        _connection.Dispose();
    }

    /// <summary>Sends PropertiesChanged for the console's size and for our extension.</summary>
    public void TellConsoleChanged(int output)
    {
        if (!_connection.IsOpen)
        {
            return;
        }
        byte[] path = Encoding.UTF8.GetBytes($"{DisplayProtocol.ConsolePrefix}{output}\0");
        foreach ((string interfaceName, Property[] properties) in ConsoleProperties(output))
        {
            if (interfaceName is DisplayProtocol.Console or DisplayProtocol.ConsoleExtension)
            {
                using BusMessage signal = _connection.NewSignal(path, "org.freedesktop.DBus.Properties"u8, "PropertiesChanged"u8);
                signal.Append(interfaceName);
                AppendProperties(signal, properties, p => !p.IsConstant);
                signal.AppendStrings([]);
                _connection.Send(signal);
            }
        }
    }

    private bool Handle(BusMessage call)
    {
        string path = Encoding.UTF8.GetString(call.Path);
        string interfaceName = Encoding.UTF8.GetString(call.Interface);
        string member = Encoding.UTF8.GetString(call.Member);
        switch (interfaceName)
        {
            case "org.freedesktop.DBus":
                // gdbus and busctl take every connection for a message bus.
                return AnswerAsBus(call, member);
            case DisplayProtocol.Introspectable when member == "Introspect":
                return Introspect(call, path);
            case DisplayProtocol.Properties:
                return AnswerProperties(call, path, member);
            case DisplayProtocol.ObjectManager when member == "GetManagedObjects" && path == DisplayProtocol.RootPath:
                return AnswerManagedObjects(call);
        }
        if (DisplayIntrospection.TryParseConsole(path, _server.Hub.OutputCount, out int output))
        {
            return HandleConsole(call, output, interfaceName, member);
        }
        return path == DisplayProtocol.VmPath ? Refuse(call, BusErrors.UnknownMethod, $"{interfaceName}.{member} is not a method of {path}") : UnknownObject(call, path);
    }

    private bool HandleConsole(BusMessage call, int output, string interfaceName, string member)
    {
        switch (interfaceName, member)
        {
            case (DisplayProtocol.Console, "RegisterListener"):
                return Lacks(call, "h"u8) || RegisterListener(call, output);
            case (DisplayProtocol.Console, "SetUIInfo"):
                return Lacks(call, "qqiiuu"u8) || SetUIInfo(call, output);
            case (DisplayProtocol.Keyboard, "Press"):
            case (DisplayProtocol.Keyboard, "Release"):
                return Lacks(call, "u"u8) || Key(call, member == "Press");
            case (DisplayProtocol.Mouse, "Press"):
            case (DisplayProtocol.Mouse, "Release"):
                return Lacks(call, "u"u8) || Button(call, member == "Press");
            case (DisplayProtocol.Mouse, "SetAbsPosition"):
                return Lacks(call, "uu"u8) || MoveTo(call, output);
            case (DisplayProtocol.Mouse, "RelMotion"):
                return Lacks(call, "ii"u8) || MoveBy(call);
            case (DisplayProtocol.MultiTouch, "SendEvent"):
                return Lacks(call, "utdd"u8) || Touch(call, output);
            default:
                return Refuse(call, BusErrors.UnknownMethod, $"{interfaceName}.{member} is not a method of a console");
        }

        bool Lacks(BusMessage m, ReadOnlySpan<byte> signature) =>
            !m.HasSignature(signature) && Refuse(m, BusErrors.InvalidArgs, $"{member} takes '{Encoding.UTF8.GetString(signature)}'");
    }

    private bool RegisterListener(BusMessage call, int output)
    {
        FileDescriptor socket;
        try
        {
            socket = call.ReadDescriptor();
        }
        catch (LinuxException e)
        {
            return Refuse(call, BusErrors.LimitsExceeded, e.Message);
        }
        if (!socket.GetStatus().IsSocket)
        {
            socket.Dispose();
            return Refuse(call, BusErrors.InvalidArgs, "the listener's descriptor is not a socket");
        }
        if (_server.IsFull)
        {
            socket.Dispose();
            return Refuse(call, BusErrors.LimitsExceeded, $"there are {DisplayServer.MostListeners} listeners already");
        }
        _connection.Reply(call);
        _server.AddListener(output, socket, Name);
        return true;
    }

    private bool SetUIInfo(BusMessage call, int output)
    {
        call.ReadUInt16();
        call.ReadUInt16();
        call.ReadInt32();
        call.ReadInt32();
        uint width = call.ReadUInt32();
        uint height = call.ReadUInt32();
        if (width > FrameLayout.MaxDimension || height > FrameLayout.MaxDimension)
        {
            return Refuse(call, BusErrors.InvalidArgs, $"{width}x{height} is larger than {FrameLayout.MaxDimension}x{FrameLayout.MaxDimension}");
        }
        if (_server.Hub.Source?.Resize(output, (int)width, (int)height) != true)
        {
            return Refuse(call, BusErrors.Unsupported, "this device cannot tell its guest of another size");
        }
        _connection.Reply(call);
        return true;
    }

    private bool Key(BusMessage call, bool pressed)
    {
        uint number = call.ReadUInt32();
        if (_server.Input is not { } input)
        {
            return NoInput(call);
        }
        if (number is 0 or > MostKeyNumber)
        {
            return Refuse(call, BusErrors.InvalidArgs, $"{number} is no key");
        }
        input.Key(number, pressed);
        Hold(_keysDown, number, pressed);
        _connection.Reply(call);
        return true;
    }

    private bool Button(BusMessage call, bool pressed)
    {
        uint number = call.ReadUInt32();
        if (_server.Input is not { } input)
        {
            return NoInput(call);
        }
        if (number > (uint)MouseButton.WheelRight)
        {
            return Refuse(call, BusErrors.InvalidArgs, $"{number} is no button");
        }
        input.Button((MouseButton)number, pressed);
        Hold(_buttonsDown, (MouseButton)number, pressed);
        _connection.Reply(call);
        return true;
    }

    private bool MoveTo(BusMessage call, int output)
    {
        uint x = call.ReadUInt32();
        uint y = call.ReadUInt32();
        if (_server.Input is not { } input)
        {
            return NoInput(call);
        }
        if (!input.IsAbsolute)
        {
            return Refuse(call, BusErrors.Invalid, "Mouse is not absolute");
        }
        if (_server.Hub.GetScanout(output)?.Layout is not { } layout || x >= layout.Width || y >= layout.Height)
        {
            return Refuse(call, BusErrors.Invalid, "Invalid mouse position");
        }
        var place = DesktopPlace.Of(_server.Hub.GetScanouts(), output);
        input.MoveTo(place.X + (int)x, place.Y + (int)y, place.DesktopWidth, place.DesktopHeight);
        _connection.Reply(call);
        return true;
    }

    private bool MoveBy(BusMessage call)
    {
        int dx = call.ReadInt32();
        int dy = call.ReadInt32();
        if (_server.Input is not { } input)
        {
            return NoInput(call);
        }
        if (input.IsAbsolute)
        {
            return Refuse(call, BusErrors.Invalid, "Mouse is not relative");
        }
        input.MoveBy(dx, dy);
        _connection.Reply(call);
        return true;
    }

    private bool Touch(BusMessage call, int output)
    {
        uint kind = call.ReadUInt32();
        ulong slot = call.ReadUInt64();
        double x = call.ReadDouble();
        double y = call.ReadDouble();
        if (_server.Input is not { } input)
        {
            return NoInput(call);
        }
        if (kind > (uint)TouchKind.Cancel || slot >= TouchSlots || !double.IsFinite(x) || !double.IsFinite(y))
        {
            return Refuse(call, BusErrors.Invalid, "Invalid touch event");
        }
        if (_server.Hub.GetScanout(output) is null)
        {
            return Refuse(call, BusErrors.Invalid, "the console shows nothing");
        }
        var place = DesktopPlace.Of(_server.Hub.GetScanouts(), output);
        input.Touch((TouchKind)kind, (int)slot, place.X + x, place.Y + y, place.DesktopWidth, place.DesktopHeight);
        _connection.Reply(call);
        return true;
    }

    private bool AnswerAsBus(BusMessage call, string member)
    {
        switch (member)
        {
            case "Hello":
                Reply(call, reply => reply.Append(":1.0"));
                return true;
            case "AddMatch":
            case "RemoveMatch":
                _connection.Reply(call);
                return true;
            case "GetNameOwner":
                Reply(call, reply => reply.Append(":1.1"));
                return true;
            case "ListNames":
                Reply(call, reply => reply.AppendStrings(["org.freedesktop.DBus", DisplayProtocol.BusName]));
                return true;
            default:
                return Refuse(call, BusErrors.UnknownMethod, $"this is a connection between peers, not a bus: it has no {member}");
        }
    }

    private bool Introspect(BusMessage call, string path)
    {
        if (DisplayIntrospection.Describe(path, _server.Hub.OutputCount) is not { } xml)
        {
            return UnknownObject(call, path);
        }
        Reply(call, reply => reply.Append(xml));
        return true;
    }

    private bool AnswerProperties(BusMessage call, string path, string member)
    {
        if (PropertiesOf(path) is not { } interfaces)
        {
            return UnknownObject(call, path);
        }
        switch (member)
        {
            case "Get" when call.HasSignature("ss"u8):
                string of = call.ReadString();
                string name = call.ReadString();
                foreach ((string interfaceName, Property[] properties) in interfaces)
                {
                    // The specification lets the interface be left out.
                    if (of.Length == 0 || of == interfaceName)
                    {
                        if (Array.Find(properties, p => p.Name == name) is { } property)
                        {
                            Reply(call, reply => reply.AppendVariant(property.Type, property.Append));
                            return true;
                        }
                    }
                }
                return Refuse(call, BusErrors.UnknownProperty, $"{path} has no property {of}.{name}");
            case "GetAll" when call.HasSignature("s"u8):
                string all = call.ReadString();
                if (all.Length > 0 && !interfaces.Exists(i => i.Name == all))
                {
                    return Refuse(call, BusErrors.UnknownInterface, $"{path} has no interface {all}");
                }
                Property[] found = [.. interfaces.Where(i => all.Length == 0 || i.Name == all).SelectMany(i => i.Properties)];
                Reply(call, reply => AppendProperties(reply, found, _ => true));
                return true;
            case "Set" when call.HasSignature("ssv"u8):
                return Refuse(call, BusErrors.PropertyReadOnly, "every property here is read-only");
            default:
                return Refuse(call, BusErrors.InvalidArgs, $"{member} does not take these arguments");
        }
    }

    private bool AnswerManagedObjects(BusMessage call)
    {
        Reply(call, reply =>
        {
            reply.Open('a', "{oa{sa{sv}}}"u8);
            AppendObject(DisplayProtocol.VmPath);
            for (int i = 0; i < _server.Hub.OutputCount; i++)
            {
                AppendObject($"{DisplayProtocol.ConsolePrefix}{i}");
            }
            reply.Close();

            void AppendObject(string path)
            {
                reply.Open('e', "oa{sa{sv}}"u8);
                reply.AppendPath(path);
                reply.Open('a', "{sa{sv}}"u8);
                foreach ((string interfaceName, Property[] properties) in PropertiesOf(path)!)
                {
                    reply.Open('e', "sa{sv}"u8);
                    reply.Append(interfaceName);
                    AppendProperties(reply, properties, _ => true);
                    reply.Close();
                }
                reply.Close();
                reply.Close();
            }
        });
        return true;
    }

    private List<(string Name, Property[] Properties)>? PropertiesOf(string path) =>
        path == DisplayProtocol.VmPath ? VirtualMachineProperties()
        : DisplayIntrospection.TryParseConsole(path, _server.Hub.OutputCount, out int output) ? ConsoleProperties(output)
        : null;

    private List<(string Name, Property[] Properties)> VirtualMachineProperties() =>
    [
        (DisplayProtocol.Vm,
        [
            new("Name", "s", m => m.Append(_server.Machine.Name)),
            new("UUID", "s", m => m.Append(_server.Machine.Uuid.ToString())),
            new("ConsoleIDs", "au", m =>
            {
                m.Open('a', "u"u8);
                for (uint i = 0; i < _server.Hub.OutputCount; i++)
                {
                    m.Append(i);
                }
                m.Close();
            }),
            new("Interfaces", "as", m => m.AppendStrings([])),
        ]),
    ];

    private List<(string Name, Property[] Properties)> ConsoleProperties(int output)
    {
        Scanout? scanout = _server.Hub.GetScanout(output);
        PathChoice? path = _server.Hub.GetPath(output);
        return
        [
            (DisplayProtocol.Console,
            [
                new("Label", "s", m => m.Append($"virtio-gpu output {output}"), IsConstant: true),
                new("Head", "u", m => m.Append((uint)output), IsConstant: true),
                new("Type", "s", m => m.Append("Graphic"), IsConstant: true),
                new("Width", "u", m => m.Append((uint)(scanout?.Layout.Width ?? 0))),
                new("Height", "u", m => m.Append((uint)(scanout?.Layout.Height ?? 0))),
                new("DeviceAddress", "s", m => m.Append(_server.DeviceAddress)),
                new("Interfaces", "as", m => m.AppendStrings(
                    [DisplayProtocol.Keyboard, DisplayProtocol.Mouse, DisplayProtocol.MultiTouch, DisplayProtocol.ConsoleExtension]), IsConstant: true),
            ]),
            // The lamps of Scroll, Num and Caps Lock, which QEMU tells its own displays of and nobody else: never known here.
            (DisplayProtocol.Keyboard, [new("Modifiers", "u", m => m.Append(0u), IsConstant: true)]),
            (DisplayProtocol.Mouse, [new("IsAbsolute", "b", m => m.Append(_server.Input?.IsAbsolute ?? true))]),
            (DisplayProtocol.MultiTouch, [new("MaxSlots", "i", m => m.Append(TouchSlots))]),
            (DisplayProtocol.ConsoleExtension,
            [
                new("ResourceKind", "s", m => m.Append(scanout?.Kind switch
                {
                    ScanoutKind.Blob => "blob",
                    ScanoutKind.TwoD => "2d",
                    _ => "",
                })),
                new("Path", "s", m => m.Append(path?.Path.ToString().ToLowerInvariant() ?? "")),
                new("PathReason", "s", m => m.Append(path?.Reason ?? "")),
                new("Cure", "s", m => m.Append(path?.Cure ?? "")),
            ]),
        ];
    }

    private static void AppendProperties(BusMessage m, Property[] properties, Predicate<Property> wanted)
    {
        m.Open('a', "{sv}"u8);
        foreach (Property property in properties)
        {
            if (wanted(property))
            {
                m.Open('e', "sv"u8);
                m.Append(property.Name);
                m.AppendVariant(property.Type, property.Append);
                m.Close();
            }
        }
        m.Close();
    }

    private void LetGo()
    {
        if (_server.Input is { } input)
        {
            foreach (uint key in _keysDown)
            {
                input.Key(key, pressed: false);
            }
            foreach (MouseButton button in _buttonsDown)
            {
                input.Button(button, pressed: false);
            }
        }
        _keysDown.Clear();
        _buttonsDown.Clear();
    }

    private static void Hold<T>(HashSet<T> held, T what, bool pressed)
    {
        if (pressed)
        {
            held.Add(what);
        }
        else
        {
            held.Remove(what);
        }
    }

    private void Reply(BusMessage call, Action<BusMessage> fill)
    {
        if (call.ExpectsReply)
        {
            using BusMessage reply = BusConnection.NewReply(call);
            fill(reply);
            _connection.Send(reply);
        }
    }

    private bool NoInput(BusMessage call) => Refuse(call, BusErrors.Unsupported,
        "this display has no way to the guest's keyboard and mouse: start QEMU through 'fbshare run', which wires them");

    private bool UnknownObject(BusMessage call, string path) => Refuse(call, BusErrors.UnknownObject, $"there is no {path} here");

    /// <summary>Answers with an error; true, because that is an answer.</summary>
    private bool Refuse(BusMessage call, string name, string text)
    {
        if (call.ExpectsReply)
        {
            _connection.ReplyError(call, name, text);
        }
        return true;
    }

    private sealed record Property(string Name, string Type, Action<BusMessage> Append, bool IsConstant = false);
}
