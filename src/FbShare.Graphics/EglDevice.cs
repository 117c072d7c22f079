using System.Runtime.InteropServices;

namespace FbShare.Graphics;

/// <summary>One of the machine's EGL devices (EGL_EXT_device_enumeration, EGL_EXT_device_query).</summary>
/// <param name="Handle">EGLDeviceEXT, valid as long as the process.</param>
/// <param name="IsSoftware">Mesa's software rasteriser, which needs no DRM node.</param>
/// <param name="Node">The DRM node; null where there is none.</param>
public sealed record EglDevice(nint Handle, bool IsSoftware, string? Node)
{
    /// <summary>All devices, hardware first; none where EGL cannot list them.</summary>
    /// <exception cref="GraphicsException">There is no EGL.</exception>
    public static unsafe IReadOnlyList<EglDevice> List()
    {
        Egl.Load();
        if (!EglDisplay.ClientHas("EGL_EXT_device_enumeration") && !EglDisplay.ClientHas("EGL_EXT_device_base"))
        {
            return [];
        }
        // SAFETY: the functions are there, for the extensions are, and have these types (EGL_EXT_device_enumeration, EGL_EXT_device_query); at most
        // as many handles are written as there is room for, and texts end with zeroes.
        var query = (delegate* unmanaged<int, nint*, int*, int>)Egl.eglGetProcAddress("eglQueryDevicesEXT");
        var describe = (delegate* unmanaged<nint, int, byte*>)Egl.eglGetProcAddress("eglQueryDeviceStringEXT");
        nint* handles = stackalloc nint[32];
        int count;
        if (query(32, handles, &count) == Egl.EGL_FALSE)
        {
            return [];
        }
        var devices = new List<EglDevice>();
        for (int i = 0; i < count; i++)
        {
            string[] extensions = (Marshal.PtrToStringUTF8((nint)describe(handles[i], Egl.EGL_EXTENSIONS)) ?? "").Split(' ');
            string? node = extensions.Contains("EGL_EXT_device_drm")
                ? Marshal.PtrToStringUTF8((nint)describe(handles[i], Egl.EGL_DRM_DEVICE_FILE_EXT))
                : null;
            devices.Add(new EglDevice(handles[i], extensions.Contains("EGL_MESA_device_software"), node));
        }
        return [.. devices.OrderBy(d => d.IsSoftware)];
    }

    /// <summary>For messages.</summary>
    public override string ToString() => Node ?? (IsSoftware ? "software" : "a device without a node");
}
