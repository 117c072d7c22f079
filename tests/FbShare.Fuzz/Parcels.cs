using System.Globalization;
using System.Net.Sockets;
using System.Text;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Tests;

namespace FbShare.Fuzz;

/// <summary>What a device has left with a service manager that hears nothing more: each descriptor in the queue of a socket that has a name, mostly as a
/// device gives them.</summary>
internal sealed class Parcels : IDisposable
{
    private static readonly string[] Odd =
        ["fbshare.", "fbshare....", "fbshare.Kick.0", "fbshare.Kick.0.18446744073709551615", "fbshare.Kick.100000000000000.1", "fbshare.None.0.1", "fbshare.Count.0.1", "fbshare.Kick,Call.0.1", "fbshare.-1.0.1", "fbshare.Kick.-1.1"];

    private readonly ServiceManager _manager;

    public Parcels()
    {
        using var folder = new TemporaryFolder("fuzz");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder["notify"]));
        _manager = ServiceManager.Connect(folder["notify"], null);
    }

    /// <summary>The store in which the next device finds it.</summary>
    /// <param name="kept">What was left, by its keys; stays the caller's.</param>
    /// <param name="left">What the device is given; the caller's.</param>
    public ManagerStore Open(IReadOnlyDictionary<ulong, FileDescriptor> kept, Random random, out IReadOnlyDictionary<ulong, FileDescriptor> left)
    {
        var all = new List<(string Name, FileDescriptor Descriptor)>();
        foreach ((ulong key, FileDescriptor descriptor) in kept.OrderBy(one => one.Key))
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"fbshare.{KeptKey.KindOf(key)}.{KeptKey.NumberOf(key):x}.{all.Count + 1}");
            all.Add((random.Next(100) == 0 ? Spoil(name, random) : name, random.Next(200) == 0 ? descriptor.Duplicate() : Wrap(random.Next(200) == 0 ? random.Next(4) : 1, descriptor)));
        }
        for (int i = random.Next(4); i > 0; i--)
        {
            // Left twice, or by somebody else.
            (string name, FileDescriptor descriptor) = all[random.Next(all.Count)];
            all.Insert(random.Next(all.Count), (random.Next(2) == 0 ? Odd[random.Next(Odd.Length)] : Again(name, random), descriptor.Duplicate()));
        }
        using var handed = new HandedDescriptors(all);
        return ManagerStore.Open(_manager, handed, _ => { }, out left);
    }

    public void Dispose() => _manager.Dispose();

    private static FileDescriptor Wrap(int count, FileDescriptor descriptor)
    {
        (UnixSocket queue, UnixSocket inlet) = UnixSocket.CreatePair();
        using (inlet)
        {
            if (count > 0)
            {
                inlet.SendAll([0], [.. Enumerable.Repeat(descriptor, count)]);
            }
        }
        return queue.Descriptor;
    }

    /// <summary>The same key, earlier or later.</summary>
    private static string Again(string name, Random random) => string.Create(CultureInfo.InvariantCulture, $"{name[..(name.LastIndexOf('.') + 1)]}{random.Next(100)}");

    private static string Spoil(string name, Random random)
    {
        var spoiled = new StringBuilder(name);
        spoiled[random.Next("fbshare.".Length, name.Length)] = (char)random.Next(' ', 0x250);
        return spoiled.ToString();
    }
}
