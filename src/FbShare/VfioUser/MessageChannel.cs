using System.Buffers;
using System.Runtime.InteropServices;
using FbShare.Linux;
using FbShare.Virtio;

namespace FbShare.VfioUser;

/// <summary>Whole vfio-user messages off and onto a socket.</summary>
internal sealed class MessageChannel(UnixSocket socket, ReplyPipe? pipe) : MessageStream(socket, Messages.HeaderSize, MostUnread, pipe)
{
    private const int MostUnread = 2 * Messages.MaxPayload;

    private readonly ArrayBufferWriter<byte> _reply = new();

    /// <summary>The last message's header.</summary>
    public Messages.Header Header => MemoryMarshal.Read<Messages.Header>(HeaderBytes);

    /// <summary>Starts a reply to the last message.</summary>
    public void BeginReply()
    {
        _reply.ResetWrittenCount();
        _reply.GetSpan(Messages.HeaderSize)[..Messages.HeaderSize].Clear();
        _reply.Advance(Messages.HeaderSize);
    }

    /// <summary>Adds to the reply's payload.</summary>
    public void Append<T>(in T value)
        where T : unmanaged => _reply.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <inheritdoc cref="Append{T}"/>
    public void Append(ReadOnlySpan<byte> bytes) => _reply.Write(bytes);

    /// <summary>Room in the reply's payload, to be filled at once.</summary>
    public Span<byte> Append(int length)
    {
        Span<byte> room = _reply.GetSpan(length)[..length];
        _reply.Advance(length);
        return room;
    }

    /// <summary>Sends the reply.</summary>
    /// <param name="descriptor">Goes along; stays the caller's.</param>
    /// <exception cref="LinuxException">The peer is gone.</exception>
    /// <exception cref="FrontEndException">The peer does not read its replies.</exception>
    public void SendReply(FileDescriptor? descriptor = null) => Send((uint)_reply.WrittenCount, Errno.None, descriptor);

    /// <summary>Answers the last message with an error instead.</summary>
    /// <inheritdoc cref="SendReply"/>
    public void SendError(Errno error)
    {
        BeginReply();
        Send(Messages.HeaderSize, error, null);
    }

    public override string WhyNonsense => $"it does not speak vfio-user (command {Header.Command}, {Header.Size} bytes)";

    protected override bool MayHaveDescriptors(ReadOnlySpan<byte> header) =>
        (Command)MemoryMarshal.Read<Messages.Header>(header).Command is not (Command.RegionRead or Command.RegionWrite or Command.RegionWriteMulti);

    protected override int? PayloadSize(ReadOnlySpan<byte> header)
    {
        uint size = MemoryMarshal.Read<Messages.Header>(header).Size;
        return size is >= Messages.HeaderSize and <= Messages.HeaderSize + Messages.MaxPayload ? (int)size - Messages.HeaderSize : null;
    }

    private void Send(uint size, Errno error, FileDescriptor? descriptor)
    {
        Messages.Header request = Header;
        var header = new Messages.Header
        {
            Id = request.Id,
            Command = request.Command,
            Size = size,
            Flags = Messages.TypeReply | (error == Errno.None ? 0 : Messages.Error),
            ErrorNumber = (uint)error,
        };
        MemoryMarshal.TryGetArray(_reply.WrittenMemory, out ArraySegment<byte> message);
        MemoryMarshal.Write(message.AsSpan(), in header);
        if (!(descriptor is null ? TryReply(message) : TryReply(message, descriptor)))
        {
            throw new FrontEndException(DoesNotRead);
        }
    }
}
