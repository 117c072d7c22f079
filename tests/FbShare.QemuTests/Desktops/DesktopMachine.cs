using FbShare.Capture;
using FbShare.Qemu;
using FbShare.Testing.Machines;
using FbShare.Testing.Screens;
using FbShare.Testing.Typing;
using Machine = FbShare.Testing.Machines.GuestMachine;

namespace FbShare.QemuTests.Desktops;

/// <summary>A guest with a desktop, up to its terminal: on a device of ours or on QEMU's own, and with that, QEMU's own pictures.</summary>
internal sealed class DesktopMachine : IAsyncDisposable
{
    private static readonly WaitOptions Patient = new() { Timeout = TimeSpan.FromMinutes(2) };

    private readonly DirectoryInfo _folder;
    private readonly Machine _machine;
    private readonly QmpClient? _monitor;

    private DesktopMachine(DirectoryInfo folder, Machine machine, QmpClient? monitor)
    {
        _folder = folder;
        _machine = machine;
        _monitor = monitor;
    }

    /// <summary>What the desktop's keyboard has.</summary>
    public static KeyboardLayout German { get; } = KeyboardLayout.Load("de");

    public Screen Screen => _machine.Screen();

    public SerialConsole Serial => _machine.Serial;

    /// <summary>Its display, as for --display.</summary>
    public string Display => $"{_machine.Display.Address}";

    /// <param name="stock">On QEMU's own virtio-gpu, instead of ours.</param>
    public static async Task<DesktopMachine> StartAsync(DesktopKind kind, bool stock)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fbshare-desktop-");
        Machine? machine = null;
        try
        {
            string monitor = Path.Combine(folder.FullName, "qmp");
            machine = await Machine.StartAsync(new GuestMachineOptions
            {
                Program = TestedProgram.Path,
                Qemu = TestMachine.Qemu,
                IsStock = stock,
                HasSerialConsole = true,
                DeviceArguments = ["--size", "1280x800"],
                Arguments = [.. Arguments(kind), .. stock ? StockArguments(monitor) : []],
            });
            var desktop = new DesktopMachine(folder, machine, stock ? QmpClient.Connect(monitor) : null);
            await desktop.Serial.WaitForLineAsync("desktop: terminal");
            await desktop.WaitStillAsync();
            return desktop;
        }
        catch
        {
            if (machine is not null)
            {
                await machine.DisposeAsync();
            }
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>Waits until all that the guest was asked for is on its screen.</summary>
    /// <returns>What it shows.</returns>
    public async Task<Picture> WaitStillAsync() => (await Screen.WaitStillAsync(TimeSpan.FromSeconds(1.5), Patient)).Capture.Picture;

    /// <summary>QEMU's own picture of its screen, without FbShare.</summary>
    public Picture ScreenDump() => _monitor!.TakeScreen(Path.Combine(_folder.FullName, "screen.ppm"));

    /// <summary>Types a line into the desktop's terminal.</summary>
    public Task TypeAsync(string line) => Screen.TypeAsync(line + "\n", German);

    public async ValueTask DisposeAsync()
    {
        _monitor?.Dispose();
        await _machine.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static List<string> Arguments(DesktopKind kind)
    {
        string FileOf(string name) => Path.Combine(TestMachine.Desktop, name);
        return
        [
            .. TestMachine.Accelerator, "-m", "1G", "-kernel", FileOf("vmlinuz"), "-initrd", FileOf("initrd.img"),
            "-append", $"{File.ReadAllText(FileOf("cmdline")).Trim()} fbshare.desktop={kind.ToString().ToLowerInvariant()}",
            "-drive", $"file={FileOf("disk.ext4")},format=raw,if=virtio,readonly=on", "-monitor", "none",
        ];
    }

    /// <summary>What `fbshare run` adds for itself otherwise.</summary>
    private static string[] StockArguments(string monitor) =>
    [
        "-machine", "q35", "-nodefaults", "-no-user-config", "-device", "virtio-gpu-pci,xres=1280,yres=800",
        "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci", "-qmp", $"unix:{monitor},server=on,wait=off",
    ];
}
