using System.Diagnostics;
using FbShare.Capture;
using FbShare.Cli.Qemu;
using FbShare.Display.Client;
using FbShare.Qemu;
using FbShare.Tests;

namespace FbShare.QemuTests;

/// <summary>A QEMU with no guest, that shows its firmware's text screen.</summary>
internal sealed class StockFirmware : IDisposable
{
    private readonly TemporaryFolder _folder = new("firmware");
    private readonly Process _qemu;

    /// <param name="device">As -device takes it.</param>
    /// <param name="bus">The message bus that it shows itself on; null: on none, viewers come through its monitor.</param>
    /// <param name="more">Further arguments.</param>
    public StockFirmware(string program, string device, MessageBus? bus = null, params string[] more)
    {
        string monitor = _folder["qmp"], viewers = _folder["display"];
        Display = bus is null ? new(DisplayAddressKind.Qmp, viewers) : new(DisplayAddressKind.Bus, bus.Address);
        _qemu = Process.Start(new ProcessStartInfo(program,
        [
            "-accel", "tcg", "-m", "64M", "-nodefaults", "-no-user-config", "-name", "stock", "-device", device,
            "-display", bus is null ? "dbus,p2p=yes" : $"dbus,addr={bus.Address}",
            "-qmp", $"unix:{monitor},server=on,wait=off", "-qmp", $"unix:{viewers},server=on,wait=off", .. more,
        ])
        {
            RedirectStandardError = true,
        })!;
        QmpClient? client = null;
        XServer.WaitUntil(() => (client = TryConnect(monitor)) is not null || _qemu.HasExited, () => "QEMU does not start");
        Monitor = client ?? throw new InvalidOperationException($"QEMU ended: {_qemu.StandardError.ReadToEnd()}");
        _qemu.BeginErrorReadLine();
        bus?.WaitForName("org.qemu");
    }

    public QmpClient Monitor { get; }

    public DisplayAddress Display { get; }

    /// <summary>What it shows, by QEMU's own account.</summary>
    public Picture Screen => Monitor.TakeScreen(_folder["screen.ppm"]);

    /// <summary>Waits until the firmware has written something on its text screen.</summary>
    public void WaitForText() =>
        XServer.WaitUntil(() => Screen is { Height: 400 } screen && screen.Pixels.ContainsAnyExcept((byte)0), () => "the firmware shows nothing");

    public void Dispose()
    {
        _qemu.Kill();
        _qemu.WaitForExit();
        Monitor.Dispose();
        _qemu.Dispose();
        _folder.Dispose();
    }

    private static QmpClient? TryConnect(string monitor)
    {
        try
        {
            return QmpClient.Connect(monitor);
        }
        catch (QemuException)
        {
            return null;
        }
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
