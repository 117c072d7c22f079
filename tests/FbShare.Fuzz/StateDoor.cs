using System.Globalization;
using System.Runtime.InteropServices;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.Tests;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Fuzz;

/// <summary>What a device that its guest has taken over leaves to the next one: its state and its descriptors are changed, and another device must go on,
/// or refuse the front-end, whether a keeper or a service manager has kept them. Before each, a keeper and a device are told nonsense by the other.</summary>
internal sealed class StateDoor : Door
{
    private const long Ram = 16 << 20;

    /// <summary>Cells and rings lie before it, records from it on.</summary>
    private const int RecordsAt = 1 << 20;
    private const int Copied = RecordsAt + (1 << 16);

    private static readonly ulong[] Odd = [0, 1, 2, 4095, 4096, int.MaxValue, uint.MaxValue, 1UL << 32, long.MaxValue, ulong.MaxValue - 4095, ulong.MaxValue];

    private readonly Left[] _left;
    private readonly Parcels _parcels = new();
    private readonly FileDescriptor _foreign = MemFd.Create("foreign", 1 << 20);
    private HeldResources _early;
    private long _lives;

    public StateDoor()
        : base("states") => _left = [Leave(vfioUser: false), Leave(vfioUser: true)];

    public override string Details => string.Create(CultureInfo.InvariantCulture, $"OK are those with which the next device went on, {_left[0].Places.Length + _left[1].Places.Length:N0} places of the states were in use");

    public override void Round(Random random)
    {
        Converse(random);
        for (int i = 0; i < 8; i++)
        {
            GoOn(random);
        }
        if (++_lives == 20)
        {
            _early = HeldResources.Now();
        }
    }

    public override void Take(ReadOnlyMemory<byte> input) => GoOn(new InputRandom(input));

    public override void Finish()
    {
        if (_lives > 40)
        {
            Harm.NoteGrowth(_early);
        }
    }

    public override void Dispose()
    {
        foreach (Left left in _left)
        {
            left.Dispose();
        }
        _foreign.Dispose();
        _parcels.Dispose();
    }

    /// <summary>A keeper is told nonsense by its device, and a device by its keeper.</summary>
    private void Converse(Random random)
    {
        using var loop = new EventLoop();
        using var table = new DescriptorTable();
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        using (var link = new KeptDeviceLink(loop, theirs, table))
        {
            SendNonsense(ours, random);
            link.Receive();
        }
        (ours, theirs) = UnixSocket.CreatePair();
        using (ours)
        {
            SendNonsense(ours, random);
        }
        try
        {
            using KeeperClient client = KeeperClient.Connect(theirs, out IReadOnlyDictionary<ulong, FileDescriptor> kept);
            foreach (FileDescriptor fd in kept.Values)
            {
                fd.Dispose();
            }
        }
        catch (LinuxException)
        {
            // The keeper is gone before it had said everything.
        }
    }

