using FbShare.Cli;
using FbShare.Cli.Hosting;
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
}
