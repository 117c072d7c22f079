using FbShare.Bochs;
using FbShare.Cli.Qemu;
using FbShare.Linux;

namespace FbShare.QemuTests;

/// <summary>Where this machine has what the tests need: made by tools/tree, tools/guest/build and tools/desktop/build, found by environment
/// variables or in their cache.</summary>
internal static class TestMachine
{
    private static readonly string Cache = Environment.GetEnvironmentVariable("FBSHARE_CACHE")
        ?? Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/root", ".cache"), "fbshare");

    /// <summary>How long a viewer and its window may take. In an emulated machine on a busy one the first frame takes minutes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static string Qemu { get; } = Environment.GetEnvironmentVariable("FBSHARE_QEMU") ?? Path.Combine(Cache, "bin", "qemu-system-x86_64");

    public static string OlderQemu { get; } = Environment.GetEnvironmentVariable("FBSHARE_QEMU_10") ?? Path.Combine(Cache, "bin", "qemu-system-x86_64-10.0");

    public static string Guest { get; } = Environment.GetEnvironmentVariable("FBSHARE_GUEST") ?? Path.Combine(Cache, "guest");

    /// <summary>The folder of the guests with a desktop.</summary>
    public static string Desktop { get; } = Environment.GetEnvironmentVariable("FBSHARE_DESKTOP") ?? Path.Combine(Cache, "desktop");

    public static string Firmware { get; } = Environment.GetEnvironmentVariable("FBSHARE_OVMF") ?? Path.Combine(Cache, "tree", "usr", "share", "ovmf", "OVMF.fd");

    /// <summary>The boot screen's video BIOS.</summary>
    public static string VideoBios { get; } = VgaBios.Find([Path.Combine(Cache, "tree", "usr", "share", "seabios"), .. VgaBios.UsualFolders]) ?? VgaBios.FileName;

    /// <summary>Debian's memtest86+, whose name differs between its versions; null if it is not there.</summary>
    public static string? MemoryTest { get; } = Array.Find(["/boot/memtest86+x64.bin", "/boot/mt86+x64"], File.Exists);

    /// <summary>QEMU's words for how guests run: by KVM only where FBSHARE_ACCEL says that it works (tools/testbed does), since a node that opens
    /// proves nothing.</summary>
    public static string[] Accelerator { get; } = HasKvm ? ["-accel", "kvm", "-cpu", "host"] : ["-accel", "tcg", "-cpu", "max"];

    /// <summary>The guest's kernel: packed, as it is tried with KVM; emulated, unpacking takes a quarter of the boot.</summary>
    public static string Kernel { get; } = Path.Combine(Guest, HasKvm ? "bzImage" : "vmlinuz");

    /// <summary>The test guest's kernel arguments.</summary>
    public static string CommandLine => File.ReadAllText(Path.Combine(Guest, "cmdline")).Trim() + " fbshare.serial=plain";

    private static bool HasKvm => Environment.GetEnvironmentVariable("FBSHARE_ACCEL") == "kvm";

    /// <summary>What is missing, in words; null if nothing is.</summary>
    public static string? Missing(Needs needs)
    {
        if (needs.HasFlag(Needs.Firmware) && !File.Exists(Firmware))
        {
            return $"UEFI firmware at {Firmware} (tools/tree makes it)";
        }
        if (needs.HasFlag(Needs.OlderQemu) ? !File.Exists(OlderQemu) : !File.Exists(Qemu))
        {
            return "a QEMU that works here (tools/tree makes it)";
        }
        if (!File.Exists(Path.Combine(Guest, "initrd.img")))
        {
            return "the test guest (tools/guest/build makes it)";
        }
        if (needs.HasFlag(Needs.Pci) && !File.Exists(VideoBios))
        {
            return $"the boot screen's video BIOS at {VideoBios} (tools/tree makes it)";
        }
        if (needs.HasFlag(Needs.Grub) && !(File.Exists(BootImage.Maker) && Directory.Exists("/usr/lib/grub/i386-pc") && File.Exists("/usr/bin/xorriso")))
        {
            return "grub-mkrescue (apt-get install grub-common grub-pc-bin xorriso)";
        }
        if (needs.HasFlag(Needs.MemoryTest) && MemoryTest is null)
        {
            return "memtest86+ (apt-get install memtest86+)";
        }
        if (needs.HasFlag(Needs.HugePages) && HugePages.Read().Free < 256)
        {
            return "256 free huge pages (echo 256 > /proc/sys/vm/nr_hugepages)";
        }
        return null;
    }
}
