using System.Runtime.InteropServices;

namespace FbShare.Graphics;

/// <summary>EGL 1.5 by its own names (libEGL.so.1, from GLVND or a driver). Only <see cref="EglDisplay"/> opens it, after
/// <see cref="Load"/> has made sure that the library is there.</summary>
internal static partial class Egl
{
    public const int EGL_FALSE = 0;
    public const int EGL_NONE = 0x3038;
    public const int EGL_VENDOR = 0x3053;
    public const int EGL_VERSION = 0x3054;
    public const int EGL_EXTENSIONS = 0x3055;

    public const int EGL_SURFACE_TYPE = 0x3033;
    public const int EGL_RENDERABLE_TYPE = 0x3040;
    public const int EGL_OPENGL_ES2_BIT = 0x0004;
    public const int EGL_OPENGL_BIT = 0x0008;
    public const int EGL_RED_SIZE = 0x3024;
    public const int EGL_GREEN_SIZE = 0x3023;
    public const int EGL_BLUE_SIZE = 0x3022;

    public const uint EGL_OPENGL_ES_API = 0x30A0;
    public const uint EGL_OPENGL_API = 0x30A2;
    public const int EGL_CONTEXT_MAJOR_VERSION = 0x3098;
    public const int EGL_CONTEXT_MINOR_VERSION = 0x30FB;
    public const int EGL_CONTEXT_OPENGL_PROFILE_MASK = 0x30FD;
    public const int EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT = 1;

    public const uint EGL_PLATFORM_X11_KHR = 0x31D5;
    public const uint EGL_PLATFORM_GBM_KHR = 0x31D7;
    public const uint EGL_PLATFORM_SURFACELESS_MESA = 0x31DD;
    public const uint EGL_PLATFORM_DEVICE_EXT = 0x313F;
    public const int EGL_DRM_DEVICE_FILE_EXT = 0x3233;

    public const uint EGL_LINUX_DMA_BUF_EXT = 0x3270;
    public const int EGL_WIDTH = 0x3057;
    public const int EGL_HEIGHT = 0x3056;
    public const int EGL_LINUX_DRM_FOURCC_EXT = 0x3271;
    public const int EGL_DMA_BUF_PLANE0_FD_EXT = 0x3272;
    public const int EGL_DMA_BUF_PLANE0_OFFSET_EXT = 0x3273;
    public const int EGL_DMA_BUF_PLANE0_PITCH_EXT = 0x3274;
    public const int EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT = 0x3443;
    public const int EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT = 0x3444;
    public const ulong DRM_FORMAT_MOD_LINEAR = 0;

    public const uint EGL_SYNC_FENCE = 0x30F9;
    public const int EGL_SYNC_FLUSH_COMMANDS_BIT = 1;
    public const int EGL_CONDITION_SATISFIED = 0x30F6;

    private const string Library = "libEGL.so.1";

    /// <summary>Makes sure that there is an EGL to call.</summary>
    /// <exception cref="GraphicsException">There is none on this machine.</exception>
    public static void Load()
    {
        if (!NativeLibrary.TryLoad(Library, typeof(Egl).Assembly, null, out _))
        {
            throw new GraphicsException($"there is no {Library} on this machine: install it (Debian: apt install libegl1 libgl1-mesa-dri)");
        }
    }

    /// <summary>The last call's error by its name.</summary>
    public static string DescribeError()
    {
        int error = eglGetError();
        return error switch
        {
            0x3000 => "no error given",
            0x3001 => "EGL_NOT_INITIALIZED",
            0x3002 => "EGL_BAD_ACCESS",
            0x3003 => "EGL_BAD_ALLOC",
            0x3004 => "EGL_BAD_ATTRIBUTE",
            0x3005 => "EGL_BAD_CONFIG",
            0x3006 => "EGL_BAD_CONTEXT",
            0x3008 => "EGL_BAD_DISPLAY",
            0x3009 => "EGL_BAD_MATCH",
            0x300B => "EGL_BAD_NATIVE_WINDOW",
            0x300C => "EGL_BAD_PARAMETER",
            0x300D => "EGL_BAD_SURFACE",
            0x300E => "EGL_CONTEXT_LOST",
            _ => $"EGL error 0x{error:x}",
        };
    }

    // SAFETY: null, or a text of the library's that ends with a zero.
    /// <summary>A string of the library's, copied; empty if there is none.</summary>
    public static unsafe string QueryString(nint display, int name) => Marshal.PtrToStringUTF8((nint)eglQueryString(display, name)) ?? "";

    [LibraryImport(Library)]
    public static partial int eglGetError();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint eglGetProcAddress(string name);

    [LibraryImport(Library)]
    public static unsafe partial byte* eglQueryString(nint display, int name);

    [LibraryImport(Library)]
    public static unsafe partial nint eglGetPlatformDisplay(uint platform, nint nativeDisplay, nint* attributes);

    [LibraryImport(Library)]
    public static partial nint eglGetCurrentDisplay();

    [LibraryImport(Library)]
    public static partial int eglInitialize(nint display, out int major, out int minor);

    [LibraryImport(Library)]
    public static partial int eglTerminate(nint display);

    [LibraryImport(Library)]
    public static partial int eglBindAPI(uint api);

    [LibraryImport(Library)]
    public static unsafe partial int eglChooseConfig(nint display, int* attributes, nint* configs, int capacity, out int count);

    [LibraryImport(Library)]
    public static unsafe partial nint eglCreateContext(nint display, nint config, nint share, int* attributes);

    [LibraryImport(Library)]
    public static partial int eglDestroyContext(nint display, nint context);

    [LibraryImport(Library)]
    public static partial int eglMakeCurrent(nint display, nint draw, nint read, nint context);

    [LibraryImport(Library)]
    public static unsafe partial nint eglCreateImage(nint display, nint context, uint target, nint buffer, nint* attributes);

    [LibraryImport(Library)]
    public static partial int eglDestroyImage(nint display, nint image);

    [LibraryImport(Library)]
    public static unsafe partial nint eglCreateSync(nint display, uint type, nint* attributes);

    [LibraryImport(Library)]
    public static partial int eglDestroySync(nint display, nint sync);

    [LibraryImport(Library)]
    public static partial int eglClientWaitSync(nint display, nint sync, int flags, ulong timeoutNanoseconds);
}
