using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Keeping;

/// <summary>What a device and its keeper say to each other: 16 bytes, with a descriptor where one is meant.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct KeeperMessage(KeeperRequest Request, uint Padding, ulong Key)
{
    public const int Size = 16;

    /// <exception cref="LinuxException">The other end is gone.</exception>
    public static void Send(UnixSocket socket, KeeperRequest request, ulong key, FileDescriptor? descriptor = null)
    {
        var message = new KeeperMessage(request, 0, key);
        ReadOnlySpan<FileDescriptor> descriptors = descriptor is null ? default : new ReadOnlySpan<FileDescriptor>(in descriptor);
        socket.SendAll(MemoryMarshal.AsBytes(new ReadOnlySpan<KeeperMessage>(in message)), descriptors);
    }
}

internal enum KeeperRequest : uint
{
    /// <summary>To the keeper: keep this. To the device: this was kept.</summary>
    Put = 1,

    /// <summary>To the keeper: keep it no longer.</summary>
    Remove,

    /// <summary>To the device: that was all.</summary>
    End,
}

/// <summary>Whole <see cref="KeeperMessage"/>s.</summary>
internal sealed class KeeperStream(UnixSocket socket) : MessageStream(socket, KeeperMessage.Size, mostUnread: 0)
{
    public KeeperMessage Message => MemoryMarshal.Read<KeeperMessage>(HeaderBytes);

    public override string WhyNonsense => "it does not speak as a device or a keeper does";

    protected override int? PayloadSize(ReadOnlySpan<byte> header) => 0;
}
