using System.Globalization;
using System.Text;
using FbShare.Linux;
using FbShare.Tests;

namespace FbShare.Fuzz;

/// <summary>Display clients: the authentication, then calls that are mostly right, of any object and with any body.</summary>
internal sealed class DisplayDoor : SessionDoor
{
    private static readonly (string Interface, string Member, string Signature)[] Calls =
    [
        ("org.freedesktop.DBus.Peer", "Ping", ""),
        ("org.freedesktop.DBus.Introspectable", "Introspect", ""),
        ("org.freedesktop.DBus.Properties", "GetAll", "I"),
        ("org.freedesktop.DBus.Properties", "Get", "IP"),
        ("org.freedesktop.DBus.Properties", "Set", "IPv"),
        ("org.freedesktop.DBus.ObjectManager", "GetManagedObjects", ""),
        ("org.qemu.Display1.Console", "RegisterListener", "h"),
        ("org.qemu.Display1.Console", "SetUIInfo", "qqiiuu"),
        ("org.qemu.Display1.Keyboard", "Press", "K"),
        ("org.qemu.Display1.Keyboard", "Release", "K"),
        ("org.qemu.Display1.Mouse", "Press", "B"),
        ("org.qemu.Display1.Mouse", "Release", "B"),
        ("org.qemu.Display1.Mouse", "SetAbsPosition", "uu"),
        ("org.qemu.Display1.Mouse", "RelMotion", "ii"),
        ("org.qemu.Display1.MultiTouch", "SendEvent", "BSDD"),
        ("org.qemu.Display1.VM", "None", "ay"),
    ];

    private static readonly string[] Paths = ["/org/qemu/Display1/Console_0", "/org/qemu/Display1/Console_1", "/org/qemu/Display1/VM", "/org/qemu/Display1", "/", "/org/qemu/Display1/Console_77"];

    private readonly TemporaryFolder _folder = new("fuzz");

    public DisplayDoor() => Device.ServeDisplay(Socket);

    protected override string Peers => "clients";

    protected override int MostMessages => 100;

    /// <summary>A client that has just left may still be on its way out.</summary>
    protected override int Spare => 8;

    /// <summary>An object that has such an interface.</summary>
    private static string Home(string name, Random random) =>
        name.EndsWith("VM", StringComparison.Ordinal) ? Paths[2] : name.EndsWith("ObjectManager", StringComparison.Ordinal) ? Paths[3] : Paths[random.Next(2)];

    private string Socket => _folder["display"];

    public override void Dispose()
    {
        base.Dispose();
        _folder.Dispose();
    }

    protected override UnixSocket Connect() => UnixSocket.Connect(Socket);

    protected override void Begin(UnixSocket socket, Random random)
    {
        string user = Convert.ToHexString(Encoding.ASCII.GetBytes(LibC.geteuid().ToString(CultureInfo.InvariantCulture)));
        byte[] words = Encoding.ASCII.GetBytes($"\0AUTH EXTERNAL {user}\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n");
        if (random.Next(20) == 0)
        {
            words[random.Next(words.Length)] ^= (byte)(1 << random.Next(8));
        }
        socket.SendAll(words);
    }

    /// <summary>An answer, an error or a signal; before them, what the authentication says in lines.</summary>
    protected override int CountReply(ReadOnlySpan<byte> received)
    {
        if (received is not [(byte)'l', ..])
        {
            return received.IndexOf((byte)'\n') + 1;
        }
        int length = BusMessage.LengthOf(received);
        if (length == 0 || received.Length < length)
        {
            return 0;
        }
        if (received[1] is BusMessage.Return or BusMessage.Error)
        {
            Tally.Answered++;
            Tally.Ok += received[1] == BusMessage.Return ? 1 : 0;
        }
        return length;
    }

    protected override void Send(UnixSocket socket, int number, Random random)
    {
        (string name, string member, string signature) = Calls[random.Next(Calls.Length)];
        bool carries = signature == "h" ? random.Next(10) != 0 : random.Next(30) == 0;
        // An interface and a property that there are, a number that is one of a key: mostly.
        string values = signature;
        signature = BusBody.TypesOf(signature);
        string path = random.Next(8) == 0 ? Paths[random.Next(Paths.Length)] : Home(name, random);
        if (random.Next(30) == 0)
        {
            signature = values = "(a{sv}";
        }
        byte[] bytes = BusMessage.Call((uint)number + 1, path, name, member, signature, body => body.Values(values, random), carries ? 1u : 0u);
        if (random.Next(20) == 0)
        {
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        }
        if (!carries)
        {
            socket.SendAll(bytes);
            return;
        }
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        using (theirs)
        {
            socket.SendAll(bytes, [theirs.Descriptor]);
            if (random.Next(2) == 0)
            {
                byte[] noise = new byte[random.Next(200)];
                random.NextBytes(noise);
                ours.SendAll(noise);
            }
        }
    }
}
