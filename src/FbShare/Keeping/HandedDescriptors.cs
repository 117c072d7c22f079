using System.Globalization;
using FbShare.Linux;

namespace FbShare.Keeping;

/// <summary>The descriptors that a service manager started this process with (sd_listen_fds_with_names(3)): sockets that it listens at for the service, and
/// what an earlier process of the service left with it.</summary>
public sealed class HandedDescriptors : IDisposable
{
    /// <summary>SD_LISTEN_FDS_START.</summary>
    private const int First = 3;

    private readonly List<(string Name, FileDescriptor Descriptor)> _all;

    internal HandedDescriptors(List<(string Name, FileDescriptor Descriptor)> all) => _all = all;

    /// <summary>Takes them, so that nothing that this process starts gets them too.</summary>
    /// <exception cref="LinuxException">No descriptor is free.</exception>
    public static HandedDescriptors Take()
    {
        string? process = ServiceManager.Take("LISTEN_PID"), number = ServiceManager.Take("LISTEN_FDS"), names = ServiceManager.Take("LISTEN_FDNAMES");
        _ = ServiceManager.Take("LISTEN_PIDFDID");
        var all = new List<(string Name, FileDescriptor Descriptor)>();
        if (process != Environment.ProcessId.ToString(CultureInfo.InvariantCulture) || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int count))
        {
            return new HandedDescriptors(all);
        }
        string[] called = names?.Split(':') ?? [];
        for (int i = 0; i < count; i++)
        {
            using var given = new FileDescriptor(First + i);
            all.Add((i < called.Length ? called[i] : "", given.Duplicate()));
        }
        return new HandedDescriptors(all);
    }

    /// <summary>Where the sockets listen that nobody has taken.</summary>
    public IReadOnlyList<string> Unused => [.. _all.Where(one => one.Descriptor.GetStatus().IsSocket).Select(one => UnixListener.PathOf(one.Descriptor))];

    /// <summary>How many nobody has taken.</summary>
    public int Count => _all.Count;

    /// <summary>Takes the socket that the manager listens at for this service. Its path stays the manager's.</summary>
    /// <param name="path">Where it listens.</param>
    /// <returns>The caller's; null if there is none.</returns>
    /// <exception cref="LinuxException">No descriptor is free.</exception>
    public UnixListener? TakeListener(string path)
    {
        int at = _all.FindIndex(one => one.Descriptor.GetStatus().IsSocket && UnixListener.PathOf(one.Descriptor) == path);
        if (at < 0)
        {
            return null;
        }
        FileDescriptor found = _all[at].Descriptor;
        _all.RemoveAt(at);
        return UnixListener.Adopt(found, removesPath: false);
    }

    /// <summary>Takes all whose names begin so.</summary>
    /// <returns>The caller's, with their names.</returns>
    internal List<(string Name, FileDescriptor Descriptor)> TakeNamed(string prefix)
    {
        List<(string Name, FileDescriptor Descriptor)> found = _all.FindAll(one => one.Name.StartsWith(prefix, StringComparison.Ordinal));
        _all.RemoveAll(one => one.Name.StartsWith(prefix, StringComparison.Ordinal));
        return found;
    }

    /// <summary>Closes what nobody has taken.</summary>
    public void Dispose()
    {
        _all.ForEach(one => one.Descriptor.Dispose());
        _all.Clear();
    }
}
