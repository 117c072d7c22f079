using System.Text;
using FbShare.Display.DBus;
using FbShare.Display.Naming;
using FbShare.Linux;
using FbShare.Logging;
using FbShare.Qemu;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FbShare.Display.Client;

/// <summary>A connection to a display in another process: a device of ours, or a QEMU's own D-Bus display.</summary>
/// <remarks>Lives on one loop, which must keep running while consoles are watched: QEMU waits for answers.</remarks>
public sealed class DisplayClient : IDisposable
{
    /// <summary>QEMU answers within milliseconds, but its main loop may be busy booting.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>More than any machine has: QEMU makes one for each head, serial port and monitor.</summary>
    private const int MostConsoles = 256;

    private const string DescriptorName = "fbshare-display";

    private static readonly byte[] QemuName = Encoding.UTF8.GetBytes($"{DisplayProtocol.BusName}\0");

    private readonly List<RemoteConsole> _consoles = [];
    private readonly DisplayAddress _address;
    private readonly TimeSpan _patience;
    private bool _hasExtension;
    private bool _lost;

    private DisplayClient(EventLoop loop, DisplayAddress address, BusConnection connection, TimeSpan patience)
    {
        _patience = patience;
        Loop = loop;
        Connection = connection;
        _address = address;
        connection.Closed = why => Lose(connection, $"the display at {address}", why);
    }

    /// <summary>The VM's name; empty if it has none.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The VM's UUID as text.</summary>
    public string Uuid { get; private set; } = "";

    /// <summary>Every console, graphic ones and others.</summary>
    public IReadOnlyList<RemoteConsole> Consoles => _consoles;

    /// <summary>Called once when the display is gone, with the reason.</summary>
    public Action<DisplayLoss>? Lost { get; set; }

    /// <summary>Takes what is odd but no reason to stop; nobody, if it is not set.</summary>
    public ILogger Log
    {
        get;
        set => field = LogLimit.Around(value);
    } = NullLogger.Instance;

    internal EventLoop Loop { get; }

    internal BusConnection Connection { get; }

    /// <summary>The destination of calls: a name on a bus, empty on a connection between peers.</summary>
    internal ReadOnlySpan<byte> Destination => _address.Kind == DisplayAddressKind.Bus ? QemuName : default;

    /// <summary>Connects and learns which consoles there are. Runs the loop meanwhile.</summary>
    /// <exception cref="DisplayException">Nobody is there, or it is no display; the message says what to do.</exception>
    public static DisplayClient Connect(EventLoop loop, DisplayAddress address) => Connect(loop, address, Patience);

    /// <summary>Connects and learns which consoles there are. Runs the loop meanwhile.</summary>
    /// <param name="loop">Where everything of this display is handled.</param>
    /// <param name="address">Where it is.</param>
    /// <param name="patience">How long the display may take for an answer, now and later.</param>
    /// <exception cref="DisplayException">Nobody is there, or it is no display; the message says what to do.</exception>
    public static DisplayClient Connect(EventLoop loop, DisplayAddress address, TimeSpan patience)
    {
        BusConnection? connection = null;
        DisplayClient? client = null;
        DisplayAddress named = address;
        try
        {
            address = Find(address);
            connection = Open(loop, address);
            client = new DisplayClient(loop, address, connection, patience);
            client.Learn();
            return client;
        }
        catch (Exception e)
        {
            client?.Dispose();
            connection?.Dispose();
            throw e switch
            {
                DisplayException { Kind: DisplayLossKind.Gone } known when KindOf(connection) == DisplayLossKind.Broken => new DisplayException(known.Message, known, DisplayLossKind.Broken),
                DisplayException => e,
                LinuxException { Errno: Errno.ENOENT or Errno.ECONNREFUSED } when named.Kind == DisplayAddressKind.Name => NotRunning(named.Target),
                LinuxException { Errno: Errno.ENOENT or Errno.ECONNREFUSED } => new DisplayException(
                    $"nobody listens at {address.Target}: start the display first, or QEMU with its QMP socket there", e),
                LinuxException { Errno: Errno.EACCES or Errno.EPERM } => new DisplayException(
                    $"{address.Target} belongs to another user: run this as that user or as root", e),
                BusException or LinuxException or PathTooLongException => new DisplayException($"the display at {address} cannot be used: {e.Message}", e, KindOf(connection)),
                _ => e,
            };
        }
    }

