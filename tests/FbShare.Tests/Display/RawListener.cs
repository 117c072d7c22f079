using System.Text;
using FbShare.Display.DBus;
using FbShare.Linux;

namespace FbShare.Tests.Display;

/// <summary>A listener as another program would write it: says which interfaces it has, notes every call, and answers what it is told to.</summary>
internal sealed class RawListener : IDisposable
{
    private readonly BusConnection _connection;
    private readonly string[]? _interfaces;
    private readonly bool _isMute;
    private readonly List<BusMessage> _unanswered = [];

    /// <param name="main">The client's connection to the server.</param>
    /// <param name="interfaces">What its Interfaces property says; null: it has no properties, as in QEMU 7.2's time.</param>
    /// <param name="isMute">Whether it answers nothing at all.</param>
    public RawListener(EventLoop loop, BusConnection main, string console, string[]? interfaces, bool isMute = false)
    {
        _interfaces = interfaces;
        _isMute = isMute;
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (theirs)
        {
            _connection = BusConnection.OverSocket(loop, ours.Descriptor, authenticates: false);
            _connection.Export(Handle);
            _connection.Closed = _ => IsClosed = true;
            using BusMessage call = main.NewCall(default, Encoding.UTF8.GetBytes($"{console}\0"), "org.qemu.Display1.Console"u8, "RegisterListener"u8);
            call.Append(theirs.Descriptor);
            main.CallAndWait(call, TimeSpan.FromSeconds(10));
        }
    }

    public List<string> Calls { get; } = [];

    /// <summary>The bytes that came with Scanout and Update.</summary>
    public List<byte[]> Pixels { get; } = [];

    /// <summary>What came with updates that tell of flushes: microseconds and count.</summary>
    public List<(ulong At, ulong Count)> Flushes { get; } = [];

    /// <summary>Names of methods that are answered with an error.</summary>
    public HashSet<string> Refuses { get; } = [];

    /// <summary>Whether it leaves every call but the first without an answer.</summary>
    public bool IsStuck { get; set; }

    public bool IsClosed { get; private set; }

    public void AnswerAll()
    {
        foreach (BusMessage call in _unanswered)
        {
            _connection.Reply(call);
            call.Dispose();
        }
        _unanswered.Clear();
    }

    public void Dispose()
    {
        _unanswered.ForEach(c => c.Dispose());
        _unanswered.Clear();
        _connection.Dispose();
    }

    private bool Handle(BusMessage call)
    {
        string member = Encoding.UTF8.GetString(call.Member);
        if (member == "GetAll")
        {
            return _isMute || AnswerGetAll(call);
        }
        Calls.Add(Describe(call, member));
        if (Refuses.Contains(member))
        {
            _connection.ReplyError(call, "org.example.Refused", $"{member} is refused");
        }
        else if (IsStuck)
        {
            _unanswered.Add(call.Keep());
        }
        else
        {
            _connection.Reply(call);
        }
        return true;
    }

    private bool AnswerGetAll(BusMessage call)
    {
        if (_interfaces is null)
        {
            _connection.ReplyError(call, "org.freedesktop.DBus.Error.UnknownInterface", "no such interface");
            return true;
        }
        using BusMessage reply = BusConnection.NewReply(call);
        reply.Open('a', "{sv}"u8);
        reply.Open('e', "sv"u8);
        reply.Append("Interfaces");
        reply.AppendVariant("as", m => m.AppendStrings(_interfaces));
        reply.Close();
        reply.Close();
        _connection.Send(reply);
        return true;
    }

    private string Describe(BusMessage call, string member)
    {
        switch (member)
        {
            case "Scanout":
                string scanout = $"Scanout {call.ReadUInt32()}x{call.ReadUInt32()} stride {call.ReadUInt32()} 0x{call.ReadUInt32():x8}";
                Pixels.Add(call.ReadBytes().ToArray());
                return scanout;
            case "Update" when call.HasSignature("iiiitt"u8):
                string flushed = $"Flushes.Update {call.ReadInt32()},{call.ReadInt32()} {call.ReadInt32()}x{call.ReadInt32()}";
                Flushes.Add((call.ReadUInt64(), call.ReadUInt64()));
                return flushed;
            case "Update":
                string update = $"Update {call.ReadInt32()},{call.ReadInt32()} {call.ReadInt32()}x{call.ReadInt32()} stride {call.ReadUInt32()} 0x{call.ReadUInt32():x8}";
                Pixels.Add(call.ReadBytes().ToArray());
                return update;
            case "UpdateMap" or "UpdateDMABUF":
                return $"{member} {call.ReadInt32()},{call.ReadInt32()} {call.ReadInt32()}x{call.ReadInt32()}";
            case "ScanoutDMABUF":
                using (call.ReadDescriptor())
                {
                    return $"ScanoutDMABUF {call.ReadUInt32()}x{call.ReadUInt32()} stride {call.ReadUInt32()} 0x{call.ReadUInt32():x8} modifier {call.ReadUInt64()} top {call.ReadBoolean()}";
                }
            case "MouseSet":
                return $"MouseSet {call.ReadInt32()},{call.ReadInt32()} {call.ReadInt32()}";
            default:
                return member;
        }
    }
}
