using System.Diagnostics;
using FbShare.Tests;

namespace FbShare.QemuTests;

/// <summary>A CD with GRUB and something that it starts (grub-mkrescue).</summary>
internal sealed class BootImage : IDisposable
{
    public const string Maker = "/usr/bin/grub-mkrescue";

    private readonly TemporaryFolder _folder = new("boot");

    /// <param name="menu">GRUB's configuration.</param>
    /// <param name="files">What it names in /boot.</param>
    private BootImage(string menu, params string[] files)
    {
        File = _folder["boot.iso"];
        DirectoryInfo boot = Directory.CreateDirectory(_folder["tree/boot/grub"]).Parent!;
        foreach (string file in files)
        {
            System.IO.File.Copy(file, Path.Combine(boot.FullName, Path.GetFileName(file)));
        }
        System.IO.File.WriteAllText(Path.Combine(boot.FullName, "grub", "grub.cfg"), menu);
        using Process maker = Process.Start(new ProcessStartInfo(Maker, ["-o", File, _folder["tree"]]) { RedirectStandardError = true })!;
        string said = maker.StandardError.ReadToEnd();
        maker.WaitForExit();
        Assert.True(maker.ExitCode == 0, said);
    }

    public string File { get; }

    /// <summary>A menu, which waits, with the test guest. The boot loader wants its kernel packed.</summary>
    public static BootImage OfTestGuest() => new(
        $$"""
        set timeout=-1
        menuentry "Test guest" {
          linux /boot/bzImage {{TestMachine.CommandLine}}
          initrd /boot/initrd.img
        }
        menuentry "Another" { reboot }
        """,
        Path.Combine(TestMachine.Guest, "bzImage"),
        Path.Combine(TestMachine.Guest, "initrd.img"));

    /// <summary>memtest86+ at once, on a graphical screen: the boot screen has no text mode of its own.</summary>
    public static BootImage OfMemoryTest() => new(
        $$"""
        insmod all_video
        insmod gfxterm
        set gfxmode=1280x800x32
        terminal_output gfxterm
        set timeout=0
        menuentry "Memory test" {
          set gfxpayload=1280x800x32
          linux /boot/{{Path.GetFileName(TestMachine.MemoryTest)}}
        }
        """,
        TestMachine.MemoryTest!);

    public void Dispose() => _folder.Dispose();
}