    /// <summary>Disconnects from the display; its consoles must not be used any more.</summary>
    public void Dispose()
    {
        foreach (RemoteConsole console in _consoles)
        {
            console.Dispose();
        }
        Connection.Dispose();
    }

    /// <summary>Asks who serves the display, and how many watch it.</summary>
    /// <returns>Null where the display does not say: QEMU's own.</returns>
    /// <exception cref="DisplayException">It does not answer, or is gone.</exception>
    public ServedMachine? AskWhoServes()
    {
        if (!_hasExtension)
        {
            return null;
        }
        var answer = new ServedMachine(0, 0);
        using BusMessage call = Connection.NewCall(Destination, DisplayProtocol.VmPathUtf8, DisplayProtocol.PropertiesUtf8, DisplayProtocol.GetAllUtf8);
        call.Append(DisplayProtocol.VmExtension);
        CallAndWait(call, "read who serves it", reply =>
        {
            if (!reply.HasSignature("a{sv}"u8))
            {
                return;
            }
            reply.ReadProperties((name, type, value) =>
            {
                switch (name, type)
                {
                    case (DisplayProtocol.PropertyNames.ProcessId, "u"):
                        answer = answer with { ProcessId = value.ReadUInt32() };
                        return true;
                    case (DisplayProtocol.PropertyNames.Viewers, "u"):
                        answer = answer with { Viewers = value.ReadUInt32() };
                        return true;
                    default:
                        return false;
                }
            });
        });
        return answer;
    }

    /// <summary>Sends a call and runs the loop until it is answered.</summary>
    /// <param name="purpose">For the message: cannot ...</param>
    /// <exception cref="DisplayException">It was refused, or the display is gone.</exception>
    internal void CallAndWait(BusMessage call, string purpose, Action<BusMessage>? read = null)
    {
        try
        {
            Connection.CallAndWait(call, _patience, read);
        }
        catch (Exception e) when (e is BusException or LinuxException)
        {
            throw new DisplayException($"cannot {purpose} at {_address}: {PeerText.Line(e.Message)}", e, KindOf(Connection));
        }
    }

    /// <summary>Tells once that the display is lost.</summary>
    /// <param name="connection">The connection that ended.</param>
    /// <param name="what">What it went to.</param>
    internal void Lose(BusConnection connection, string what, string why)
    {
        if (!_lost)
        {
            _lost = true;
            DisplayLossKind kind = KindOf(connection);
            Lost?.Invoke(new DisplayLoss(kind, kind == DisplayLossKind.Broken
                ? $"{what} was disconnected, because it broke the protocol: {PeerText.Line(why)}"
                : $"{what} is gone: {PeerText.Line(why)}"));
        }
    }

    private static DisplayLossKind KindOf(BusConnection? connection) =>
        connection?.End is { Kind: BusEndKind.Dismissed } ? DisplayLossKind.Broken : DisplayLossKind.Gone;

    /// <summary>Where it really is.</summary>
    /// <exception cref="DisplayException">It is nowhere.</exception>
    private static DisplayAddress Find(DisplayAddress address)
    {
        switch (address.Kind)
        {
            case DisplayAddressKind.Libvirt:
                return LibvirtDomain.FindDisplay(address.Target);
            case DisplayAddressKind.Name:
                return DisplayName.TryParse(address.Target, out DisplayName? name) && DisplayFolder.Find(name) is { } path
                    ? new DisplayAddress(DisplayAddressKind.Unix, path)
                    : throw NotRunning(address.Target);
            default:
                return address;
        }
    }

