using FbShare.Linux;

namespace FbShare.Qemu;

/// <summary>Whether this process may use KVM (linux/kvm.h).</summary>
/// <param name="Usable">/dev/kvm opens and answers.</param>
/// <param name="Reason">Why it can be used or cannot, in words.</param>
/// <param name="Cure">What would make it usable; null if it is, or if nothing is known to help.</param>
internal sealed record Kvm(bool Usable, string Reason, string? Cure = null)
{
    private const string Device = "/dev/kvm";
    private const nuint KVM_GET_API_VERSION = 0xAE00;

    /// <summary>Asks the kernel.</summary>
    /// <remarks>Unsafe only for the type of ioctl(2)'s argument: this request has none.</remarks>
    public static unsafe Kvm Probe()
    {
        try
        {
            using FileDescriptor fd = FileDescriptor.Open(Device, writable: true);
            int version = LibC.ioctl(fd, KVM_GET_API_VERSION, null);
            return version == 12
                ? new Kvm(true, $"{Device} answers")
                : new Kvm(false, $"{Device} speaks version {version} instead of 12");
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
