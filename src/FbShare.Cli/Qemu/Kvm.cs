using FbShare.Linux;

namespace FbShare.Cli.Qemu;

/// <summary>Whether this process may use KVM (linux/kvm.h).</summary>
/// <param name="Usable">It may, as far as was tried.</param>
/// <param name="Reason">Why it can be used or cannot, in words.</param>
/// <param name="Cure">What would make it usable; null if it is, or if nothing is known to help.</param>
internal sealed record Kvm(bool Usable, string Reason, string? Cure = null)
{
    /// <summary>The device node.</summary>
    public const string Device = "/dev/kvm";

    /// <summary>Asks the kernel. That it answers does not mean that guests run: <see cref="KvmTrial"/> tries that.</summary>
    public static Kvm Probe()
    {
        try
        {
            using FileDescriptor fd = FileDescriptor.Open(Device, writable: true);
            int version = KvmCalls.ioctl(fd, KvmCalls.KVM_GET_API_VERSION);
            return version == KvmCalls.KVM_API_VERSION
                ? new Kvm(true, $"{Device} answers")
                : new Kvm(false, $"{Device} speaks version {version} instead of {KvmCalls.KVM_API_VERSION}");
        }
        catch (LinuxException e)
        {
            return e.Errno switch
            {
                Errno.ENOENT => new Kvm(false, $"there is no {Device}", "load the module kvm_intel or kvm_amd, or turn on (nested) virtualization for this machine"),
                Errno.EACCES or Errno.EPERM => new Kvm(false, $"this user may not open {Device}", "sudo usermod -aG kvm $USER, then log in again"),
                Errno.ENODEV or Errno.ENXIO => new Kvm(false, $"{Device} has no driver behind it", "load the module kvm_intel or kvm_amd, or turn on (nested) virtualization for this machine"),
                _ => new Kvm(false, e.Message),
            };
        }
    }
}
