using FbShare.Display;
using FbShare.Display.Server;
using FbShare.Input;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using FbShare.Rig.Driver;
using FbShare.VfioUser;
using FbShare.VhostUser;
using FbShare.Virtio;
using FbShare.VirtioGpu;
using FbShare.VirtioPci;
using Microsoft.Extensions.Logging.Abstractions;

namespace FbShare.Rig.Bench;

/// <summary>A whole device on a thread of its own, and a front-end without a guest that flips pictures on it, over a real socket and real
/// eventfds.</summary>
internal sealed class BenchRig : IDisposable
{
    private const ulong Requests = 2 << 20;
    private const ulong Response = 3 << 20;
    private const int ResponseSize = 24;
    private const int FlipRequests = 3;

    /// <summary>VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM.</summary>
    private const uint FormatXr24 = 2;

    /// <summary>The number of the resource that consists of single pages.</summary>
    private const uint Scattered = 99;

    private readonly EventLoop _loop = new();
    private readonly GuestMemoryMap _memory;
    private readonly Keeper? _keeper;
    private readonly DisplayHub _hub;
    private readonly VirtioGpuDevice _device;
    private readonly FrontEndServer _server;
    private readonly Thread _thread;
    private readonly List<IDisposable> _owned = [];
    private readonly DriverQueue.Piece[][] _flips = new DriverQueue.Piece[2][];
    private int _flip;

    /// <param name="ramBytes">The size of the guest's memory.</param>
    /// <param name="path">How pictures reach viewers; null for the best way.</param>
    /// <param name="hugePages">Whether that memory is made of huge pages.</param>
    /// <param name="pci">Whether the front-end has a whole PCI device over vfio-user, and not a vhost-user device.</param>
    /// <param name="kept">Whether the device writes down what another one would need to go on.</param>
    public BenchRig(long ramBytes, FramePath? path = null, bool hugePages = false, bool pci = false, bool kept = false)
    {
        _keeper = kept ? Keeper.Open(new NoStore(), new Dictionary<ulong, FileDescriptor>()) : null;
        _memory = new GuestMemoryMap { Keeper = _keeper };
        _hub = new DisplayHub(1, new DmaBufExporter(new PathRequest(path), NullLogger.Instance));
        _device = new VirtioGpuDevice(new GpuOptions { RefreshHz = null }, _memory, _hub, _loop, NullLogger.Instance) { Keeper = _keeper };
        _hub.Source = _device;
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        _server = pci
            ? new VfioUserServer(_loop, null, _memory, log => new VirtioGpuFunction(_loop, _memory, _device, rom: null, log), NullLogger.Instance)
            : new VhostUserServer(_loop, null, _memory, _device, forward: null, NullLogger.Instance);
        _server.Serve(theirs);
        _thread = new Thread(_loop.Run) { IsBackground = true, Name = "device" };
        _thread.Start();
        var ram = new GuestRam(ramBytes, hugePages);
        Driver = pci ? new VfioUserDriver(ours, ram) : new FrontEndDriver(ours, ram);
        Driver.Start();
    }

    public QueueDriver Driver { get; }

    /// <summary>What the device's thread has used up so far.</summary>
    public DeviceUse Use() => OnLoop(() => new DeviceUse(ThreadClock.CpuTime, GC.GetAllocatedBytesForCurrentThread(), _hub.BytesCopied + _device.BytesTransferred));

    public T OnLoop<T>(Func<T> function) => OnLoop(_loop, function);

    /// <summary>Runs something on a loop's thread and waits for its result.</summary>
    public static T OnLoop<T>(EventLoop loop, Func<T> function)
    {
        var done = new TaskCompletionSource<T>();
        loop.Post(() => done.SetResult(function()));
        return done.Task.GetAwaiter().GetResult();
    }

    public void Attach(IDisplayConsumer consumer) => OnLoop(() =>
    {
        _hub.Attach(0, consumer);
        return true;
    });

    /// <summary>Serves the display protocol at a socket.</summary>
    /// <param name="input">Takes the viewers' keyboard and pointer input.</param>
    /// <param name="patience">How long to wait for viewers that do not answer; null for the default.</param>
    public void ServeDisplay(string path, IInputSink? input = null, TimeSpan? patience = null) => OnLoop(() =>
    {
        UnixListener listener = UnixListener.Listen(path);
        _owned.Add(new DisplayServer(_loop, _hub, listener, new VirtualMachineName("bench", Guid.Empty), input, NullLogger.Instance) { Patience = patience ?? DisplayServer.DefaultPatience });
        _owned.Add(listener);
        return true;
    });

