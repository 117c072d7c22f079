using System.Diagnostics;
using FbShare.Capture;
using FbShare.Qemu;

namespace FbShare.QemuTests;

/// <summary>The viewer and the dump at a QEMU on a message bus, each the program itself.</summary>
public sealed class ViewerBusTests
{
    [ViewerFact("dbus-daemon")]
    public void A_stock_qemu_on_a_message_bus_is_shown_in_a_window_and_dumped()
    {
        using var bus = new MessageBus();
        using var server = new XServer();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fbshare-bus-view-");
        string monitor = Path.Combine(folder.FullName, "qmp");
        using Process qemu = Process.Start(new ProcessStartInfo(TestMachine.Qemu,
        [
            "-accel", "tcg", "-m", "64M", "-nodefaults", "-no-user-config", "-name", "bus guest", "-display", $"dbus,addr={bus.Address}", "-device", "VGA",
            "-qmp", $"unix:{monitor},server=on,wait=off",
        ])
        {
            RedirectStandardError = true,
        })!;
        try
        {
            QmpClient? qmp = null;
            XServer.WaitUntil(() => (qmp = TryConnect(monitor)) is not null || qemu.HasExited, () => "QEMU does not start");
            using QmpClient owned = qmp!;
            // Its firmware's text screen, and no longer the one before.
            string truth = Path.Combine(folder.FullName, "truth.ppm");
            XServer.WaitUntil(() => Screen(owned, truth).Height == 400, () => "the firmware shows nothing");

            using (var viewer = new ViewerProcess(server, $"dbus:{bus.Address}", "--scale", "1:1"))
            {
                viewer.WaitForTitle("bus guest: 720x400, copy");
                // The text cursor blinks, so one of the next moments has it alike in both pictures.
                XServer.WaitUntil(
                    () => viewer.Take() is { Width: 720, Height: 400 } seen && seen.ToRgb().AsSpan().SequenceEqual(Screen(owned, truth).ToRgb()),
                    () => $"the window shows something else than the screen; it said:\n{viewer.Said}");
            }

            string dump = Path.Combine(folder.FullName, "dump.png");
            XServer.WaitUntil(
                () => Run("dump", "--display", $"dbus:{bus.Address}", "-o", dump) == 0
                    && PngFile.Decode(File.ReadAllBytes(dump)).ToRgb().AsSpan().SequenceEqual(Screen(owned, truth).ToRgb()),
                () => "the dump is something else than the screen");
        }
        finally
        {
            qemu.Kill();
            qemu.WaitForExit();
            folder.Delete(recursive: true);
        }
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "fbshare");

    private static int Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.BeginErrorReadLine();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }

    private static Picture Screen(QmpClient qmp, string file)
    {
        qmp.Execute("screendump", json => json.WriteString("filename", file));
        return PictureFile.Read(file);
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
