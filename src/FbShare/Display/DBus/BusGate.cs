using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Display.DBus;

/// <summary>Stands between a peer that is not trusted and sd-bus: hands on whole messages with the descriptors that they announce. A client is
/// authenticated first, and the size of its messages is bounded.</summary>
/// <remarks>sd-bus itself makes room for whatever a message's header announces, up to 128 MiB, as soon as it has read the header, and keeps
/// the descriptors of a message that it cannot read (<see cref="BusCallHeader"/>). It reads from a socket pair that this feeds; what it
/// writes goes to the peer directly.</remarks>
internal sealed class BusGate : IDisposable
{
    /// <summary>The longest message taken from a client, in bytes: its calls and a listener's answers have a few hundred. A server's may have a whole
    /// picture in them, and are handed on in pieces of so much.</summary>
    public const int MostMessage = 64 << 10;

    private const string UnannouncedDescriptors = "it sent descriptors that no message announces";

    private readonly UnixSocket _peer;
    private readonly UnixSocket _bus;

    /// <summary>Of a client; null: the peer is a server, which sd-bus talks itself into.</summary>
    private readonly BusAuthentication? _authentication;
    private readonly List<FileDescriptor> _descriptors = [];
    private byte[] _buffer = new byte[BusAuthentication.MostBytes];
    private int _received;
    private bool _ended;
    private bool _isAnswered;

    /// <summary>How much is still to come or to be handed on of a message that is handed on in pieces.</summary>
    private ulong _rest;

    private BusGate(UnixSocket peer, UnixSocket bus, BusAuthentication? authentication)
    {
        _peer = peer;
        _bus = bus;
        _authentication = authentication;
    }

    /// <summary>The peer's socket.</summary>
    public FileDescriptor Peer => _peer.Descriptor;

    /// <summary>Whether the authentication is over: what comes now are messages.</summary>
    public bool IsAuthenticated => _authentication?.IsDone ?? _isAnswered;

    /// <summary>The number that the peer gave the message that was handed on last (its "serial").</summary>
    public uint LastHandedOn { get; private set; }

    /// <summary>Why the peer must be dismissed; null while nothing is wrong.</summary>
    public string? Fault { get; private set; }

    /// <summary>Whether the peer closed its end and everything it sent before has been handed on.</summary>
    public bool IsOver => _ended && !HasMessage;

    /// <summary>Whether a whole message, or a piece of a long one, waits to be handed on.</summary>
    public bool HasMessage => TryGetNext(out _);

    /// <summary>Stands before a client.</summary>
    /// <param name="client">Owned by the gate, but not if this fails.</param>
    /// <param name="bus">The other end of what sd-bus reads from; owned as the client is.</param>
    /// <exception cref="LinuxException">The client's socket does not say who is there.</exception>
    public static BusGate ToClient(UnixSocket client, UnixSocket bus) => new(client, bus, new BusAuthentication(client.GetPeer().UserId));

    /// <summary>Stands before a server, whose answers to sd-bus's authentication are handed on as they are.</summary>
    /// <param name="server">Owned by the gate.</param>
    /// <param name="bus">The other end of what sd-bus reads from; owned by the gate.</param>
    public static BusGate ToServer(UnixSocket server, UnixSocket bus) => new(server, bus, authentication: null);

    /// <summary>Reads what is there, as far as there is room and nothing waits to be handed on, and carries on the authentication.</summary>
    public void Receive()
    {
        if (_ended || Fault is not null || _received == _buffer.Length || HasMessage)
        {
            return;
        }
        int? count;
        try
        {
            count = _peer.Receive(_buffer.AsSpan(_received), _descriptors, wait: false);
        }
        catch (LinuxException)
        {
            // ECONNRESET and similar errors: nothing more comes.
            count = 0;
        }
        if (count is null)
        {
            return;
        }
        _ended = count == 0;
        _received += count.Value;
        if (_authentication is { IsDone: false } authentication)
        {
            Authenticate(authentication);
        }
        if (Fault is null)
        {
            // Looks at the header: a message that is too long is refused before the rest of it comes.
            TryGetNext(out _);
        }
        if (_descriptors.Count > _peer.MostDescriptors || (_descriptors.Count > 0 && (_received == 0 || !(IsAuthenticated || HasMessage))))
        {
            Fault ??= UnannouncedDescriptors;
        }
    }

    /// <summary>Plays the client's part of the authentication towards sd-bus, after the client itself was authenticated.</summary>
    /// <exception cref="LinuxException">The socket pair failed.</exception>
    public void AuthenticateToBus() =>
        _bus.SendAll(_authentication!.TakesDescriptors ? "\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n"u8 : "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"u8);

