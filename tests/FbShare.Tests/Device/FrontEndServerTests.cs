using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pci;
using FbShare.VfioUser;
using FbShare.VhostUser;
using FbShare.Virtio;
using FbShare.VirtioGpu;
using Microsoft.Extensions.Logging;

namespace FbShare.Tests.Device;

/// <summary>What a server does with a connection that it cannot start.</summary>
public sealed class FrontEndServerTests : IDisposable
{
    private readonly RecordingLogger _log = new();
    private readonly EventLoop _loop = new();
    private readonly GuestMemoryMap _memory = new();
    private readonly DisplayHub _hub;
    private readonly VirtioGpuDevice _device;

    public FrontEndServerTests()
    {
        _hub = new DisplayHub(1, new DmaBufExporter(PathRequest.Default, _log));
        _device = new VirtioGpuDevice(new GpuOptions(), _memory, _hub, _loop, _log);
    }

    public void Dispose()
    {
        _device.Dispose();
        _hub.Dispose();
        _memory.Dispose();
        _loop.Dispose();
    }

    [Theory]
    [InlineData(Transport.VhostUser)]
    [InlineData(Transport.VfioUser)]
    public void A_connection_that_cannot_be_watched_is_closed_with_all_that_was_made_for_it(Transport transport)
    {
        BareFunction? made = null;
        using FrontEndServer server = NewServer(transport, _ => made = new BareFunction());
        // epoll refuses a regular file.
        using FileDescriptor file = MemFd.Create("not a socket", 4096);

        server.Serve(new UnixSocket(file));

        Assert.True(file.IsClosed);
        Assert.False(server.IsConnected);
        Assert.Equal(LogLevel.Warning, _log.LevelOf("a front-end was turned away"));
        Assert.Equal(transport == Transport.VfioUser ? true : null, made?.IsDisposed);
        AssertServesNext(server);
    }

    [Fact]
    public void A_defect_while_a_connection_starts_costs_that_front_end_alone()
    {
        int calls = 0;
        using FrontEndServer server = NewServer(Transport.VfioUser, _ => calls++ == 0 ? throw new FormatException("a defect") : new BareFunction());
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        {
            server.Serve(theirs);

            Assert.Equal(0, ours.Receive(new byte[1]));
        }
        Assert.False(server.IsConnected);
        Assert.Contains(_log, l => l.StartsWith("front-end turned away: an error in fbshare itself", StringComparison.Ordinal));
        AssertServesNext(server);
    }

    private static void AssertServesNext(FrontEndServer server)
    {
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        {
            server.Serve(theirs);
            Assert.True(server.IsConnected);
        }
    }

    private FrontEndServer NewServer(Transport transport, Func<ILogger, PciFunction> function) => transport == Transport.VhostUser
        ? new VhostUserServer(_loop, null, _memory, _device, forward: null, _log)
        : new VfioUserServer(_loop, null, _memory, function, _log);

    private sealed class BareFunction() : PciFunction(new PciConfigSpace(0x1af4, 0x1050, 1, 0x038000, 0x1af4, 0x1100), 1)
    {
        public bool IsDisposed { get; private set; }

        internal override void DoWork()
        {
        }

        public override void Dispose()
        {
            IsDisposed = true;
            base.Dispose();
        }
    }
}
