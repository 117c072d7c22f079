using FbShare.Linux;

namespace FbShare.Fuzz;

/// <summary>A display for one viewer, byte by byte: answers its calls, and calls its listener, mostly as QEMU or a device of ours does.</summary>
internal sealed class HostileDisplay : IDisposable
{
    private const string Listener = "org.qemu.Display1.Listener";
    private const string Path = "/org/qemu/Display1/Listener";
    private const uint FourCc = 0x34325258;
    private const uint Pixman = 0x20020888;

    private static readonly uint[] Odd = [0, 1, 63, 16384, 16385, 65536, 0x7fff_ffff, 0x8000_0000, uint.MaxValue];

    private readonly Random _random;
    private readonly Tally _tally;
    private readonly Peer _caller;
    private readonly EventLoop _loop;
    private readonly FileDescriptor _picture = MemFd.Create("picture", 1 << 20);
    private Peer? _listener;
    private uint _serial;

    /// <param name="socket">To the viewer; owned from here on.</param>
    public HostileDisplay(EventLoop loop, UnixSocket socket, Random random, Tally tally)
    {
        (_loop, _random, _tally) = (loop, random, tally);
        _caller = new Peer(loop, socket, Answer, () => _tally.Answered++);
    }

    /// <summary>Sends the viewer's listener something.</summary>
    public void Send()
    {
        if (_listener is null)
        {
            return;
        }
        (string name, string member, string signature, Action<BusBody> write, bool carries) = Next();
        byte[] call = Spoil(BusMessage.Call(++_serial, Path, name, member, signature, write, carries ? 1u : 0u));
        _tally.Sent++;
        _listener.Send(call, carries ? [_picture] : []);
    }

    public void Dispose()
    {
        _caller.Dispose();
        _listener?.Dispose();
        _picture.Dispose();
    }

    private void Answer(byte[] message, List<FileDescriptor> descriptors)
    {
        (uint to, string member) = BusMessage.ReadCall(message);
        if (member.Length == 0)
        {
            return;
        }
        if (member == "RegisterListener" && descriptors.Count > 0)
        {
            _listener?.Dispose();
            _listener = new Peer(_loop, new UnixSocket(descriptors[0].Duplicate()), (_, _) => { }, () => _tally.Answered++, () => _tally.Ok++);
        }
        byte[] reply = (_random.Next(32), member) switch
        {
            (0, _) => BusMessage.Refusal(++_serial, to, "org.freedesktop.DBus.Error.Failed"),
            (1, _) => BusMessage.Reply(++_serial, to, "u", w => w.UInt32(7)),
            (2, _) => [],
            (_, "GetAll") => BusMessage.Reply(++_serial, to, "a{sv}", Properties),
            _ => BusMessage.Reply(++_serial, to, "", _ => { }),
        };
        if (reply.Length > 0)
        {
            _tally.Sent++;
            _caller.Send(Spoil(reply), []);
        }
        if (_random.Next(4) == 0)
        {
            _caller.Send(Spoil(BusMessage.Signal(++_serial, "/org/qemu/Display1/Console_0", "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", w =>
            {
                w.Text("org.qemu.Display1.Console");
                Properties(w);
                w.Array(4, () => { });
            })), []);
        }
    }

    private void Properties(BusBody body) => body.Array(8, () =>
    {
        body.Property("Name", "s", () => body.Text(_random.Next(8) == 0 ? "\u001b[2J\n" : "vm"));
        body.Property("ConsoleIDs", "au", () => body.Array(4, () =>
        {
            for (int i = _random.Next(16) == 0 ? 300 : 1; i > 0; i--)
            {
                body.UInt32((uint)i - 1);
            }
        }));
        body.Property("Label", "s", () => body.Text("screen"));
        body.Property("Type", "s", () => body.Text(_random.Next(8) == 0 ? "Text" : "Graphic"));
        body.Property("Width", "u", () => body.UInt32(Number(64)));
        body.Property("Height", "u", () => body.UInt32(Number(64)));
        body.Property("IsAbsolute", "b", () => body.UInt32((uint)_random.Next(2)));
        body.Property("Interfaces", "as", () => body.Array(4, () => body.Text("org.fbshare.Display1.Console")));
        if (_random.Next(2) == 0)
        {
            body.Property("Path", _random.Next(16) == 0 ? "u" : "s", () => body.Text("udmabuf"));
        }
    });