    private void SendNonsense(UnixSocket socket, Random random)
    {
        for (int i = random.Next(8); i > 0; i--)
        {
            var message = new KeeperMessage((KeeperRequest)random.Next(5), 0, KeptKey.Of((DescriptorKind)random.Next(16), (ulong)random.Next(4)));
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<KeeperMessage>(in message));
            socket.SendAll(bytes[..(random.Next(16) == 0 ? random.Next(1, bytes.Length) : bytes.Length)], [.. Enumerable.Repeat(_foreign, random.Next(4))]);
        }
    }

    private void GoOn(Random random)
    {
        bool vfioUser = random.Next(2) == 0;
        Left left = _left[vfioUser ? 1 : 0];
        Dictionary<ulong, FileDescriptor> kept = left.Descriptors.ToDictionary(p => p.Key, p => p.Value.Duplicate());
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        {
            Replace(kept, KeptKey.Of(DescriptorKind.Connection), theirs.Descriptor);
            Replace(kept, KeptKey.Of(DescriptorKind.State), SpoilState(left, random));
            for (int i = random.Next(3); i > 0; i--)
            {
                SpoilDescriptors(kept, random);
            }
            Tally.Sent++;
            using (Keeper keeper = random.Next(2) == 0 ? Keeper.Open(new Forgetful(), kept) : OpenFromManager(kept, random))
            using (var device = new DeviceUnderFuzz(Harm, keeper))
            {
                Tally.Ok += device.Resume(vfioUser) ? 1 : 0;
                Tally.Answered++;
                device.Settle();
                left.Kick();
                device.Settle();
            }
        }
    }

    /// <summary>As a service's device finds it: with the service manager, by names.</summary>
    private Keeper OpenFromManager(Dictionary<ulong, FileDescriptor> kept, Random random)
    {
        try
        {
            return Keeper.Open(_parcels.Open(kept, random, out IReadOnlyDictionary<ulong, FileDescriptor> left), left);
        }
        finally
        {
            foreach (FileDescriptor fd in kept.Values)
            {
                fd.Dispose();
            }
        }
    }

    private static FileDescriptor SpoilState(Left left, Random random)
    {
        FileDescriptor file = MemFd.Create("fbshare-state", KeptState.Size);
        using MemoryMapping state = MemoryMapping.Map(file, 0, Copied, writable: true);
        foreach ((long start, long end) in left.Ranges)
        {
            left.State.AsSpan((int)start, (int)(end - start)).CopyTo(state.Slice(start, (int)(end - start)));
        }
        for (int i = random.Next(6); i > 0; i--)
        {
            int at = random.Next(8) == 0 ? random.Next(Copied / sizeof(ulong)) : left.Places[random.Next(left.Places.Length)];
            ref ulong place = ref MemoryMarshal.AsRef<ulong>(state.Slice((long)at * sizeof(ulong), sizeof(ulong)));
            place = random.Next(4) switch
            {
                0 => Odd[random.Next(Odd.Length)],
                1 => (place & 0xffff_ffff_0000_0000) | (uint)Odd[random.Next(Odd.Length)],
                2 => place + (ulong)random.Next(-9, 9),
                _ => place ^ (1UL << random.Next(64)),
            };
        }
        return file;
    }

    private void SpoilDescriptors(Dictionary<ulong, FileDescriptor> kept, Random random)
    {
        ulong[] keys = [.. kept.Keys.Order()];
        ulong one = keys[random.Next(keys.Length)], other = keys[random.Next(keys.Length)];
        switch (random.Next(4))
        {
            case 0:
                kept[one].Dispose();
                kept.Remove(one);
                break;
            case 1:
                (kept[one], kept[other]) = (kept[other], kept[one]);
                break;
            case 2:
                Replace(kept, one, _foreign.Duplicate());
                break;
            default:
                Replace(kept, KeptKey.Of(KeptKey.KindOf(one), (ulong)random.NextInt64()), kept[other].Duplicate());
                break;
        }
    }

    private static void Replace(Dictionary<ulong, FileDescriptor> kept, ulong key, FileDescriptor descriptor)
    {
        if (kept.Remove(key, out FileDescriptor? before))
        {
            before.Dispose();
        }
        kept[key] = descriptor;
    }

    /// <summary>A device shows a picture and a pointer, holds resources of both kinds, and what it would leave is copied.</summary>
    private Left Leave(bool vfioUser)
    {
        using var store = new Box();
        using var keeper = Keeper.Open(store, new Dictionary<ulong, FileDescriptor>());
        using var device = new DeviceUnderFuzz(Harm, keeper);
        var ram = new GuestRam(Ram);
        using QueueDriver driver = vfioUser ? new VfioUserDriver(device.Connect(true), ram) : new FrontEndDriver(device.Connect(false), ram);
        driver.Start();
        ulong free = QueueDriver.FreeMemory;
        driver.Request(CreateBlob(1, 65536, (free, 32768), (free + 65536, 32768)));
        driver.Request(SetScanoutBlob(0, 1, 2, 64, 64, 256));
        driver.Request(Create2D(2, 2, 32, 32));
        driver.Request(Attach(2, (free + (1 << 20), 4096)));
        driver.Request(Transfer(2, 0, 0, 32, 32, 0));
        driver.Request(SetScanout(1, 2, 0, 0, 32, 32));
        driver.Request(CreateBlob(5, 16384, (free + (2 << 20), 16384)));
        driver.RequestCursor(UpdateCursor(0, 5, 6, 5, 1, 2));
        driver.Request(Flush(1, 0, 0, 64, 64));
        Left? left = null;
        device.OnLoop(() => left = store.Copy(keeper.State));
        ram.Dispose();
        return left!;
    }

    /// <summary>What a device has left.</summary>
    private sealed record Left(Dictionary<ulong, FileDescriptor> Descriptors, byte[] State, (long Start, long End)[] Ranges, int[] Places) : IDisposable
    {
        /// <summary>Wakes up whoever waits for an eventfd of it, as a guest does that has put something into its rings.</summary>
        public void Kick()
        {
            foreach ((ulong key, FileDescriptor fd) in Descriptors)
            {
                if (KeptKey.KindOf(key) == DescriptorKind.Kick)
                {
                    using var kick = new EventFd(fd.Duplicate());
                    kick.Signal();
                }
            }
        }

        public void Dispose()
        {
            foreach (FileDescriptor fd in Descriptors.Values)
            {
                fd.Dispose();
            }
        }
    }

    /// <summary>Keeps descriptors in this process.</summary>
    private sealed class Box : IDescriptorStore, IDisposable
    {
        private readonly Dictionary<ulong, FileDescriptor> _kept = [];

        public void Put(ulong key, FileDescriptor descriptor) => Replace(_kept, key, descriptor.Duplicate());

        public void Remove(ulong key)
        {
            if (_kept.Remove(key, out FileDescriptor? fd))
            {
                fd.Dispose();
            }
        }

        public Left Copy(KeptState state)
        {
            byte[] bytes = state.Slice(0, Copied).ToArray();
            (long, long)[] ranges = [.. state.Memory.FindData().Where(r => r.Start < Copied).Select(r => (r.Start, Math.Min(r.End, Copied)))];
            ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
            var places = new List<int>();
            for (int i = 0; i < words.Length; i++)
            {
                if (words[i] != 0)
                {
                    places.Add(i);
                }
            }
            return new Left(_kept.ToDictionary(p => p.Key, p => p.Value.Duplicate()), bytes, ranges, [.. places]);
        }

        public void Dispose()
        {
            foreach (FileDescriptor fd in _kept.Values)
            {
                fd.Dispose();
            }
        }
    }

    /// <summary>A keeper that nobody asks again.</summary>
    private sealed class Forgetful : IDescriptorStore
    {
        public void Put(ulong key, FileDescriptor descriptor)
        {
        }

        public void Remove(ulong key)
        {
        }
    }
}