    /// <summary>Serves the display protocol at a socket in a folder of its own, which goes with the rig.</summary>
    /// <returns>The socket's path.</returns>
    public string ServeDisplay()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fbshare-bench-");
        string path = Path.Combine(folder.FullName, "display");
        ServeDisplay(path);
        _owned.Add(new OwnFolder(folder));
        return path;
    }

    /// <summary>Makes two buffers of a size and shows the first.</summary>
    public void SetUp(int width, int height)
    {
        uint stride = (uint)width * 4;
        ulong size = (ulong)stride * (uint)height;
        for (uint i = 0; i < 2; i++)
        {
            ulong address = QueueDriver.FreeMemory + (i * size);
            Check(Driver.Request(Commands.Unref(i + 1)), allowed: Commands.InvalidResource);
            Check(Driver.Request(Commands.CreateBlob(i + 1, size, (address, (uint)size))));
            byte[][] requests =
            [
                Commands.Transfer(i + 1, 0, 0, (uint)width, (uint)height, offset: 0),
                Commands.SetScanoutBlob(0, i + 1, FormatXr24, (uint)width, (uint)height, stride),
                Commands.Flush(i + 1, 0, 0, (uint)width, (uint)height, fence: 1),
            ];
            _flips[i] = [.. requests.SelectMany((request, n) => Place(Requests + (i * 4096) + ((ulong)n * 256), request))];
        }
        Flip();
    }

    /// <summary>Gives both buffers dma-bufs for viewers. They are memfds in fact, which makes no difference to a viewer that does not read
    /// them, so that this can be measured on a host without /dev/udmabuf.</summary>
    public void SharePages(int width, int height)
    {
        for (int i = 0; i < _flips.Length; i++)
        {
            Flip();
            OnLoop(() =>
            {
                int size = width * height * DrmFormats.BytesPerPixel;
                var band = new DmaBufBand(MemFd.Create("bench", size), 0, height, size / height, 0, size);
                _hub.GetScanout(0)!.Share(new DmaBufFrame(DrmFormat.XR24, width, height, [band]));
                return true;
            });
        }
    }

    /// <summary>Sends TRANSFER, SET_SCANOUT_BLOB and a fenced FLUSH with one kick, and waits until all three are finished.</summary>
    public void Flip()
    {
        SendFlip();
        for (int i = 0; i < FlipRequests; i++)
        {
            Driver.Wait(Driver.Control);
        }
    }

    /// <summary>The same many times, but looks for the answers only after the device's interrupt, so that every flip takes the same system
    /// calls.</summary>
    /// <exception cref="InvalidOperationException">The device interrupted when only a part of a flip was finished: it did not handle all that
    /// came with one kick in one go.</exception>
    public void FlipInStep(int flips)
    {
        // Flip takes answers before their interrupt comes. It must not be mistaken for that of the first flip here.
        Driver.Settle();
        for (; flips > 0; flips--)
        {
            Driver.Control.WantCall();
            SendFlip();
            Driver.WaitForCall();
            for (int i = 0; i < FlipRequests; i++)
            {
                if (!Driver.Control.TryTake(out _, out _))
                {
                    throw new InvalidOperationException("the device interrupted before all of the flip was finished");
                }
            }
        }
    }

    /// <summary>Sends unfenced flushes in batches of 16, with eight batches in flight.</summary>
    public void FlushMany(int batches)
    {
        const int batch = 16, underWay = 8;
        DriverQueue.Piece[] flush = Place(Requests + 65536, Commands.Flush(1, 0, 0, 1, 1));
        int sent = 0;
        for (int done = 0; done < batches * batch; done++)
        {
            while (sent < batches && (sent * batch) - done <= (underWay - 1) * batch)
            {
                for (int i = 0; i < batch; i++)
                {
                    Driver.Control.Add(flush);
                }
                Driver.Control.Notify();
                sent++;
            }
            Driver.Wait(Driver.Control);
        }
    }

    /// <summary>Creates a blob of single pages that are not adjacent, and destroys it again.</summary>
    public void CreateScattered(int entries)
    {
        (ulong, uint)[] pages = [.. Enumerable.Range(0, entries).Select(i => (QueueDriver.FreeMemory + ((ulong)(entries - i) * 8192), 4096u))];
        Check(Driver.Request(Commands.CreateBlob(Scattered, (ulong)entries * 4096, pages)));
    }

    public void DropScattered() => Check(Driver.Request(Commands.Unref(Scattered)));

    public void Dispose()
    {
        _loop.Stop();
        _thread.Join();
        _owned.ForEach(o => o.Dispose());
        _server.Dispose();
        _device.Dispose();
        _hub.Dispose();
        _memory.Dispose();
        _keeper?.Dispose();
        _loop.Dispose();
        Driver.Dispose();
        Driver.Ram.Dispose();
    }

    private void SendFlip()
    {
        DriverQueue.Piece[] pieces = _flips[_flip++ & 1];
        for (int i = 0; i < FlipRequests; i++)
        {
            Driver.Control.Add(pieces.AsSpan(2 * i, 2));
        }
        Driver.Control.Notify();
    }

    private DriverQueue.Piece[] Place(ulong address, byte[] request)
    {
        request.CopyTo(Driver.Ram.At(address, request.Length));
        return [new DriverQueue.Piece(address, (uint)request.Length), new DriverQueue.Piece(Response, ResponseSize, DriverQueue.Piece.Write)];
    }

    private static void Check(byte[] response, uint allowed = Commands.Ok)
    {
        uint type = Commands.TypeOf(response);
        if (type != Commands.Ok && type != allowed)
        {
            throw new InvalidOperationException($"the device answered 0x{type:x}");
        }
    }

    private sealed record OwnFolder(DirectoryInfo Folder) : IDisposable
    {
        public void Dispose() => Folder.Delete(recursive: true);
    }

    /// <summary>Keeps no descriptor: none is asked for here.</summary>
    private sealed class NoStore : IDescriptorStore
    {
        public void Put(ulong key, FileDescriptor descriptor)
        {
        }

        public void Remove(ulong key)
        {
        }
    }
}

/// <summary>Totals of the device's thread: CPU in nanoseconds, managed allocations and copied pixels in bytes.</summary>
internal readonly record struct DeviceUse(long Cpu, long Allocated, long Copied)
{
    public static DeviceUse operator -(DeviceUse after, DeviceUse before) => new(after.Cpu - before.Cpu, after.Allocated - before.Allocated, after.Copied - before.Copied);
}
