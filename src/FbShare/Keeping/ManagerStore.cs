using System.Globalization;
using FbShare.Linux;

namespace FbShare.Keeping;

/// <summary>Descriptors that are left with the service manager: systemd's descriptor store (FileDescriptorStoreMax= of systemd.service(5)).</summary>
/// <remarks>The manager keeps each open file once, under one name, and a machine's memory can be two regions of one file. So what it
/// gets is a socket of its own for each key, in whose queue the descriptor is.</remarks>
public sealed class ManagerStore : IDescriptorStore
{
    private const string Prefix = "fbshare";
    private const char Separator = '.';

    /// <summary>A guest can make the host memory of a 2D resource, and with it a message to the manager, as often as it likes. As many as it can have at a
    /// time, and so many in a second, are kept; the picture of one that is not is lost if the device dies before the guest draws it again.</summary>
    private const int MostResources = 4096, MostResourcesPerSecond = 200;

    private const long Second = 1_000_000_000;

    private readonly ServiceManager _manager;
    private readonly Action<string> _failed;
    private readonly Dictionary<ulong, string> _names = [];
    private ulong _generation;
    private long _allowance = MostResources * Second;
    private long _allowedAt = EventLoop.Now;
    private bool _hasFailed;

    private ManagerStore(ServiceManager manager, Action<string> failed)
    {
        _manager = manager;
        _failed = failed;
    }

    /// <summary>Takes what the service's process before this one has left.</summary>
    /// <param name="manager">The caller's; must outlive this.</param>
    /// <param name="handed">What the manager has started this process with; its own part is taken out of it.</param>
    /// <param name="failed">Told once, in a sentence, if the manager can be told nothing more.</param>
    /// <param name="left">The descriptors by their keys; the caller's.</param>
    public static ManagerStore Open(ServiceManager manager, HandedDescriptors handed, Action<string> failed, out IReadOnlyDictionary<ulong, FileDescriptor> left)
    {
        var store = new ManagerStore(manager, failed);
        var newest = new Dictionary<ulong, (ulong Generation, string Name, FileDescriptor Descriptor)>();
        foreach ((string name, FileDescriptor parcel) in handed.TakeNamed(Prefix + Separator))
        {
            using (parcel)
            {
                if (!TryParse(name, out ulong key, out ulong generation) || Open(parcel) is not { } descriptor)
                {
                    store.Forget(name);
                    continue;
                }
                store._generation = Math.Max(store._generation, generation);
                // A process died after it left the new one of a key, and before it removed the old one.
                bool isKnown = newest.TryGetValue(key, out (ulong Generation, string Name, FileDescriptor Descriptor) other);
                if (isKnown && other.Generation > generation)
                {
                    descriptor.Dispose();
                    store.Forget(name);
                    continue;
                }
                if (isKnown)
                {
                    other.Descriptor.Dispose();
                    store.Forget(other.Name);
                }
                newest[key] = (generation, name, descriptor);
            }
        }
        foreach ((ulong key, (_, string name, _)) in newest)
        {
            store._names[key] = name;
        }
        left = newest.ToDictionary(p => p.Key, p => p.Value.Descriptor);
        return store;
    }

    /// <inheritdoc/>
    public void Put(ulong key, FileDescriptor descriptor)
    {
        _names.Remove(key, out string? before);
        if (KeptKey.KindOf(key) != DescriptorKind.Resource || IsAllowed())
        {
            string name = $"{Prefix}{Separator}{KeptKey.KindOf(key)}{Separator}{KeptKey.NumberOf(key):x}{Separator}{++_generation}";
            _names[key] = name;
            Do(() =>
            {
                (UnixSocket queue, UnixSocket inlet) = UnixSocket.CreatePair();
                using (queue)
                using (inlet)
                {
                    inlet.Send([0], new ReadOnlySpan<FileDescriptor>(in descriptor));
                    _manager.Leave(name, queue.Descriptor);
                }
            });
        }
        if (before is not null)
        {
            Forget(before);
        }
    }

    /// <inheritdoc/>
    public void Remove(ulong key)
    {
        if (_names.Remove(key, out string? name))
        {
            Forget(name);
        }
    }

    /// <summary>Takes what is in the queue of a socket, and leaves it there.</summary>
    private static FileDescriptor? Open(FileDescriptor parcel)
    {
        var descriptors = new List<FileDescriptor>();
        try
        {
            if (parcel.GetStatus().IsSocket)
            {
                var queue = new UnixSocket(parcel);
                queue.Peek(stackalloc byte[1], descriptors);
            }
        }
        catch (LinuxException)
        {
            // It is nothing of ours.
        }
        foreach (FileDescriptor surplus in descriptors.Skip(1))
        {
            surplus.Dispose();
        }
        return descriptors.FirstOrDefault();
    }

    private static bool TryParse(string name, out ulong key, out ulong generation)
    {
        (key, generation) = (0, 0);
        if (name.Split(Separator) is not [_, var kind, var number, var last]
            || !Enum.TryParse(kind, out DescriptorKind parsed) || parsed is <= DescriptorKind.None or >= DescriptorKind.Count
            || !ulong.TryParse(number, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong which) || which > KeptKey.MaxNumber
            || !ulong.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out generation))
        {
            return false;
        }
        key = KeptKey.Of(parsed, which);
        return true;
    }

    private void Forget(string name) => Do(() => _manager.Remove(name));

    /// <summary>A manager that is gone costs no machine anything, as long as the device lives.</summary>
    private void Do(Action tell)
    {
        try
        {
            tell();
        }
        catch (LinuxException e)
        {
            if (!_hasFailed)
            {
                _hasFailed = true;
                _failed(e.Message);
            }
        }
    }

    private bool IsAllowed()
    {
        long now = EventLoop.Now;
        _allowance = Math.Min(_allowance + ((now - _allowedAt) * MostResourcesPerSecond), MostResources * Second);
        _allowedAt = now;
        if (_allowance < Second)
        {
            return false;
        }
        _allowance -= Second;
        return true;
    }
}
