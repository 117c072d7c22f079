using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Display.DBus;

/// <summary>Stands between a client that is not trusted and sd-bus: authenticates it, and hands on whole messages of bounded size with the
/// descriptors that they announce.</summary>
/// <remarks>sd-bus itself makes room for whatever a message's header announces, up to 128 MiB, as soon as it has read the header. It reads
/// from a socket pair that this feeds; what it writes goes to the client directly.</remarks>
internal sealed class BusGate : IDisposable
{
    /// <summary>The longest message taken, in bytes: a client's calls and a listener's answers have a few hundred.</summary>
    public const int MostMessage = 64 << 10;

    private const int MostDescriptors = UnixSocket.MaxDescriptors;

    private const string UnannouncedDescriptors = "it sent descriptors that no message announces";

    private readonly UnixSocket _client;
    private readonly UnixSocket _bus;
    private readonly BusAuthentication _authentication;
    private readonly List<FileDescriptor> _descriptors = [];
    private byte[] _buffer = new byte[4096];
    private int _received;
    private bool _ended;

    /// <param name="client">Owned from here on.</param>
    /// <param name="bus">The other end of what sd-bus reads from; owned from here on.</param>
    /// <exception cref="LinuxException">The client's socket does not say who is there.</exception>
    public BusGate(UnixSocket client, UnixSocket bus)
    {
        _client = client;
        _bus = bus;
        _authentication = new BusAuthentication(client.GetPeer().UserId);
    }

    /// <summary>The client's socket.</summary>
    public FileDescriptor Client => _client.Descriptor;

    /// <summary>Whether the client is let in: what comes now are messages.</summary>
    public bool IsAuthenticated => _authentication.IsDone;

    /// <summary>The number that the client gave the message that was handed on last (its "serial").</summary>
    public uint LastHandedOn { get; private set; }

    /// <summary>Why the client must be dismissed; null while nothing is wrong.</summary>
    public string? Fault { get; private set; }

    /// <summary>Whether the client closed its end and everything it sent before has been handed on.</summary>
    public bool IsOver => _ended && !HasMessage;

    /// <summary>Whether a whole message waits to be handed on.</summary>
    public bool HasMessage => IsAuthenticated && TryGetNext(out _);

    /// <summary>Reads what is there, as far as there is room, and carries on the authentication.</summary>
    public void Receive()
    {
        if (_ended || Fault is not null || _received == _buffer.Length)
        {
            return;
        }
        int? count;
        try
        {
            count = _client.Receive(_buffer.AsSpan(_received), _descriptors, wait: false);
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
        if (!IsAuthenticated)
        {
            Authenticate();
        }
        if (IsAuthenticated && Fault is null)
        {
            // Looks at the header: a message that is too long is refused before the rest of it comes.
            TryGetNext(out _);
        }
        if (_descriptors.Count > MostDescriptors || (_descriptors.Count > 0 && (_received == 0 || !IsAuthenticated)))
        {
            Fault ??= UnannouncedDescriptors;
        }
    }

    /// <summary>Plays the client's part of the authentication towards sd-bus, after the client itself was authenticated.</summary>
    /// <exception cref="LinuxException">The socket pair failed.</exception>
    public void AuthenticateToBus() =>
        _bus.SendAll(_authentication.TakesDescriptors ? "\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n"u8 : "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"u8);

    /// <summary>Hands the next message to sd-bus, which must have read the one before.</summary>
    /// <returns>False if there is none.</returns>
    /// <exception cref="LinuxException">The socket pair failed.</exception>
    public bool HandOn()
    {
        if (!IsAuthenticated || !TryGetNext(out int length))
        {
            return false;
        }
        ReadOnlySpan<byte> message = _buffer.AsSpan(0, length);
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
        Span<FileDescriptor> sent = CollectionsMarshal.AsSpan(_descriptors)[..(int)announced];
        if (_bus.Send(message, sent, wait: false) != length)
        {
            // The socket is empty, so this happens only where a socket holds less than one message.
            Fault = $"its message of {length} bytes does not fit a socket of this system (net.core.wmem_default)";
            return false;
        }
        foreach (FileDescriptor descriptor in sent)
        {
            descriptor.Dispose();
        }
        _descriptors.RemoveRange(0, sent.Length);
        LastHandedOn = BusFraming.SerialOf(message);
        Drop(length);
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
        _client.Dispose();
        _bus.Dispose();
    }

    private void Authenticate()
    {
        Drop(_authentication.Take(_buffer.AsSpan(0, _received)));
        Fault = _authentication.Fault;
        ReadOnlySpan<byte> replies = _authentication.Replies;
        if (replies.IsEmpty || Fault is not null)
        {
            return;
        }
        try
        {
            if (_client.Send(replies, wait: false) != replies.Length)
            {
                Fault = "it does not read the answers to its authentication";
            }
        }
        catch (LinuxException)
        {
            _ended = true;
        }
        _authentication.ClearReplies();
    }

    /// <summary>Finds the end of the first message, and makes room for the rest of it; sets <see cref="Fault"/> if there can be none.</summary>
    private bool TryGetNext(out int length)
    {
        length = 0;
        if (Fault is not null || _received < BusFraming.HeaderLength)
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
            Fault = $"it sent a message of {whole} bytes, and at most {MostMessage} are taken";
            return false;
        }
        length = (int)whole;
        if (length > _buffer.Length)
        {
            Array.Resize(ref _buffer, length);
        }
        return _received >= length;
    }

    private void Drop(int count)
    {
        _buffer.AsSpan(count, _received - count).CopyTo(_buffer);
        _received -= count;
    }
}
