using FbShare.Display.DBus;
using FbShare.Input;
using FbShare.Linux;
using FbShare.Logging;
using Microsoft.Extensions.Logging;

namespace FbShare.Display.Server;

/// <summary>Shows a <see cref="DisplayHub"/>'s outputs to other processes: QEMU's D-Bus display protocol (org.qemu.Display1), peer to
/// peer on a unix socket.</summary>
/// <remarks>Lives on the hub's loop and never blocks it: a client that does not keep up is told less often, and one that does not
/// answer for <see cref="Patience"/> is dropped. Only the user who runs this, and root, may connect.</remarks>
public sealed class DisplayServer : IDisposable
{
    /// <summary>The most listeners at a time, over all outputs and clients.</summary>
    public const int MostListeners = 64;

    /// <summary>The <see cref="Patience"/> if no other is set.</summary>
    public static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(5);

    private const int MostPeers = 64;

    private readonly EventLoop _loop;
    private readonly UnixListener _socket;
    private readonly EventLoop.Watch _watch;
    private readonly LoopTimer _patience;
    private readonly LogLimit _log;
    private readonly DefectLog _defects;
    private readonly List<DisplayPeer> _peers = [];
    private readonly List<DisplayListener> _listeners = [];
    private readonly (int Width, int Height, ScanoutKind? Kind, PathChoice? Path)[] _told;

    /// <param name="loop">The hub's loop.</param>
    /// <param name="hub">Where the pictures come from; stays the caller's.</param>
    /// <param name="socket">Where clients connect; stays the caller's.</param>
    /// <param name="machine">What clients are told of the virtual machine.</param>
    /// <param name="input">Where keys and pointers go; null: clients are told that there is no input.</param>
    /// <param name="log">Takes its messages.</param>
    /// <exception cref="IOException">libsystemd is missing; the message says what to install.</exception>
    public DisplayServer(EventLoop loop, DisplayHub hub, UnixListener socket, VirtualMachineName machine, IInputSink? input, ILogger log)
    {
        EnsurePossible();
        _loop = loop;
        _socket = socket;
        _log = LogLimit.Around(log);
        _defects = new DefectLog(_log);
        Hub = hub;
        Machine = machine;
        Input = input;
        _told = new (int, int, ScanoutKind?, PathChoice?)[hub.OutputCount];
        _patience = new LoopTimer(loop, () => DropStalled(EventLoop.Now));
        socket.TurnedAway = why => _log.ClientTurnedAway(why);
        _watch = loop.Add(socket.Descriptor, LoopEvents.Readable, _ => Accept());
    }

    /// <summary>How long a client may owe an answer.</summary>
    public TimeSpan Patience { get; init; } = DefaultPatience;

    /// <summary>Where keys and pointers go; may come later than the server.</summary>
    public IInputSink? Input { get; set; }

    /// <summary>What a user can do to give the display an <see cref="Input"/>, for clients that send keys while there is none; null if nothing.</summary>
    public string? InputCure { get; init; }

    /// <summary>Where the guest has the device, as in <c>pci/0000/02.0</c>; empty while nobody has said it.</summary>
    public string DeviceAddress { get; set; } = "";

    /// <summary>How many clients are connected.</summary>
    public int PeerCount => _peers.Count;

    /// <summary>How many listeners watch outputs; a client may have several.</summary>
    public int ListenerCount => _listeners.Count;

    /// <summary>How many processes watch outputs.</summary>
    public int ViewerCount => _listeners.Select(listener => listener.Name).Distinct(StringComparer.Ordinal).Count();

    /// <summary>The process that clients are told serves the display: the one that a user started.</summary>
    public int ProcessId { get; init; } = Environment.ProcessId;

    /// <summary>How often handling a client's message failed by a defect of this program; each such client was dismissed.</summary>
    public int Defects => _defects.Count;

    internal DisplayHub Hub { get; }

    internal VirtualMachineName Machine { get; }

    internal bool IsFull => _listeners.Count >= MostListeners;

    /// <summary>Checks beforehand that there can be such servers on this system.</summary>
    /// <exception cref="IOException">libsystemd is missing; the message says what to install.</exception>
    public static void EnsurePossible() => BusConnection.RequireLibrary();

    /// <summary>Disconnects all clients and stops listening.</summary>
    public void Dispose()
    {
        _watch.Dispose();
        _patience.Dispose();
        foreach (DisplayListener listener in _listeners)
        {
            listener.Dispose();
        }
        foreach (DisplayPeer peer in _peers)
        {
            peer.Dispose();
        }
        _listeners.Clear();
        _peers.Clear();
    }

