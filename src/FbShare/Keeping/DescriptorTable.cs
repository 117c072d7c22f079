using FbShare.Linux;

namespace FbShare.Keeping;

/// <summary>What a keeper keeps: descriptors by their keys. It does not look at what they are.</summary>
/// <remarks>The device is the more exposed process, so nothing that it sends is believed: the number of descriptors is limited, and bytes
/// that are no message end the conversation.</remarks>
public sealed class DescriptorTable : IDisposable
{
    /// <summary>More than a guest's resources and a machine's memory take.</summary>
    public const int MostDescriptors = 8192;

    private readonly Dictionary<ulong, FileDescriptor> _kept = [];

    /// <summary>How many there are.</summary>
    public int Count => _kept.Count;

    /// <summary>Called when the device has left the socket where front-ends connect: from now on it can be reached, whatever becomes of it.</summary>
    public Action? ListenerKept { get; set; }

    /// <summary>Gives a device everything that is kept.</summary>
    /// <param name="device">The socket to it; stays the caller's.</param>
    /// <exception cref="LinuxException">It is gone.</exception>
    public void SendTo(UnixSocket device)
    {
        foreach ((ulong key, FileDescriptor fd) in _kept)
        {
            KeeperMessage.Send(device, KeeperRequest.Put, key, fd);
        }
        KeeperMessage.Send(device, KeeperRequest.End, 0);
    }

    /// <summary>Closes them all.</summary>
    public void Dispose()
    {
        foreach (FileDescriptor fd in _kept.Values)
        {
            fd.Dispose();
        }
        _kept.Clear();
    }

    /// <summary>Does what a message asks for.</summary>
    /// <param name="descriptor">Owned from here on.</param>
    internal void Handle(KeeperMessage message, FileDescriptor? descriptor)
    {
        if (message.Request is KeeperRequest.Put or KeeperRequest.Remove && _kept.Remove(message.Key, out FileDescriptor? before))
        {
            before.Dispose();
        }
        if (message.Request != KeeperRequest.Put || descriptor is null || _kept.Count >= MostDescriptors)
        {
            descriptor?.Dispose();
            return;
        }
        _kept[message.Key] = descriptor;
        if (KeptKey.KindOf(message.Key) == DescriptorKind.Listener)
        {
            ListenerKept?.Invoke();
        }
    }
}