    private static DisplayException NotRunning(string name)
    {
        IReadOnlyList<DisplayName> running = DisplayFolder.FindRunning();
        return new DisplayException(
            $"no display '{PeerText.Name(name)}' is running: {(running.Count == 0 ? "none is" : $"there {(running.Count == 1 ? "is" : "are")} {string.Join(", ", running)}")}");
    }

    private static BusConnection Open(EventLoop loop, DisplayAddress address)
    {
        switch (address.Kind)
        {
            case DisplayAddressKind.Unix:
                return BusConnection.OverSocket(loop, UnixSocket.Connect(address.Target).Descriptor, authenticates: false);
            case DisplayAddressKind.Bus:
                return BusConnection.ToBus(loop, address.Target);
            default:
                return BusConnection.OverSocket(loop, AskQemu(address.Target).Descriptor, authenticates: false);
        }
    }

    /// <summary>Has a QEMU take one end of a socket pair as a display client (QMP getfd, add_client).</summary>
    /// <returns>The other end.</returns>
    private static UnixSocket AskQemu(string path)
    {
        using UnixSocket monitor = UnixSocket.Connect(path);
        using var qmp = new QmpClient(monitor) { Timeout = Patience };
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        try
        {
            qmp.Execute("getfd", json => json.WriteString("fdname", DescriptorName), theirs.Descriptor);
            qmp.Execute("add_client", json =>
            {
                json.WriteString("protocol", "@dbus-display");
                json.WriteString("fdname", DescriptorName);
            });
            return ours;
        }
        catch (QemuException e)
        {
            ours.Dispose();
            throw new DisplayException($"the QEMU at {path} gives no display: {e.Message}; start it with -display dbus,p2p=yes (Debian: package qemu-system-gui or qemu-system-modules-opengl)", e);
        }
    }

    private void Learn()
    {
        var ids = new List<uint>();
        using (BusMessage call = Connection.NewCall(Destination, DisplayProtocol.VmPathUtf8, DisplayProtocol.PropertiesUtf8, DisplayProtocol.GetAllUtf8))
        {
            call.Append(DisplayProtocol.Vm);
            CallAndWait(call, "read which consoles there are", reply =>
            {
                if (!reply.HasSignature("a{sv}"u8))
                {
                    return;
                }
                reply.ReadProperties((name, type, value) =>
                {
                    switch (name, type)
                    {
                        case (DisplayProtocol.PropertyNames.Name, "s"):
                            Name = PeerText.Name(value.ReadString());
                            return true;
                        case (DisplayProtocol.PropertyNames.Uuid, "s"):
                            Uuid = PeerText.Name(value.ReadString());
                            return true;
                        case (DisplayProtocol.PropertyNames.ConsoleIds, "au"):
                            ids.AddRange(value.ReadUInt32s());
                            if (ids.Count > MostConsoles)
                            {
                                throw new BusMessageException($"a list of {ids.Count} consoles, and at most {MostConsoles} are taken");
                            }
                            return true;
                        case (DisplayProtocol.InterfacesProperty, "as"):
                            _hasExtension = value.ReadStrings().Contains(DisplayProtocol.VmExtension);
                            return true;
                        default:
                            return false;
                    }
                });
            });
        }
        if (ids.Count == 0)
        {
            throw new DisplayException($"the display at {_address} has no console");
        }
        Connection.OnPropertiesChanged(TakeChange);
        foreach (uint id in ids)
        {
            var console = new RemoteConsole(this, id);
            _consoles.Add(console);
            console.Learn();
        }
    }

    private bool TakeChange(BusMessage signal)
    {
        string path = Encoding.UTF8.GetString(signal.Path);
        if (signal.HasSignature("sa{sv}as"u8) && _consoles.Find(c => path == $"{DisplayProtocol.ConsolePrefix}{c.Id}") is { } console)
        {
            signal.ReadString();
            console.TakeProperties(signal);
        }
        // Others may want it too.
        return false;
    }
}
