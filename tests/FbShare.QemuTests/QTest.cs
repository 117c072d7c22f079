using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace FbShare.QemuTests;

/// <summary>A QEMU whose processor is a socket (-accel qtest): each access to a port or to memory is one line, answered when a processor would go on.</summary>
internal sealed class QTest : IDisposable
{
    private const ushort ConfigAddress = 0xcf8, ConfigData = 0xcfc;

    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[256];

    /// <summary>Waits until the machine is made: QEMU listens before that, and answers afterwards.</summary>
    /// <param name="path">QEMU's -qtest socket.</param>
    public QTest(string path)
    {
        _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _socket.Connect(new UnixDomainSocketEndPoint(path));
        Read(0, sizeof(uint));
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes of memory, and returns when the processor would go on.</summary>
    public void Write(ulong address, ulong value, int bytes) => Ask(WriteLine(address, value, bytes));

    public static byte[] WriteLine(ulong address, ulong value, int bytes) => Encoding.ASCII.GetBytes($"write{Suffix(bytes)} 0x{address:x} 0x{value:x}\n");

    public ulong Read(ulong address, int bytes) => Ask(Encoding.ASCII.GetBytes($"read{Suffix(bytes)} 0x{address:x}\n"));

    /// <summary>Sends a line and does not wait for its answer.</summary>
    public void Send(byte[] line) => _socket.Send(line);

    /// <summary>Waits for the answer to a line.</summary>
    public ulong Receive()
    {
        int got = 0;
        do
        {
            int count = _socket.Receive(_buffer.AsSpan(got));
            got += count > 0 ? count : throw new EndOfStreamException("QEMU is gone");
        }
        while (_buffer[got - 1] != '\n');
        string answer = Encoding.ASCII.GetString(_buffer, 0, got - 1);
        return answer.StartsWith("OK", StringComparison.Ordinal)
            ? answer.Length > 3 ? ulong.Parse(answer.AsSpan(5), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : 0
            : throw new InvalidOperationException($"QEMU said: {answer}");
    }

    /// <summary>Reads 4 bytes of a PCI function's configuration space, on bus 0.</summary>
    public uint ReadConfig(int device, int offset)
    {
        Out(ConfigAddress, 0x8000_0000 | ((uint)device << 11) | (uint)offset);
        return (uint)Ask(Encoding.ASCII.GetBytes($"inl 0x{ConfigData:x}\n"));
    }

    public void WriteConfig(int device, int offset, uint value)
    {
        Out(ConfigAddress, 0x8000_0000 | ((uint)device << 11) | (uint)offset);
        Out(ConfigData, value);
    }

    public void Dispose() => _socket.Dispose();

    private void Out(ushort port, uint value) => Ask(Encoding.ASCII.GetBytes($"outl 0x{port:x} 0x{value:x}\n"));

    private ulong Ask(byte[] line)
    {
        Send(line);
        return Receive();
    }

    private static char Suffix(int bytes) => bytes switch { 1 => 'b', 2 => 'w', 4 => 'l', _ => 'q' };
}
