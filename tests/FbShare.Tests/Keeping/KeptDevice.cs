using FbShare.Display;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Rig.Driver;
using FbShare.Tests.Device;
using FbShare.VfioUser;
using FbShare.VhostUser;
using FbShare.Virtio;
using FbShare.VirtioGpu;
using FbShare.VirtioPci;

namespace FbShare.Tests.Keeping;

/// <summary>A machine whose device dies at a step of a test's choice, and is followed by another one that goes on with what was kept.</summary>
/// <remarks>A device that "died" does nothing more: from that step on, each further one throws.</remarks>
internal sealed class KeptDevice : IDisposable
{
    private readonly DescriptorBox _box = new();
    private readonly Transport _transport;
    private readonly GpuOptions _options;
    private readonly Thread _thread;
    private readonly UnixSocket _theirs;
    private readonly ManualResetEventSlim _served = new();
    private volatile Life? _life;
    private volatile bool _stopping;
    private int _stepsLeft = int.MaxValue;

    public KeptDevice(Transport transport, GpuOptions? options = null)
    {
        _transport = transport;
        _options = options ?? new GpuOptions { RefreshHz = null };
        (UnixSocket ours, _theirs) = UnixSocket.CreatePair();
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
        _served.Wait();
        Driver = transport == Transport.VhostUser ? new FrontEndDriver(ours) : new VfioUserDriver(ours);
    }

    public QueueDriver Driver { get; }

    /// <summary>How often a device has died.</summary>
    public int Deaths { get; private set; }

    public RecordingLogger Log { get; } = new();

    public int KeptCount => _box.Count;

    /// <summary>Lets the device die before its <paramref name="step"/>th step from now.</summary>
    public void DieBefore(int step) => Volatile.Write(ref _stepsLeft, step);

    /// <summary>No more deaths.</summary>
    public void LiveOn() => DieBefore(int.MaxValue);

    /// <summary>Lets the device die now, between two messages.</summary>
    public void Die()
    {
        Life life = _life!;
        DieBefore(0);
        life.Loop.Post(life.Keeper.State.Step);
        SpinWait.SpinUntil(() => _life != life);
    }

    /// <summary>Runs something on the loop of the device that lives now.</summary>
    public T OnLoop<T>(Func<Life, T> function)
    {
        Life life = _life!;
        return life.Loop.Call(() => function(life));
    }

    /// <summary>What output 0 shows now.</summary>
    public Screen Look() => OnLoop(life =>
    {
        var screen = new Screen();
        life.Hub.Attach(0, screen);
        life.Hub.Detach(0, screen);
        return screen;
    });

    public void DoAll(params byte[][] requests)
    {
        foreach (byte[] request in requests)
        {
            Assert.Equal(Commands.Ok, Commands.TypeOf(Driver.Request(request)));
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _life!.Loop.Stop();
        _thread.Join();
        _life.Dispose();
        _box.Dispose();
        Driver.Dispose();
        _served.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            Live();
        }
    }

    private void Live()
    {
        var keeper = Keeper.Open(_box, _box.Copy());
        var life = new Life(_transport, _options, keeper, Log);
        _life = life;
        keeper.State.BeforeStep = () =>
        {
            if (life.IsDead || Interlocked.Decrement(ref _stepsLeft) < 0)
            {
                life.IsDead = true;
                life.Loop.Stop();
                throw new DeathException();
            }
        };
        try
        {
            if (_served.IsSet)
            {
                life.Server.TryResume();
            }
            else
            {
                life.Server.Serve(_theirs);
                _served.Set();
            }
            if (!life.IsDead)
            {
                life.Loop.Run();
            }
        }
        catch (DeathException)
        {
            // It died outside of any barrier.
        }
        if (life.IsDead)
        {
            Deaths++;
            Volatile.Write(ref _stepsLeft, int.MaxValue);
        }
    }

    /// <summary>One device, from its start to its end.</summary>
    internal sealed class Life : IDisposable
    {
        public Life(Transport transport, GpuOptions options, Keeper keeper, RecordingLogger log)
        {
            Keeper = keeper;
            Memory = new GuestMemoryMap { Keeper = keeper };
            Hub = new DisplayHub(options.Outputs, new DmaBufExporter(new PathRequest(FramePath.Copy), log));
            Device = new VirtioGpuDevice(options, Memory, Hub, Loop, log) { Keeper = keeper };
            Hub.Source = Device;
            Server = transport == Transport.VhostUser
                ? new VhostUserServer(Loop, null, Memory, Device, forward: null, log)
                : new VfioUserServer(Loop, null, Memory, l => new VirtioGpuFunction(Loop, Memory, Device, ReadOnlyMemory<byte>.Empty, l), log);
        }

        public bool IsDead { get; set; }

        public EventLoop Loop { get; } = new();

        public Keeper Keeper { get; }

        public GuestMemoryMap Memory { get; }

        public DisplayHub Hub { get; }

        public VirtioGpuDevice Device { get; }

        public FrontEndServer Server { get; }

        public void Dispose()
        {
            Server.Dispose();
            Device.Dispose();
            Hub.Dispose();
            Memory.Dispose();
            Keeper.Dispose();
            Loop.Dispose();
        }
    }

    /// <summary>Not an error of the device: it just does no more.</summary>
    private sealed class DeathException : Exception;

    /// <summary>A keeper's table of descriptors, without the keeper.</summary>
    private sealed class DescriptorBox : IDescriptorStore, IDisposable
    {
        private readonly Dictionary<ulong, FileDescriptor> _kept = [];

        public int Count => _kept.Count;

        public void Put(ulong key, FileDescriptor descriptor)
        {
            Remove(key);
            _kept[key] = descriptor.Duplicate();
        }

        public void Remove(ulong key)
        {
            if (_kept.Remove(key, out FileDescriptor? fd))
            {
                fd.Dispose();
            }
        }

        public Dictionary<ulong, FileDescriptor> Copy() => _kept.ToDictionary(p => p.Key, p => p.Value.Duplicate());

        public void Dispose()
        {
            foreach (FileDescriptor fd in _kept.Values)
            {
                fd.Dispose();
            }
        }
    }
}
