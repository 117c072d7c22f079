using System.Runtime.InteropServices;
using FbShare.Linux;
using FbShare.Virtio;

namespace FbShare.VhostUser;

/// <summary>Whole vhost-user messages off and onto a socket.</summary>
internal sealed class MessageChannel(UnixSocket socket, ReplyPipe? pipe) : MessageStream(socket, HeaderSize, MostUnread, pipe)
{
    /// <summary>Far more unread replies than a front-end that waits for each of them can leave.</summary>
    private const int MostUnread = 64 << 10;

    private static readonly int HeaderSize = Marshal.SizeOf<Messages.Header>();

    /// <summary>The last message's header.</summary>
    public Messages.Header Header => MemoryMarshal.Read<Messages.Header>(HeaderBytes);

    public override string WhyNonsense => $"it does not speak vhost-user (message {Header.Request} with flags 0x{Header.Flags:x} and {Header.Size} bytes)";

    /// <summary>Answers the message being handled, now or when the socket takes it.</summary>
    /// <exception cref="FrontEndException">The front-end does not read its replies.</exception>
    public void Reply<T>(in T payload)
        where T : unmanaged => Reply(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in payload)));

    /// <inheritdoc cref="Reply{T}"/>
    public void Reply(ReadOnlySpan<byte> payload)
    {
        Span<byte> message = stackalloc byte[HeaderSize + payload.Length];
        var header = new Messages.Header { Request = Header.Request, Flags = Messages.Version | Messages.FlagReply, Size = (uint)payload.Length };
        MemoryMarshal.Write(message, in header);
        payload.CopyTo(message[HeaderSize..]);
        if (!TryReply(message))
        {
            throw new FrontEndException(DoesNotRead);
        }
    }

    protected override int? PayloadSize(ReadOnlySpan<byte> header)
    {
        var h = MemoryMarshal.Read<Messages.Header>(header);
        return (h.Flags & Messages.VersionMask) == Messages.Version && h.Size <= Messages.MaxPayload ? (int)h.Size : null;
    }
}
