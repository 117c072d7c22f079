using System.Diagnostics;
using FbShare.Capture;

namespace FbShare.QemuTests;

/// <summary>The viewer and the dump at a QEMU on a message bus, each the program itself.</summary>
public sealed class ViewerBusTests
{
    [ViewerFact("dbus-daemon", "busctl")]
    public void A_stock_qemu_on_a_message_bus_is_shown_in_a_window_and_dumped()
    {
        using var bus = new MessageBus();
        using var server = new XServer();
        using var stock = new StockFirmware(TestMachine.Qemu, "VGA", bus);
        stock.WaitForText();

        using (var viewer = new ViewerProcess(server, $"{stock.Display}", "--scale", "1:1"))
        {
            viewer.WaitForTitle("stock: 720x400, copy");
            // The text cursor blinks, so one of the next moments has it alike in both pictures.
            XServer.WaitUntil(
                () => viewer.Take() is { Width: 720, Height: 400 } seen && seen.ToRgb().AsSpan().SequenceEqual(stock.Screen.ToRgb()),
                () => $"the window shows something else than the screen; it said:\n{viewer.Said}");
        }

        string dump = Path.Combine(Path.GetTempPath(), $"fbshare-dump-{Guid.NewGuid():N}.png");
        try
        {
            XServer.WaitUntil(
                () => Run("dump", "--display", $"{stock.Display}", "-o", dump) == 0
                    && PngFile.Decode(File.ReadAllBytes(dump)).ToRgb().AsSpan().SequenceEqual(stock.Screen.ToRgb()),
                () => "the dump is something else than the screen");
        }
        finally
        {
            File.Delete(dump);
        }
    }

    private static int Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(TestedProgram.Path, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.BeginErrorReadLine();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
