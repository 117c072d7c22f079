using FbShare.Qemu;
using FbShare.Testing.Machines;

namespace FbShare.QemuTests;

/// <summary>A QEMU that runs the test guest, with whatever display device: its monitor and its serial shell.</summary>
internal sealed class TestGuest : IDisposable
{
    /// <summary>What the guest says of commands that failed.</summary>
    private static readonly string[] Failures = ["card: error", "card: refused", "kexec: error"];

    private readonly GuestOptions _options;
    private readonly GuestMachine _machine;
    private readonly Func<string> _deviceSaid;

    /// <summary>Starts QEMU and waits until the guest's shell is there; with firmware or a boot loader, until QEMU is.</summary>
    /// <param name="device">Arguments for the display device.</param>
    /// <param name="deviceSaid">What the device said so far, for messages of failures; null: it is QEMU's own.</param>
    public TestGuest(GuestOptions options, IEnumerable<string> device, Func<string>? deviceSaid = null)
    {
        _options = options;
        _deviceSaid = deviceSaid ?? (() => "");
        _machine = Started(options, [.. Arguments(options), .. device, .. options.MoreArguments]);
        if (options is { FirmwareOnly: false, BootImage: null })
        {
            try
            {
                WaitForLine("fbshare-guest ready");
            }
            catch
            {
                Dispose();
                throw;
            }
        }
    }

    public QmpClient Monitor => _machine.Monitor;

    public int ProcessId => _machine.QemuProcessId;

    /// <summary>What QEMU said so far.</summary>
    public string Log => _machine.Log;

    /// <summary>Types a line into the guest's serial shell.</summary>
    public void Type(string line) => _machine.Serial.SendAsync(line).GetAwaiter().GetResult();

    /// <summary>Types a line and waits for one that begins with <paramref name="answer"/>.</summary>
    public string Ask(string line, string answer)
    {
        Type(line);
        return WaitForLine(answer);
    }

    /// <summary>Ends the program that holds the picture and waits until it has said so.</summary>
    public void EndCard() => Ask("", "card: done");

    public string WaitForLine(string start)
    {
        string line;
        try
        {
            line = _machine.Serial.WaitForAnyLineAsync([start, .. Failures], _options.Patience).GetAwaiter().GetResult();
        }
        catch (GuestMachineException e)
        {
            throw new InvalidOperationException($"{e.Message}\nQEMU said:\n{Log}\nthe device said:\n{_deviceSaid()}", e);
        }
        return line.StartsWith(start, StringComparison.Ordinal) ? line : throw new InvalidOperationException($"the guest said: {line}");
    }

    public void Dispose() => _machine.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static GuestMachine Started(GuestOptions options, string[] arguments) => GuestMachine.StartAsync(new GuestMachineOptions
    {
        Qemu = options.Qemu,
        Arguments = arguments,
        IsStock = true,
        HasDisplay = false,
        HasMonitor = true,
        HasSerialConsole = !options.FirmwareOnly,
        Patience = options.Patience,
    }).GetAwaiter().GetResult();

    private static List<string> Arguments(GuestOptions options)
    {
        List<string> arguments =
        [
            .. TestMachine.Accelerator, "-m", options.RoomForMemory is { } room ? $"{options.Memory},{room}" : options.Memory,
            "-object", $"memory-backend-memfd,id=mem,size={options.Memory},share=on{(options.HugePages ? ",hugetlb=on,hugetlbsize=2M" : "")}",
            "-machine", "q35,memory-backend=mem", "-nodefaults", "-no-user-config", "-display", "none",
        ];
        if (options.FirmwareOnly)
        {
            arguments.AddRange(options.Bios ? [] : ["-bios", TestMachine.Firmware]);
        }
        else
        {
            arguments.AddRange(options.BootImage is { } image
                ? ["-cdrom", image]
                : ["-kernel", TestMachine.Kernel, "-initrd", Path.Combine(TestMachine.Guest, options.CanKexec ? "kexec.img" : "initrd.img"), "-append", TestMachine.CommandLine]);
        }
        return arguments;
    }
}
