using FbShare.Cli;
using FbShare.Cli.Hosting;
using FbShare.Keeping;
using FbShare.Linux;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FbShare.Tests.Cli;

public sealed class DeviceHostTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_device_whose_display_is_taken_leaves_no_socket_of_its_own_behind()
    {
        string gpu = _folder["gpu"], display = _folder["display"];
        using UnixListener taken = UnixListener.Listen(display);

        Assert.Throws<CliException>(() => new DeviceHost(new DeviceOptions { SocketPath = gpu, Display = new DisplayPlace(display, null) }, new Log(TextWriter.Null, LogLevel.Warning)));

        Assert.False(File.Exists(gpu));
        Assert.True(File.Exists(display));
    }

    [Fact]
    public void A_device_whose_own_socket_is_taken_leaves_no_display_behind()
    {
        string gpu = _folder["gpu"], display = _folder["display"];
        using UnixListener taken = UnixListener.Listen(gpu);

        Assert.Throws<CliException>(() => new DeviceHost(new DeviceOptions { SocketPath = gpu, Display = new DisplayPlace(display, null) }, new Log(TextWriter.Null, LogLevel.Warning)));

        Assert.False(File.Exists(display));
        Assert.True(File.Exists(gpu));
    }

    /// <summary>A keeper starts QEMU as soon as it has the device's own socket: viewers find the display by then, and an error that ends the device has come before the machine.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Everything_else_listens_before_the_socket_that_qemu_is_started_for(bool vfioUser)
    {
        string gpu = _folder["gpu"], display = _folder["display"];
        var store = new Store();
        using Keeper keeper = Keeper.Open(store, new Dictionary<ulong, FileDescriptor>());
        var options = new DeviceOptions
        {
            SocketPath = vfioUser ? null : gpu,
            VfioUserPath = vfioUser ? gpu : null,
            MonitorPath = _folder["qmp"],
            Display = new DisplayPlace(display, null),
            Keeper = keeper,
        };

        using var host = new DeviceHost(options, new Log(TextWriter.Null, LogLevel.Warning));

        Assert.Equal([KeptListener.Monitor, KeptListener.Display, KeptListener.FrontEnd], store.Listeners);
    }

    /// <summary>Notes which listeners it was given, in order.</summary>
    private sealed class Store : IDescriptorStore
    {
        public List<KeptListener> Listeners { get; } = [];

        public void Put(ulong key, FileDescriptor descriptor)
        {
            if (Enum.IsDefined((KeptListener)KeptKey.KindOf(key)))
            {
                Listeners.Add((KeptListener)KeptKey.KindOf(key));
            }
        }

        public void Remove(ulong key)
        {
        }
    }
}
