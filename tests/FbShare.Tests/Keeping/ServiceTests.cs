using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using FbShare.Cli;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.Tests.Cli;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Keeping;

/// <summary>The program as a service: with sockets that somebody else listens at, and what it tells who started it.</summary>
public sealed class ServiceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ActivationFact]
    public void A_device_serves_at_a_socket_that_it_was_handed_and_leaves_it_where_it_is()
    {
        string gpu = _folder["gpu"], display = _folder["display"];
        using Process service = Activate([gpu, display], "serve", "--vfio-user", gpu, "--no-boot-screen", "--display", $"unix:{display}");
        using (var driver = new VfioUserDriver(UnixSocket.Connect(gpu)))
        {
            driver.Start();
            Assert.Equal(Ok, TypeOf(driver.Request(CreateBlob(1, 4096, [(QueueDriver.FreeMemory, 4096)]))));
            Assert.Equal(3, FbShareProgram.Run("wait", "--display", $"unix:{display}", "--changed", "--timeout", "100ms").ExitCode);
        }
        _ = ProcessCalls.kill(service.Id, ProcessCalls.SIGTERM);
        service.WaitForExit();
        Assert.True(File.Exists(gpu) && File.Exists(display));
    }

    [ActivationFact]
    public void A_socket_that_no_option_names_is_an_error()
    {
        string gpu = _folder["gpu"];
        using Process service = Activate([gpu], "serve", "--vfio-user", _folder["other"], "--no-boot-screen", "--display", "none");
        using var connection = UnixSocket.Connect(gpu);
        string said = service.StandardError.ReadToEnd();
        service.WaitForExit();
        Assert.Equal(2, service.ExitCode);
        Assert.Contains($"listens at {gpu} for this device, and no option says what for", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Libvirt_is_told_what_kind_of_back_end_this_is_with_the_list_that_it_insists_on() =>
        Assert.Equal((0, "{\"type\":\"gpu\",\"features\":[]}\n", ""), FbShareProgram.Run("serve", "--print-capabilities"));

    [Fact]
    public void A_service_tells_that_it_is_ready_and_then_that_it_lives()
    {
        using var notify = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 20_000 };
        notify.Bind(new UnixDomainSocketEndPoint(_folder["notify"]));
        using Process service = FbShareProgram.Start(
            ["serve", "--vfio-user", _folder["gpu"], "--no-boot-screen", "--display", "none"], ("NOTIFY_SOCKET", _folder["notify"]), ("WATCHDOG_USEC", "100000"));
        var buffer = new byte[1000];
        Assert.StartsWith("READY=1\nSTATUS=waiting for QEMU at ", Encoding.UTF8.GetString(buffer, 0, notify.Receive(buffer)), StringComparison.Ordinal);
        Assert.True(File.Exists(_folder["gpu"]));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal("WATCHDOG=1", Encoding.UTF8.GetString(buffer, 0, notify.Receive(buffer)));
        }
        // It is not kept by anybody: its end is one in good order.
        _ = ProcessCalls.kill(service.Id, ProcessCalls.SIGTERM);
        service.WaitForExit();
        Assert.Equal(143, service.ExitCode);
        Assert.False(File.Exists(_folder["gpu"]));
    }

    private static Process Activate(string[] sockets, params string[] words)
    {
        var service = Process.Start(new ProcessStartInfo(
            ActivationFactAttribute.Program, [.. sockets.SelectMany(path => (string[])["-l", path]), "--", TestedProgram.Path, .. words])
        {
            RedirectStandardError = true,
        })!;
        Assert.True(SpinWait.SpinUntil(() => sockets.All(File.Exists), TimeSpan.FromSeconds(10)));
        return service;
    }

    /// <summary>Skipped, and says so, where systemd's own means to hand sockets over is missing.</summary>
    private sealed class ActivationFactAttribute : FactAttribute
    {
        public const string Program = "/usr/bin/systemd-socket-activate";

        public ActivationFactAttribute() => Skip = File.Exists(Program) ? null : $"{Program} (apt-get install systemd)";
    }
}
