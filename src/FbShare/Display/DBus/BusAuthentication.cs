using System.Buffers;
using System.Globalization;
using System.Text;

namespace FbShare.Display.DBus;

/// <summary>The server's half of the authentication at the beginning of a D-Bus connection (D-Bus specification, "Authentication
/// Protocol"): EXTERNAL, and descriptors if the client asks for them.</summary>
/// <remarks>Takes bytes and gives bytes; whoever owns the socket carries both. libsystemd's own code treats a descriptor that arrives
/// in one read with the end of the authentication as an attack and breaks the connection (bus_socket_read_auth); clients that do not
/// wait between BEGIN and their first call send exactly that.</remarks>
/// <param name="user">Who is at the other end, by SO_PEERCRED: the only identity that is taken.</param>
internal sealed class BusAuthentication(uint user)
{
    /// <summary>The longest dialogue that is accepted, in bytes; a real one has about eighty.</summary>
    public const int MostBytes = 4096;

    private readonly ArrayBufferWriter<byte> _replies = new(64);
    private State _state = State.Nul;
    private int _taken;

    private enum State
    {
        /// <summary>The first byte is a zero.</summary>
        Nul,

        /// <summary>AUTH is to come.</summary>
        Auth,

        /// <summary>DATA is to come.</summary>
        Data,

        /// <summary>BEGIN is to come.</summary>
        Begin,

        Done,
    }

    /// <summary>Whether BEGIN has come: what follows are messages.</summary>
    public bool IsDone => _state == State.Done;

    /// <summary>Whether the client asked to send and receive descriptors.</summary>
    public bool TakesDescriptors { get; private set; }

    /// <summary>Why the connection must be closed; null while nothing is wrong.</summary>
    public string? Fault { get; private set; }

    /// <summary>What is to be sent to the client; cleared by <see cref="ClearReplies"/>.</summary>
    public ReadOnlySpan<byte> Replies => _replies.WrittenSpan;

    public void ClearReplies() => _replies.ResetWrittenCount();

    /// <summary>Takes the whole lines at the start of what has been received, up to the end of the dialogue.</summary>
    /// <returns>How many bytes were used; the rest is to be given again, with more behind it.</returns>
    public int Take(ReadOnlySpan<byte> received)
    {
        int used = 0;
        if (_state == State.Nul && received.Length > 0)
        {
            if (received[0] != 0)
            {
                Fault = "it does not speak D-Bus: the first byte is not zero";
                return 0;
            }
            _state = State.Auth;
            used = 1;
        }
        while (!IsDone && Fault is null && received[used..].IndexOf("\r\n"u8) is var end and >= 0)
        {
            TakeLine(received.Slice(used, end));
            used += end + 2;
        }
        _taken += used;
        if (!IsDone && _taken + received.Length - used > MostBytes)
        {
            Fault ??= $"its authentication is longer than {MostBytes} bytes";
        }
        return used;
    }

    private void TakeLine(ReadOnlySpan<byte> line)
    {
        int space = line.IndexOf((byte)' ');
        ReadOnlySpan<byte> command = space < 0 ? line : line[..space];
        ReadOnlySpan<byte> argument = space < 0 ? default : line[(space + 1)..];
        if (command.SequenceEqual("AUTH"u8) && _state != State.Begin)
        {
            Authenticate(argument);
        }
        else if (command.SequenceEqual("DATA"u8) && _state == State.Data)
        {
            Identify(argument);
        }
        else if (command.SequenceEqual("NEGOTIATE_UNIX_FD"u8) && _state == State.Begin)
        {
            TakesDescriptors = true;
            _replies.Write("AGREE_UNIX_FD\r\n"u8);
        }
        else if (command.SequenceEqual("BEGIN"u8))
        {
            // The specification: a client that sends BEGIN before it is authenticated is disconnected.
            Fault = _state == State.Begin ? null : "it began before it was authenticated";
            _state = Fault is null ? State.Done : _state;
        }
        else if (command.SequenceEqual("CANCEL"u8) || command.SequenceEqual("ERROR"u8))
        {
            Reject();
        }
        else
        {
            _replies.Write("ERROR\r\n"u8);
        }
    }

    private void Authenticate(ReadOnlySpan<byte> argument)
    {
        if (argument.SequenceEqual("EXTERNAL"u8))
        {
            _state = State.Data;
            _replies.Write("DATA\r\n"u8);
        }
        else if (argument.StartsWith("EXTERNAL "u8))
        {
            Identify(argument["EXTERNAL ".Length..]);
        }
        else
        {
            Reject();
        }
    }

    /// <param name="identity">The user's number as text, each byte as two hexadecimal digits; empty: whoever the socket says.</param>
    private void Identify(ReadOnlySpan<byte> identity)
    {
        byte[] own = Encoding.ASCII.GetBytes(Convert.ToHexString(Encoding.ASCII.GetBytes(user.ToString(CultureInfo.InvariantCulture))));
        if (!identity.IsEmpty && !Ascii.EqualsIgnoreCase(identity, own))
        {
            Reject();
            return;
        }
        _state = State.Begin;
        // Names this server; nobody compares it. (A random number of .NET's cryptography would load OpenSSL, and end the process where that is missing.)
        _replies.Write(Encoding.ASCII.GetBytes($"OK {Guid.NewGuid():N}\r\n"));
    }

    private void Reject()
    {
        _state = State.Auth;
        TakesDescriptors = false;
        _replies.Write("REJECTED EXTERNAL\r\n"u8);
    }
}
