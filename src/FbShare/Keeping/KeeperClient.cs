using System.Globalization;
using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Keeping;

/// <summary>The device's end of the socket to its keeper.</summary>
public sealed class KeeperClient : IDescriptorStore, IDisposable
{
    /// <summary>In the environment of a device that has a keeper: the number of its socket.</summary>
    public const string Variable = "FBSHARE_KEEPER";

    private readonly UnixSocket _socket;

    private KeeperClient(UnixSocket socket) => _socket = socket;

    /// <summary>The socket: it hangs up when the keeper is gone.</summary>
    public FileDescriptor Descriptor => _socket.Descriptor;

    /// <summary>The socket that this process was started with (<see cref="Variable"/>); null if it has no keeper.</summary>
    /// <returns>The caller's.</returns>
    public static UnixSocket? FindSocket()
    {
        string? number = Environment.GetEnvironmentVariable(Variable);
        // Whatever this process starts has no keeper.
        Environment.SetEnvironmentVariable(Variable, null);
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int fd) ? new UnixSocket(new FileDescriptor(fd)) : null;
    }

    /// <summary>Receives everything that is kept.</summary>
    /// <param name="socket">Owned from here on, also when this fails.</param>
    /// <param name="kept">The descriptors by their keys; the caller's.</param>
    /// <exception cref="LinuxException">The keeper is gone.</exception>
    public static KeeperClient Connect(UnixSocket socket, out IReadOnlyDictionary<ulong, FileDescriptor> kept)
    {
        var left = new Dictionary<ulong, FileDescriptor>();
        var descriptors = new List<FileDescriptor>();
        try
        {
            Span<byte> bytes = stackalloc byte[KeeperMessage.Size];
            while (true)
            {
                int got = 0;
                while (got < bytes.Length)
                {
                    int count = socket.Receive(bytes[got..], descriptors) ?? 0;
                    got += count > 0 ? count : throw new LinuxException("the keeper is gone", (int)Errno.EPIPE);
                }
                KeeperMessage message = MemoryMarshal.Read<KeeperMessage>(bytes);
                if (message.Request == KeeperRequest.End)
                {
                    kept = left;
                    return new KeeperClient(socket);
                }
                if (descriptors.Count > 0)
                {
                    if (left.Remove(message.Key, out FileDescriptor? before))
                    {
                        before.Dispose();
                    }
                    left[message.Key] = descriptors[0];
                    descriptors.RemoveAt(0);
                    Drop(descriptors);
                }
            }
        }
        catch
        {
            Drop([.. left.Values]);
            socket.Dispose();
            throw;
        }
        finally
        {
            Drop(descriptors);
        }

        static void Drop(List<FileDescriptor> unwanted)
        {
            foreach (FileDescriptor fd in unwanted)
            {
                fd.Dispose();
            }
            unwanted.Clear();
        }
    }

    /// <inheritdoc/>
    public void Put(ulong key, FileDescriptor descriptor) => KeeperMessage.Send(_socket, KeeperRequest.Put, key, descriptor);

    /// <inheritdoc/>
    public void Remove(ulong key) => KeeperMessage.Send(_socket, KeeperRequest.Remove, key);

    /// <summary>Ends the conversation; what is kept stays so.</summary>
    public void Dispose() => _socket.Dispose();
}