    private (string Interface, string Member, string Signature, Action<BusBody> Write, bool Carries) Next()
    {
        uint width = Number(64), height = Number(64), stride = _random.Next(16) == 0 ? Number(256) : width * 4, offset = _random.Next(16) == 0 ? Number(4096) : 0;
        uint format = _random.Next(16) == 0 ? Number(0) : FourCc;
        uint[] rectangle = [Number(1), Number(1), Number(30), Number(30)];
        int bytes = _random.Next(8) == 0 ? _random.Next(256) : (int)Math.Min(width * height * 4, 65536);
        bool carries = _random.Next(32) != 0;
        switch (_random.Next(12))
        {
            case 0:
                return (Listener, "Scanout", "uuuuay", w => Pixels(w, [width, height, stride, _random.Next(16) == 0 ? Number(0) : Pixman], bytes), false);
            case 1:
                return (Listener, "Update", "iiiiuuay", w => Pixels(w, [.. rectangle, Number(120), Pixman], bytes), false);
            case 2 or 3:
                return (Listener + ".Unix.Map", "ScanoutMap", "huuuuu", w => Numbers(w, [0, offset, width, height, stride, _random.Next(16) == 0 ? Number(0) : Pixman]), carries);
            case 4 or 5:
                return (Listener + ".Unix.Map", "UpdateMap", "iiii", w => Numbers(w, rectangle), false);
            case 6:
                return (Listener, "ScanoutDMABUF", "huuuutb", w =>
                {
                    Numbers(w, [0, width, height, stride, format]);
                    w.UInt64(_random.Next(16) == 0 ? 7u : 0u);
                    w.UInt32((uint)_random.Next(2));
                }, carries);
            case 7:
                return (Listener + ".Unix.ScanoutDMABUF2", "ScanoutDMABUF2", "ahuuuuauauuuuutb", w => Planes(w, width, height, stride, offset, format), carries);
            case 8:
                return ("org.fbshare.Display1.Listener.Bands", "ScanoutBands", "uuuta(huuut)", w =>
                {
                    Numbers(w, [width, height, format]);
                    w.UInt64(0);
                    w.Array(8, () =>
                    {
                        for (int i = _random.Next(3); i >= 0; i--)
                        {
                            w.Align(8);
                            Numbers(w, [0, Number(0), Number(32), stride]);
                            w.UInt64(offset);
                        }
                    });
                }, carries);
            case 9:
                return ("org.fbshare.Display1.Listener.Parts", "UpdateParts", "a(iiii)tt", w =>
                {
                    w.Array(8, () =>
                    {
                        for (int i = _random.Next(6); i > 0; i--)
                        {
                            w.Align(8);
                            Numbers(w, [Number(1), Number(1), Number(9), Number(9)]);
                        }
                    });
                    w.UInt64((ulong)_random.NextInt64());
                    w.UInt64((ulong)_random.Next(1000));
                }, false);
            case 10:
                return (Listener, "CursorDefine", "iiiiay", w => Pixels(w, [Number(16), Number(16), Number(3), Number(3)], _random.Next(8) == 0 ? 7 : 1024), false);
            default:
                return _random.Next(4) == 0 ? (Listener, "Disable", "", _ => { }, false) : (Listener, "MouseSet", "iii", w => Numbers(w, rectangle.AsSpan(0, 3)), false);
        }
    }

    private void Planes(BusBody w, uint width, uint height, uint stride, uint offset, uint format)
    {
        uint planes = _random.Next(16) == 0 ? (uint)_random.Next(6) : 1;
        Array(0);
        Numbers(w, [0, 0, width, height]);
        Array(offset);
        Array(stride);
        Numbers(w, [planes, format, Number(64), Number(64)]);
        w.UInt64(0);
        w.UInt32(0);

        void Array(uint value) => w.Array(4, () =>
        {
            for (uint i = 0; i < planes; i++)
            {
                w.UInt32(value);
            }
        });
    }

    private static void Numbers(BusBody body, ReadOnlySpan<uint> numbers)
    {
        foreach (uint number in numbers)
        {
            body.UInt32(number);
        }
    }

    private static void Pixels(BusBody body, ReadOnlySpan<uint> numbers, int bytes)
    {
        Numbers(body, numbers);
        body.UInt32((uint)bytes);
        body.Bytes(new byte[bytes]);
    }

    private uint Number(uint right) => _random.Next(24) == 0 ? Odd[_random.Next(Odd.Length)] : right;

    private byte[] Spoil(byte[] message)
    {
        if (_random.Next(64) == 0)
        {
            message[_random.Next(message.Length)] ^= (byte)(1 << _random.Next(8));
        }
        return message;
    }

    /// <summary>One of the two connections, where the display has authenticated before it was asked.</summary>
    private sealed class Peer : IDisposable
    {
        private readonly UnixSocket _socket;
        private readonly EventLoop.Watch _watch;
        private readonly Action<byte[], List<FileDescriptor>> _called;
        private readonly Action _answered;
        private readonly Action? _accepted;
        private readonly byte[] _received = new byte[1 << 16];
        private readonly List<FileDescriptor> _descriptors = [];
        private int _unread;
        private bool _gone;

        public Peer(EventLoop loop, UnixSocket socket, Action<byte[], List<FileDescriptor>> called, Action answered, Action? accepted = null)
        {
            (_socket, _called, _answered, _accepted) = (socket, called, answered, accepted);
            _watch = loop.Add(socket.Descriptor, LoopEvents.Readable, _ => Receive());
            Send("DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n"u8.ToArray(), []);
        }

        public void Send(byte[] message, FileDescriptor[] descriptors)
        {
            try
            {
                if (!_gone)
                {
                    _ = _socket.Send(message, descriptors, wait: false);
                }
            }
            catch (LinuxException)
            {
                Leave();
            }
        }

        public void Dispose()
        {
            Leave();
            _socket.Dispose();
            Forget();
        }

        private void Receive()
        {
            try
            {
                if (_socket.Receive(_received.AsSpan(_unread), _descriptors, wait: false) is { } count)
                {
                    if (count == 0)
                    {
                        Leave();
                    }
                    _unread += count;
                }
                int at = 0;
                while (Take(_received.AsSpan(at, _unread - at)) is var length and > 0)
                {
                    at += length;
                }
                _received.AsSpan(at, _unread - at).CopyTo(_received);
                _unread -= at;
            }
            catch (LinuxException)
            {
                Leave();
            }
        }

        private int Take(ReadOnlySpan<byte> received)
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
                _answered();
                if (received[1] == BusMessage.Return)
                {
                    _accepted?.Invoke();
                }
            }
            else
            {
                _called(received[..length].ToArray(), _descriptors);
            }
            Forget();
            return length;
        }

        private void Forget()
        {
            _descriptors.ForEach(d => d.Dispose());
            _descriptors.Clear();
        }

        private void Leave()
        {
            if (!_gone)
            {
                _gone = true;
                _watch.Dispose();
            }
        }
    }
}
