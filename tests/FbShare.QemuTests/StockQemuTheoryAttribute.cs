using System.Collections.Concurrent;
using System.Diagnostics;

namespace FbShare.QemuTests;

/// <summary>A test against a QEMU's own D-Bus display; skipped where there is no such QEMU.</summary>
internal sealed class StockQemuTheoryAttribute : TheoryAttribute
{
    /// <summary>The distribution's own.</summary>
    public const string SystemQemu = "/usr/bin/qemu-system-x86_64";

    private static readonly ConcurrentDictionary<string, bool> BusDisplays = new();

    /// <param name="bus">Whether it is reached over a message bus.</param>
    /// <param name="guest">Whether it runs the test guest.</param>
    /// <param name="window">Whether the viewer shows the test guest in it.</param>
    public StockQemuTheoryAttribute(StockQemu which, bool bus = false, bool guest = false, bool window = false)
    {
        string program = Program(which);
        Skip = !File.Exists(program) ? $"{program} ({(which == StockQemu.System ? "apt-get install qemu-system-x86" : "tools/tree makes it")})"
            : !HasBusDisplay(program) ? $"{program} with -display dbus (apt-get install qemu-system-gui)"
            : bus && !(File.Exists("/usr/bin/dbus-daemon") && File.Exists("/usr/bin/busctl")) ? "dbus-daemon or busctl"
            : window ? TestMachine.Missing(Needs.Blob) ?? ViewerFactAttribute.Missing()
            : guest ? TestMachine.Missing(Needs.Blob)
            : null;
    }

    public static string Program(StockQemu which) => which switch
    {
        StockQemu.Tree => TestMachine.Qemu,
        StockQemu.OlderTree => TestMachine.OlderQemu,
        _ => SystemQemu,
    };

    private static bool HasBusDisplay(string program) => BusDisplays.GetOrAdd(program, static program =>
    {
        using Process qemu = Process.Start(new ProcessStartInfo(program, ["-display", "help"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        return qemu.StandardOutput.ReadToEnd().Split('\n').Contains("dbus");
    });
}

/// <summary>Which QEMU.</summary>
internal enum StockQemu
{
    /// <summary>The distribution's own (7.2 on Debian 12).</summary>
    System,

    /// <summary>The newest, of the tree that tools/tree makes.</summary>
    Tree,

    /// <summary>10.0 of that tree.</summary>
    OlderTree,
}
