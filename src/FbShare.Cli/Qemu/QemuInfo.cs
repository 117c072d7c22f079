using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;
using FbShare.Qemu;

namespace FbShare.Cli.Qemu;

/// <summary>What a QEMU binary says that it can do.</summary>
/// <param name="Program">As given, or found in PATH.</param>
/// <param name="Version">QEMU's version.</param>
/// <param name="Devices">Names that -device takes.</param>
/// <param name="Accelerators">Names that -accel takes.</param>
internal sealed partial record QemuInfo(string Program, Version Version, IReadOnlySet<string> Devices, IReadOnlySet<string> Accelerators)
{
    /// <summary>Whether it has -run-with exit-with-parent=on, with which QEMU ends when the process that started it ends.</summary>
    public bool EndsWithParent { get; init; }

    /// <summary>QEMUs up to 7 start vhost-user-gpu under KVM only ("requires kvm").</summary>
    private static readonly Version FirstWithoutKvm = new(8, 0);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The vhost-user device whose virtio id can be chosen, so that FbShare alone decides on the gpu's features; null if this QEMU
    /// has none that users may add.</summary>
    /// <remarks>Its name differs between versions, so it is looked up in what -device help lists.</remarks>
    public string? BlobDevice =>
        Devices.Contains("vhost-user-test-device-pci") ? "vhost-user-test-device-pci"
        : Devices.Contains("vhost-user-device-pci") ? "vhost-user-device-pci"
        : null;

    /// <summary>QEMU's own device for vhost-user gpus, 2D only; null if it was not built in.</summary>
    public string? GpuDevice => Devices.Contains("vhost-user-gpu-pci") ? "vhost-user-gpu-pci" : null;

    /// <summary>The device that passes on a whole PCI function of another process (QEMU 10.1 and later); null if it was not built in.</summary>
    public string? PciDevice => Devices.Contains(PciGpu.Driver) ? PciGpu.Driver : null;

    /// <summary>Whether <see cref="GpuDevice"/> starts under KVM only.</summary>
    public bool GpuNeedsKvm => Version < FirstWithoutKvm;

    /// <summary>Asks a QEMU.</summary>
    /// <param name="program">A path, or a name to look up in PATH.</param>
    /// <exception cref="QemuException">It is missing, does not start, or is not a QEMU.</exception>
    public static QemuInfo Ask(string program)
    {
        Match version = VersionPattern().Match(Run(program, "-version"));
        if (!version.Success)
        {
            throw new QemuException($"{program} is not a QEMU: '{program} -version' does not print a QEMU version");
        }
        return new QemuInfo(
            program,
            Version.Parse(version.Groups[1].ValueSpan),
            DevicePattern().Matches(Run(program, "-device", "help")).SelectMany(m => m.Groups[2].Success ? new[] { m.Groups[1].Value, m.Groups[2].Value } : [m.Groups[1].Value]).ToHashSet(),
            Run(program, "-accel", "help").Split('\n').Skip(1).Select(line => line.Trim()).Where(line => line.Length > 0).ToHashSet())
        {
            EndsWithParent = Run(program, "-help").Contains("exit-with-parent", StringComparison.Ordinal),
        };
    }

    /// <summary>Asks this QEMU for the folders of its firmware and ROMs.</summary>
    /// <exception cref="QemuException">It does not start.</exception>
    public IReadOnlyList<string> AskDataFolders() => [.. Run(Program, "-L", "help").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static string Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
            })!;
            process.StandardInput.Close();
            Task<string> error = process.StandardError.ReadToEndAsync();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill(entireProcessTree: true);
                throw new QemuException($"{program} {string.Join(' ', arguments)} did not end within {Patience.TotalSeconds:0} s");
            }
            return process.ExitCode == 0
                ? output.GetAwaiter().GetResult()
                : throw new QemuException($"{program} does not work: {error.GetAwaiter().GetResult().Trim().Split('\n')[^1]}");
        }
        catch (Win32Exception e)
        {
            throw new QemuException(
                File.Exists(program)
                    ? $"{program} cannot be run: {e.Message}"
                    : $"there is no {program}: install it (apt install {PackageOf(program)}) or give the path of another QEMU",
                e);
        }
    }

    private static string PackageOf(string program) => Path.GetFileName(program) switch
    {
        "qemu-system-x86_64" or "qemu-system-i386" => "qemu-system-x86",
        "qemu-system-aarch64" or "qemu-system-arm" => "qemu-system-arm",
        _ => "qemu-system",
    };

    [GeneratedRegex(@"QEMU emulator version (\d+\.\d+(?:\.\d+)?)")]
    private static partial Regex VersionPattern();

    [GeneratedRegex("^name \"([^\"]+)\"(?:.*alias \"([^\"]+)\")?", RegexOptions.Multiline)]
    private static partial Regex DevicePattern();
}
