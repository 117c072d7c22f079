using System.Diagnostics;
using System.Globalization;
using FbShare.Linux;
using FbShare.Tests;

namespace FbShare.QemuTests;

/// <summary>A real systemd with nothing but FbShare's own units, as the first process of namespaces of its own: of the system, or of a user.</summary>
/// <remarks>Its /run is <see cref="RunFolder"/>, so that what listens there can be reached from outside. The program it starts is a copy there, which a test can
/// replace.</remarks>
internal sealed class Systemd : IDisposable
{
    private const string Target = "fbshare-test.target";

    /// <summary>What units of its kind want before they start; everything else of this machine's stays away.</summary>
    private static readonly string[] Targets = [Target, "sysinit.target", "basic.target", "sockets.target", "shutdown.target", "default.target", "umount.target", "final.target"];

    private static readonly string? Program = Array.Find(["/usr/lib/systemd/systemd", "/lib/systemd/systemd"], File.Exists);

    private readonly TemporaryFolder _folder = new("systemd");
    private readonly FbShareProcess _process;
    private readonly bool _isOfUser;

    public Systemd(bool isOfUser)
    {
        _isOfUser = isOfUser;
        string units = Directory.CreateDirectory(_folder["units"]).FullName;
        Directory.CreateDirectory(RunFolder);
        foreach (string target in Targets)
        {
            File.WriteAllText(Path.Combine(units, target), $"[Unit]\nDescription={target} of a test\n");
        }
        // Others than root look into it.
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);
        Directory.CreateDirectory(Path.Combine(RunFolder, "program"));
        ReplaceProgram();
        foreach (string unit in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "systemd", isOfUser ? "user" : "system")))
        {
            string text = File.ReadAllText(unit).Replace("ExecStart=fbshare ", "ExecStart=/run/program/fbshare --verbose ", StringComparison.Ordinal);
            File.WriteAllText(Path.Combine(units, Path.GetFileName(unit)), text);
        }
        // There is no journal here.
        Directory.CreateDirectory(Path.Combine(units, "fbshare@.service.d"));
        File.WriteAllText(Path.Combine(units, "fbshare@.service.d", "said.conf"), $"[Service]\nStandardError=append:/run/{Path.GetFileName(SaidFile)}\n");
        string manager = isOfUser ? $"XDG_RUNTIME_DIR=/run {Program} --user --unit={Target} --log-target=console & wait" : $"exec {Program} --system --unit={Target} --log-target=console --show-status=no";
        string script = $"""
            set -e
            mount --bind {RunFolder} /run
            mkdir -p /run/systemd/system
            while umount -l /sys/fs/cgroup 2>/dev/null; do :; done
            mount -t cgroup2 cgroup2 /sys/fs/cgroup
            mkdir {CGroup}
            echo $$ >{CGroup}/cgroup.procs
            exec unshare --cgroup --mount sh -ec 'umount -l /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup
            export container=fbshare-test SYSTEMD_UNIT_PATH={units}
            {manager}'
            """;
        _process = new FbShareProcess(new ProcessStartInfo("unshare", ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script])
        {
            RedirectStandardError = true,
        });
        _process.WaitUntil(() => TryControl("is-active", Target, out _), () => "systemd does not start");
    }

    /// <summary>Its /run, as this process sees it.</summary>
    public string RunFolder => _folder["run"];

    /// <summary>What it and its services said.</summary>
    public string Said => $"{_process.Said}\n{(File.Exists(SaidFile) ? File.ReadAllText(SaidFile) : "")}";

    /// <summary>The device's process, by its number here; null between two.</summary>
    public int? Device => Descendants(_process.ProcessId).Select(p => (int?)p).FirstOrDefault(p => Arguments(p!.Value) is ["/run/program/fbshare", "--verbose", "serve", ..]);

    /// <summary>What is missing for it here, in words; null if nothing is.</summary>
    public static string? Missing =>
        LibC.geteuid() != 0 ? "root, for a systemd in namespaces of its own"
        : Program is null || !File.Exists("/usr/bin/systemctl") ? "systemd (apt-get install systemd)"
        : Environment.GetEnvironmentVariable("FBSHARE_PROGRAM") is null ? "the published program (tools/test.sh makes it): a build with a compiler in it cannot be confined"
        : null;

    /// <summary>Puts another copy of the program in the place of the one that is there, as an upgrade does.</summary>
    public void ReplaceProgram()
    {
        foreach (string file in (string[])["fbshare", "libSkiaSharp.so"])
        {
            string place = Path.Combine(RunFolder, "program", file);
            File.Copy(Path.Combine(Path.GetDirectoryName(TestedProgram.Path)!, file), place + ".new", overwrite: true);
            File.SetUnixFileMode(place + ".new", (UnixFileMode)0b111_101_101);
            File.Move(place + ".new", place, overwrite: true);
        }
    }

    /// <summary>systemctl with some words; fails with what it said if that fails.</summary>
    public string Control(params string[] words)
    {
        int exitCode = Run("systemctl", [.. _isOfUser ? (string[])["--user"] : [], .. words], out string said);
        Assert.True(exitCode == 0, $"systemctl {string.Join(' ', words)}: {said}\n{Said}");
        return said.Trim();
    }

    /// <summary>Runs a program beside it and returns its exit code.</summary>
    public int Run(string program, IReadOnlyList<string> arguments, out string said)
    {
        int manager = Descendants(_process.ProcessId).First();
        var start = new ProcessStartInfo("nsenter", ["--target", manager.ToString(CultureInfo.InvariantCulture), "--mount", "--pid", program, .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["XDG_RUNTIME_DIR"] = "/run";
        start.Environment["SYSTEMD_UNIT_PATH"] = _folder["units"];
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        said += error.GetAwaiter().GetResult();
        return process.ExitCode;
    }

    public void Dispose()
    {
        // With the first process of its namespace all others end.
        _process.Dispose();
        RemoveGroup();
        _folder.Dispose();
    }

    private string SaidFile => Path.Combine(RunFolder, "said");

    private string CGroup => "/sys/fs/cgroup/" + Path.GetFileName(_folder.Path);

    private bool TryControl(string verb, string unit, out string said)
    {
        said = "";
        return Descendants(_process.ProcessId).Any() && Run("systemctl", [.. _isOfUser ? (string[])["--user"] : [], verb, unit], out said) == 0;
    }

    /// <summary>The groups are the machine's own, and stay.</summary>
    private void RemoveGroup()
    {
        string? mount = File.ReadLines("/proc/mounts").Select(l => l.Split(' ')).FirstOrDefault(l => l[2] == "cgroup2")?[1];
        string group = Path.Combine(mount ?? "/none", Path.GetFileName(_folder.Path));
        if (Directory.Exists(group))
        {
            foreach (string folder in Directory.EnumerateDirectories(group, "*", SearchOption.AllDirectories).OrderByDescending(f => f.Length).Append(group))
            {
                XServer.WaitUntil(() => TryRemove(folder), () => $"{folder} is in use");
            }
        }
    }

    private static bool TryRemove(string folder)
    {
        try
        {
            // A control group's folder has files that are not removed.
            return !Directory.Exists(folder) || LibC.rmdir(folder) == 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string[] Arguments(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static IEnumerable<int> Descendants(int process)
    {
        foreach (int child in Children(process))
        {
            yield return child;
            foreach (int further in Descendants(child))
            {
                yield return further;
            }
        }
    }

    private static int[] Children(int process)
    {
        try
        {
            return
            [
                .. Directory.GetDirectories($"/proc/{process}/task")
                    .SelectMany(thread => File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    .Select(number => int.Parse(number, CultureInfo.InvariantCulture)),
            ];
        }
        catch (IOException)
        {
            return [];
        }
    }
}
