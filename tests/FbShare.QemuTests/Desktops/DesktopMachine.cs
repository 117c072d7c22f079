using FbShare.Capture;
using FbShare.Testing.Machines;
using FbShare.Testing.Screens;
using FbShare.Testing.Typing;

namespace FbShare.QemuTests.Desktops;

/// <summary>A guest with a desktop, up to its terminal: on a device of ours or on QEMU's own, and with that, QEMU's own pictures.</summary>
internal sealed class DesktopMachine : IAsyncDisposable
{
    private static readonly WaitOptions Patient = new() { Timeout = TimeSpan.FromMinutes(2) };

    private readonly DirectoryInfo _folder;
    private readonly GuestMachine _machine;

    private DesktopMachine(DirectoryInfo folder, GuestMachine machine)
    {
        _folder = folder;
        _machine = machine;
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
        GuestMachine? machine = null;
        try
        {
            machine = await GuestMachine.StartAsync(new GuestMachineOptions
            {
                Program = TestedProgram.Path,
                Qemu = TestMachine.Qemu,
                IsStock = stock,
                HasMonitor = stock,
                HasSerialConsole = true,
                DeviceArguments = ["--size", "1280x800"],
                Arguments = [.. Arguments(kind), .. stock ? StockArguments : []],
            });
            var desktop = new DesktopMachine(folder, machine);
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
    public Picture ScreenDump() => _machine.Monitor.TakeScreen(Path.Combine(_folder.FullName, "screen.ppm"));

    /// <summary>Types a line into the desktop's terminal.</summary>
    public Task TypeAsync(string line) => Screen.TypeAsync(line + "\n", German);

    public async ValueTask DisposeAsync()
    {
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
    private static string[] StockArguments =>
    [
        "-machine", "q35", "-nodefaults", "-no-user-config", "-device", "virtio-gpu-pci,xres=1280,yres=800",
        "-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci",
    ];
}
