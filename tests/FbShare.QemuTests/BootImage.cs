using System.Diagnostics;

namespace FbShare.QemuTests;

/// <summary>A CD with GRUB, whose menu waits, and the test guest (grub-mkrescue).</summary>
internal sealed class BootImage : IDisposable
{
    public const string Maker = "/usr/bin/grub-mkrescue";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fbshare-boot-");

    public BootImage()
    {
        File = Path.Combine(_folder.FullName, "boot.iso");
        DirectoryInfo boot = _folder.CreateSubdirectory("tree/boot/grub").Parent!;
        // The boot loader wants it packed.
        System.IO.File.Copy(Path.Combine(TestMachine.Guest, "bzImage"), Path.Combine(boot.FullName, "vmlinuz"));
        System.IO.File.Copy(Path.Combine(TestMachine.Guest, "initrd.img"), Path.Combine(boot.FullName, "initrd.img"));
        System.IO.File.WriteAllText(Path.Combine(boot.FullName, "grub", "grub.cfg"), $$"""
            set timeout=-1
            menuentry "Test guest" {
              linux /boot/vmlinuz {{TestMachine.CommandLine}}
              initrd /boot/initrd.img
            }
            menuentry "Another" { reboot }
            """);
        using Process maker = Process.Start(new ProcessStartInfo(Maker, ["-o", File, Path.Combine(_folder.FullName, "tree")]) { RedirectStandardError = true })!;
        string said = maker.StandardError.ReadToEnd();
        maker.WaitForExit();
        Assert.True(maker.ExitCode == 0, said);
    }

    public string File { get; }

    public void Dispose() => _folder.Delete(recursive: true);
}
