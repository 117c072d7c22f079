using FbShare.Linux;

namespace FbShare.QemuTests.Testbed;

/// <summary>ioctl(2) on the devices that tests play with.</summary>
internal static unsafe class DeviceControl
{
    /// <exception cref="LinuxException">The device refused.</exception>
    public static void Control(this FileDescriptor device, nuint request, void* argument) =>
        LinuxException.Check(LibC.ioctl(device, request, argument), $"ioctl(0x{request:x})");
}