    /// <summary>Whether a user may see and control this display.</summary>
    internal static bool MayConnect(uint user, uint own) => user == own || user == 0;

    /// <summary>Drops every listener that has owed an answer for too long.</summary>
    /// <param name="now"><see cref="EventLoop.Now"/>'s clock.</param>
    internal void DropStalled(long now)
    {
        long patience = (long)Patience.TotalNanoseconds;
        long? next = null;
        foreach (DisplayListener listener in _listeners.ToArray())
        {
            if (listener.WaitingSince is not { } since)
            {
                continue;
            }
            if (now - since >= patience)
            {
                _log.ListenerDropped(listener.Name, listener.Output, listener.Debt, Patience.TotalSeconds);
                Remove(listener);
            }
            else
            {
                next = Math.Min(next ?? long.MaxValue, since + patience);
            }
        }
        if (next is { } due)
        {
            _patience.SetAt(due);
        }
    }

    internal void AddListener(int output, FileDescriptor socket, string name)
    {
        DisplayListener listener;
        try
        {
            listener = new DisplayListener(_loop, Hub, output, socket, name, _log)
            {
                Gone = (gone, _) =>
                {
                    Remove(gone);
                    TellEnd($"{gone.Name}'s listener on output {gone.Output}", gone.End);
                },
                Showed = TellIfChanged,
                Waits = Remind,
            };
        }
        catch (Exception e) when (e is BusException or LinuxException)
        {
            _log.ListenerNotReached(name, output, e.Message);
            return;
        }
        _listeners.Add(listener);
        Remind(listener);
    }

    internal void Remove(DisplayPeer peer)
    {
        _peers.Remove(peer);
    }

    /// <summary>Logs why a client was dismissed, and nothing if it left by itself. A defect is logged with its trace, once for each place.</summary>
    /// <param name="who">Fit to be printed.</param>
    internal void TellEnd(string who, BusEnd? end)
    {
        if (end is null or { Kind: BusEndKind.Gone })
        {
            return;
        }
        if (end.Defect is { } defect)
        {
            _defects.Report($"display: {who} is dismissed", defect);
        }
        else
        {
            _log.ClientDismissed(who, PeerText.Line(end.Reason));
        }
    }

    private void Remove(DisplayListener listener)
    {
        if (_listeners.Remove(listener))
        {
            listener.Dispose();
            TellIfChanged(listener.Output);
        }
    }

    private void Accept()
    {
        try
        {
            while (_socket.Accept() is { } socket)
            {
                LetIn(socket);
            }
        }
        catch (LinuxException e)
        {
            _log.ClientNotAccepted(e.Message);
        }
    }

    private void LetIn(UnixSocket socket)
    {
        (int process, uint user) = socket.GetPeer();
        string name = Describe(process);
        uint own = LibC.geteuid();
        if (!MayConnect(user, own))
        {
            _log.UserRefused(name, user, own);
            socket.Dispose();
        }
        else if (_peers.Count >= MostPeers)
        {
            _log.ClientRefused(name, MostPeers);
            socket.Dispose();
        }
        else
        {
            Add(socket, name);
        }
    }

    private void Add(UnixSocket socket, string name)
    {
        try
        {
            _peers.Add(new DisplayPeer(this, _loop, socket.Descriptor, name));
        }
        catch (Exception e) when (e is BusException or LinuxException)
        {
            _log.ClientNotServed(name, e.Message);
        }
    }

    /// <summary>Looks after the listeners again when this one's patience ends, unless it will do so earlier.</summary>
    private void Remind(DisplayListener listener)
    {
        if (_patience.DueAt is null && listener.WaitingSince is { } since)
        {
            _patience.SetAt(since + (long)Patience.TotalNanoseconds);
        }
    }

    /// <summary>Tells every client when an output's size, kind or path has changed.</summary>
    private void TellIfChanged(int output)
    {
        Scanout? scanout = Hub.GetScanout(output);
        var now = (scanout?.Layout.Width ?? 0, scanout?.Layout.Height ?? 0, scanout?.Kind, Hub.GetPath(output));
        if (now != _told[output])
        {
            _told[output] = now;
            foreach (DisplayPeer peer in _peers)
            {
                peer.TellConsoleChanged(output);
            }
        }
    }

    private static string Describe(int process)
    {
        try
        {
            string name = PathHelper.Current is { } helper ? helper.NameProcess(process) : File.ReadAllText($"/proc/{process}/comm");
            return name.Length == 0 ? $"process {process}" : $"{PeerText.Name(name.TrimEnd('\n'))} ({process})";
        }
        catch (IOException)
        {
            return $"process {process}";
        }
        catch (UnauthorizedAccessException)
        {
            return $"process {process}";
        }
    }
}
