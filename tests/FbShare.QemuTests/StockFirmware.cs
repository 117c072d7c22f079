using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Qemu;
using FbShare.Testing.Machines;
using FbShare.Tests;

namespace FbShare.QemuTests;

/// <summary>A QEMU with no guest, that shows its firmware's text screen.</summary>
internal sealed class StockFirmware : IDisposable
{
    private readonly TemporaryFolder _folder = new("firmware");
    private readonly GuestMachine _machine;

    /// <param name="device">As -device takes it.</param>
    /// <param name="bus">The message bus that it shows itself on; null: on none, viewers come through its monitor.</param>
    /// <param name="more">Further arguments.</param>
    public StockFirmware(string program, string device, MessageBus? bus = null, params string[] more)
    {
        string viewers = _folder["display"];
        Display = bus is null ? new(DisplayAddressKind.Qmp, viewers) : new(DisplayAddressKind.Bus, bus.Address);
        _machine = GuestMachine.StartAsync(new GuestMachineOptions
        {
            Qemu = program,
            Arguments =
            [
                "-accel", "tcg", "-m", "64M", "-nodefaults", "-no-user-config", "-name", "stock", "-device", device,
                "-display", bus is null ? "dbus,p2p=yes" : $"dbus,addr={bus.Address}", "-qmp", $"unix:{viewers},server=on,wait=off", .. more,
            ],
            IsStock = true,
            HasDisplay = false,
            HasMonitor = true,
        }).GetAwaiter().GetResult();
        bus?.WaitForName("org.qemu");
    }

    public DisplayAddress Display { get; }

    /// <summary>What it shows, by QEMU's own account.</summary>
    public Picture Screen => _machine.Monitor.TakeScreen(_folder["screen.ppm"]);

    /// <summary>Waits until the firmware has written something on its text screen.</summary>
    public void WaitForText() =>
        XServer.WaitUntil(() => Screen is { Height: 400 } screen && screen.Pixels.ContainsAnyExcept((byte)0), () => "the firmware shows nothing");

    public void Dispose()
    {
        _machine.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _folder.Dispose();
    }
}

/// <summary>QEMU's own pictures of its screen.</summary>
internal static class QemuScreen
{
    /// <param name="file">Where QEMU writes it on the way (.ppm).</param>
    public static Picture TakeScreen(this QmpClient monitor, string file)
    {
        monitor.Execute("screendump", json => json.WriteString("filename", file));
        return PictureFile.Read(file);
    }
}
