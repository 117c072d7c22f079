using System.Globalization;
using System.Text;
using FbShare.Cli.Qemu;
using FbShare.Display.Server;
using FbShare.Input;
using FbShare.Linux;
using FbShare.Qemu;
using FbShare.Tests;

namespace FbShare.Fuzz;

/// <summary>QEMU's monitor, as a QEMU that its guest has taken over: greetings, answers and events that are mostly right, while keys are typed.</summary>
internal sealed class MonitorDoor : Door
{
    private static readonly string[] Lines =
    [
        """{"QMP":{"version":{"qemu":{"micro":0,"minor":1,"major":11},"package":""},"capabilities":["oob"]}}""",
        """{"return":{}}""",
        """{"return":[{"name":"QEMU HID Tablet","index":3,"current":true,"absolute":true},{"name":"QEMU PS/2 Mouse","index":2,"current":false,"absolute":false}]}""",
        """{"return":[{"bus":0,"devices":[{"bus":0,"slot":2,"function":0,"qdev_id":"fbshare-gpu","regions":[],"pci_bridge":{"bus":{"number":0,"secondary":1},"devices":[{"bus":1,"slot":0,"function":0,"qdev_id":"x"}]}}]}]}""",
        """{"error":{"class":"GenericError","desc":"no such device"}}""",
        """{"timestamp":{"seconds":1,"microseconds":2},"event":"MIGRATION","data":{"status":"setup"}}""",
        """{"timestamp":{"seconds":1,"microseconds":2},"event":"MIGRATION","data":{"status":"completed"}}""",
        """{"timestamp":{"seconds":1,"microseconds":2},"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-shutdown"}}""",
        """{"timestamp":{"seconds":1,"microseconds":2},"event":"RESET"}""",
    ];

    private const int Nothing = 1, Mice = 2, Devices = 3, Refusal = 4, FirstEvent = 5;

    private readonly EventLoop _loop = new();
    private readonly Queue<string> _asked = new();
    private readonly byte[] _unread = new byte[1 << 16];
    private readonly List<FileDescriptor> _received = [];
    private HeldResources _early;
    private long _sessions;
    private long _closed;

    public MonitorDoor()
        : base("messages")
    {
    }

    public override string Details => string.Create(CultureInfo.InvariantCulture, $"{_sessions:N0} monitors, of which {_closed:N0} were let go");

    public override IEnumerable<byte[]> Examples => Lines.Select(l => Encoding.UTF8.GetBytes($"{Lines[0]}\n{l}\n"));

    public override void Round(Random random)
    {
        Live((socket, i) => i < 40 && Send(socket, Next(i, random), random), random);
        if (++_sessions == 50)
        {
            _early = HeldResources.Now();
        }
    }

    /// <summary>An input is what QEMU sends, line by line.</summary>
    public override void Take(ReadOnlyMemory<byte> input)
    {
        byte[][] lines = [.. Encoding.Latin1.GetString(input.Span).Split('\n').Select(l => Encoding.Latin1.GetBytes(l + '\n'))];
        Live((socket, i) => i < lines.Length && Send(socket, lines[i], new Random(1)), new Random(1));
    }

    public override void Finish()
    {
        if (_sessions > 100)
        {
            Harm.NoteGrowth(_early);
        }
    }

    public override void Dispose() => _loop.Dispose();

    private void Live(Func<UnixSocket, int, bool> send, Random random)
    {
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        {
            bool closed = false;
            _asked.Clear();
            using var session = new QmpSession(_loop, theirs) { Closed = _ => closed = true };
            var guard = new MigrationGuard(session, _ => { });
            session.EventReceived = guard.Take;
            var input = new QmpInput(session);
            session.Send("query-pci", null, reply =>
            {
                if (reply.Error is null)
                {
                    _ = PciAddress.Find(reply.Value, QemuCommandLine.GpuId);
                }
                Tally.Ok++;
            });
            try
            {
                for (int i = 0; !closed && send(ours, i); i++)
                {
                    while (_loop.RunOnce(0))
                    {
                    }
                    if (!closed)
                    {
                        Tally.Answered++;
                        Type(input, random);
                        Listen(ours);
                    }
                }
            }
            catch (LinuxException)
            {
                // It was let go before everything was sent.
            }
            catch (Exception e)
            {
                Harm.Note("monitor" + e.GetType().Name, e.ToString());
            }
            _closed += closed ? 1 : 0;
        }
    }

    private bool Send(UnixSocket socket, byte[] line, Random random)
    {
        Tally.Sent++;
        int cut = random.Next(8) == 0 ? random.Next(1, line.Length + 1) : line.Length;
        socket.SendAll(line.AsSpan(0, cut));
        if (cut < line.Length)
        {
            _loop.RunOnce(0);
            socket.SendAll(line.AsSpan(cut));
        }
        return true;
    }

    /// <summary>The greeting, then answers to what was asked, with events in between.</summary>
    private byte[] Next(int number, Random random)
    {
        string text = number == 0 || random.Next(16) == 0 ? Lines[number == 0 ? 0 : random.Next(Lines.Length)]
            : random.Next(4) == 0 || _asked.Count == 0 ? Lines[random.Next(FirstEvent, Lines.Length)]
            : random.Next(8) == 0 ? Lines[Refusal]
            : _asked.Dequeue() switch
            {
                "query-mice" => Lines[Mice],
                "query-pci" => Lines[Devices],
                _ => Lines[Nothing],
            };
        byte[] line = Encoding.UTF8.GetBytes(text + '\n');
        if (random.Next(24) == 0)
        {
            line[random.Next(line.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : "{}[]\":,0n"u8[random.Next(9)];
        }
        return line;
    }

    private static void Type(QmpInput input, Random random)
    {
        switch (random.Next(4))
        {
            case 0: input.Key((uint)random.Next(300), random.Next(2) == 0); break;
            case 1: input.Button((MouseButton)random.Next(9), random.Next(2) == 0); break;
            case 2: input.MoveTo(random.Next(), random.Next(), random.Next(), random.Next()); break;
            default: _ = input.IsAbsolute; break;
        }
    }

    private void Listen(UnixSocket socket)
    {
        while (socket.Receive(_unread, _received, wait: false) is { } count and > 0)
        {
            foreach (string line in Encoding.UTF8.GetString(_unread, 0, count).Split('\n'))
            {
                // {"execute":"query-mice",...}
                string[] words = line.Split('"');
                if (words.Length > 3)
                {
                    _asked.Enqueue(words[3]);
                }
            }
        }
        _received.ForEach(r => r.Dispose());
        _received.Clear();
    }
}
