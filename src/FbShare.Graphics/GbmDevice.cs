using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Graphics;

/// <summary>struct gbm_device of a DRM node (libgbm.so.1), with the node's descriptor.</summary>
internal sealed partial class GbmDevice : SafeHandle
{
    private const string Library = "libgbm.so.1";

    private readonly FileDescriptor _node;

    private GbmDevice(nint handle, FileDescriptor node)
        : base(0, ownsHandle: true)
    {
        SetHandle(handle);
        _node = node;
    }

    public override bool IsInvalid => handle == 0;

    /// <exception cref="GraphicsException">No libgbm, no node, or no driver for it.</exception>
    public static GbmDevice Open(string node)
    {
        if (!NativeLibrary.TryLoad(Library, typeof(GbmDevice).Assembly, null, out _))
        {
            throw new GraphicsException($"there is no {Library} on this machine: install it (Debian: apt install libgbm1)");
        }
        FileDescriptor fd;
        try
        {
            fd = FileDescriptor.Open(node, writable: true);
        }
        catch (LinuxException e)
        {
            throw new GraphicsException(e.Message);
        }
        nint device = gbm_create_device(fd.Number);
        if (device == 0)
        {
            fd.Dispose();
            throw new GraphicsException($"{node} is not a DRM node that libgbm knows");
        }
        return new GbmDevice(device, fd);
    }

    protected override bool ReleaseHandle()
    {
        gbm_device_destroy(handle);
        _node.Dispose();
        return true;
    }

    [LibraryImport(Library)]
    private static partial nint gbm_create_device(int fd);

    [LibraryImport(Library)]
    private static partial void gbm_device_destroy(nint device);
}
