using System.Buffers.Binary;
using System.Text;
using FbShare.Display.DBus;
using FbShare.Input;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Display.Server;

/// <summary>One client's connection: answers calls on the VM and its consoles.</summary>
/// <remarks>Every argument is checked here. Keys and buttons that the client still holds down when it leaves are released.</remarks>
internal sealed partial class DisplayPeer : IDisposable
{
    /// <summary>QEMU key numbers fit 16 bits; touch slots are QEMU's INPUT_EVENT_SLOTS_MAX.</summary>
    private const uint MostKeyNumber = ushort.MaxValue;
    private const int TouchSlots = 10;

    private readonly DisplayServer _server;
    private readonly BusConnection _connection;
    private readonly HashSet<uint> _keysDown = [];
    private readonly HashSet<MouseButton> _buttonsDown = [];

    /// <param name="socket">Owned from here on, also when this fails.</param>
    /// <param name="name">Who this is, for the log.</param>
    public DisplayPeer(DisplayServer server, EventLoop loop, FileDescriptor socket, string name)
    {
        _server = server;
        Name = name;
        _connection = BusConnection.OverSocket(loop, socket, authenticates: true);
        try
        {
            _connection.Export(Handle);
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
        _connection.Closed = _ =>
        {
            LetGo();
            _server.Remove(this);
            _server.TellEnd(Name, _connection.End);
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
                using BusMessage signal = _connection.NewSignal(path, DisplayProtocol.PropertiesUtf8, "PropertiesChanged"u8);
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
                // gdbus and busctl treat every connection as a message bus.
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
            case (DisplayProtocol.Console, DisplayProtocol.ConsoleCalls.RegisterListener):
                return Lacks(call, "h"u8) || RegisterListener(call, output);
            case (DisplayProtocol.Console, DisplayProtocol.ConsoleCalls.SetUIInfo):
                return Lacks(call, "qqiiuu"u8) || SetUIInfo(call, output);
            case (DisplayProtocol.Keyboard, DisplayProtocol.ConsoleCalls.Press):
            case (DisplayProtocol.Keyboard, DisplayProtocol.ConsoleCalls.Release):
                return Lacks(call, "u"u8) || Key(call, member == DisplayProtocol.ConsoleCalls.Press);
            case (DisplayProtocol.Mouse, DisplayProtocol.ConsoleCalls.Press):
            case (DisplayProtocol.Mouse, DisplayProtocol.ConsoleCalls.Release):
                return Lacks(call, "u"u8) || Button(call, member == DisplayProtocol.ConsoleCalls.Press);
            case (DisplayProtocol.Mouse, DisplayProtocol.ConsoleCalls.SetAbsPosition):
                return Lacks(call, "uu"u8) || MoveTo(call, output);
            case (DisplayProtocol.Mouse, DisplayProtocol.ConsoleCalls.RelMotion):
                return Lacks(call, "ii"u8) || MoveBy(call);
            case (DisplayProtocol.MultiTouch, DisplayProtocol.ConsoleCalls.SendEvent):
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
        using FileDescriptor owned = socket;
        if (!socket.GetStatus().IsSocket)
        {
            return Refuse(call, BusErrors.InvalidArgs, "the listener's descriptor is not a socket");
        }
        if (_server.IsFull)
        {
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
        $"this display has no way to the guest's keyboard and mouse{(_server.InputCure is { } cure ? $": {cure}" : "")}");

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
}