    /// <summary>Hands the next message, or the next piece of one, to sd-bus, which must have read the one before.</summary>
    /// <returns>False if there is none.</returns>
    /// <exception cref="LinuxException">The socket pair failed.</exception>
    public bool HandOn()
    {
        if (!TryGetNext(out int length))
        {
            return false;
        }
        ReadOnlySpan<byte> next = _buffer.AsSpan(0, length);
        int sent;
        if (IsAuthenticated && _rest == 0)
        {
            if (!TryFindDescriptors(next, out Span<FileDescriptor> descriptors))
            {
                return false;
            }
            LastHandedOn = BusFraming.SerialOf(next);
            sent = _bus.Send(next, descriptors, wait: false);
            foreach (FileDescriptor descriptor in descriptors)
            {
                descriptor.Dispose();
            }
            _descriptors.RemoveRange(0, descriptors.Length);
        }
        else
        {
            sent = _bus.Send(next, wait: false);
        }
        if (sent < length && (sent == 0 || _rest == 0))
        {
            // The socket is empty, so this happens only where a socket holds less than one message.
            Fault = $"its message of {length} bytes does not fit a socket of this system (net.core.wmem_default)";
            return false;
        }
        _isAnswered = true;
        _rest -= Math.Min(_rest, (ulong)sent);
        Drop(sent);
        if (_received == 0 && _descriptors.Count > 0)
        {
            Fault = UnannouncedDescriptors;
        }
        return true;
    }

    public void Dispose()
    {
        _descriptors.ForEach(d => d.Dispose());
        _descriptors.Clear();
        _peer.Dispose();
        _bus.Dispose();
    }

    private void Authenticate(BusAuthentication authentication)
    {
        Drop(authentication.Take(_buffer.AsSpan(0, _received)));
        Fault = authentication.Fault;
        ReadOnlySpan<byte> replies = authentication.Replies;
        if (replies.IsEmpty || Fault is not null)
        {
            return;
        }
        try
        {
            if (_peer.Send(replies, wait: false) != replies.Length)
            {
                Fault = "it does not read the answers to its authentication";
            }
        }
        catch (LinuxException)
        {
            _ended = true;
        }
        authentication.ClearReplies();
    }

    /// <summary>The descriptors that belong to a whole message; sets <see cref="Fault"/> where sd-bus would not close them.</summary>
    private bool TryFindDescriptors(ReadOnlySpan<byte> message, out Span<FileDescriptor> descriptors)
    {
        descriptors = default;
        if (!BusFraming.TryCountDescriptors(message, out uint announced))
        {
            Fault = "it sent a message whose header makes no sense";
            return false;
        }
        if (announced > _descriptors.Count)
        {
            Fault = $"it announced {announced} descriptors and sent {_descriptors.Count}";
            return false;
        }
        if (announced > 0 && !BusCallHeader.IsSound(message))
        {
            Fault = "it sent descriptors with a message that may carry none";
            return false;
        }
        descriptors = CollectionsMarshal.AsSpan(_descriptors)[..(int)announced];
        return true;
    }

    /// <summary>Finds the end of what can be handed on next, and makes room for the rest of it; sets <see cref="Fault"/> if there can be none.</summary>
    private bool TryGetNext(out int length)
    {
        length = 0;
        if (Fault is not null)
        {
            return false;
        }
        if (!IsAuthenticated)
        {
            return _authentication is null && TryGetAnswers(out length);
        }
        if (_rest > 0)
        {
            length = (int)Math.Min(_rest, (ulong)_received);
            return length > 0;
        }
        if (_received < BusFraming.HeaderLength)
        {
            return false;
        }
        if (!BusFraming.TryGetLength(_buffer, out ulong whole))
        {
            Fault = "it sent bytes that are no D-Bus message";
            return false;
        }
        if (whole > MostMessage)
        {
            return TryBeginLong(whole, out length);
        }
        length = (int)whole;
        MakeRoom(length);
        return _received >= length;
    }

    /// <summary>Finds the end of a server's answers to sd-bus's authentication.</summary>
    private bool TryGetAnswers(out int length)
    {
        if (BusAnswers.TryGetLength(_buffer.AsSpan(0, _received), out length, out bool areRefusal))
        {
            return true;
        }
        Fault = areRefusal ? "it does not let this user in"
            : _received == _buffer.Length ? $"its answers to the authentication are longer than {_received} bytes"
            : null;
        return false;
    }

    /// <summary>A message that is handed on in pieces, as a server's may be: without descriptors.</summary>
    private bool TryBeginLong(ulong whole, out int length)
    {
        length = 0;
        ulong header = BusFraming.HeaderOf(_buffer);
        if (_authentication is not null || header > MostMessage)
        {
            Fault = $"it sent a message of {whole} bytes, and at most {MostMessage} are taken";
            return false;
        }
        MakeRoom(MostMessage);
        if (_received < (int)header)
        {
            return false;
        }
        if (!BusFraming.TryCountDescriptors(_buffer, out uint announced) || announced > 0)
        {
            Fault = $"it sent descriptors with a message of {whole} bytes, and such messages carry none";
            return false;
        }
        LastHandedOn = BusFraming.SerialOf(_buffer);
        _rest = whole;
        length = _received;
        return true;
    }

    private void MakeRoom(int length)
    {
        if (length > _buffer.Length)
        {
            Array.Resize(ref _buffer, length);
        }
    }

    private void Drop(int count)
    {
        _buffer.AsSpan(count, _received - count).CopyTo(_buffer);
        _received -= count;
    }
}
