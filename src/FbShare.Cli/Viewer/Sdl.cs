using System.Runtime.InteropServices;

namespace FbShare.Cli.Viewer;

/// <summary>SDL 2 by its own names (SDL.h of 2.26; libSDL2-2.0.so.0). Only <see cref="SdlVideo"/>, <see cref="SdlWindow"/> and
/// <see cref="SdlCursor"/> call it.</summary>
internal static partial class Sdl
{
    public const string Library = "libSDL2-2.0.so.0";

    public const uint SDL_INIT_VIDEO = 0x20;

    public const int SDL_WINDOWPOS_UNDEFINED = 0x1FFF0000;
    public const uint SDL_WINDOW_OPENGL = 0x2;
    public const uint SDL_WINDOW_HIDDEN = 0x8;
    public const uint SDL_WINDOW_RESIZABLE = 0x20;
    public const uint SDL_WINDOW_MINIMIZED = 0x40;
    public const uint SDL_WINDOW_MAXIMIZED = 0x80;
    public const uint SDL_WINDOW_FULLSCREEN_DESKTOP = 0x1001;
    public const uint SDL_WINDOW_ALLOW_HIGHDPI = 0x2000;

    public const int SDL_GL_RED_SIZE = 0;
    public const int SDL_GL_GREEN_SIZE = 1;
    public const int SDL_GL_BLUE_SIZE = 2;
    public const int SDL_GL_DEPTH_SIZE = 6;
    public const int SDL_GL_CONTEXT_MAJOR_VERSION = 17;
    public const int SDL_GL_CONTEXT_MINOR_VERSION = 18;
    public const int SDL_GL_CONTEXT_PROFILE_MASK = 21;
    public const int SDL_GL_CONTEXT_PROFILE_CORE = 1;
    public const int SDL_GL_CONTEXT_PROFILE_ES = 4;

    public const uint SDL_QUIT = 0x100;
    public const uint SDL_WINDOWEVENT = 0x200;
    public const uint SDL_KEYDOWN = 0x300;
    public const uint SDL_KEYUP = 0x301;
    public const uint SDL_MOUSEMOTION = 0x400;
    public const uint SDL_MOUSEBUTTONDOWN = 0x401;
    public const uint SDL_MOUSEBUTTONUP = 0x402;
    public const uint SDL_MOUSEWHEEL = 0x403;
    public const uint SDL_FINGERDOWN = 0x700;
    public const uint SDL_FINGERUP = 0x701;
    public const uint SDL_FINGERMOTION = 0x702;

    public const byte SDL_WINDOWEVENT_SHOWN = 1;
    public const byte SDL_WINDOWEVENT_HIDDEN = 2;
    public const byte SDL_WINDOWEVENT_EXPOSED = 3;
    public const byte SDL_WINDOWEVENT_SIZE_CHANGED = 6;
    public const byte SDL_WINDOWEVENT_MINIMIZED = 7;
    public const byte SDL_WINDOWEVENT_RESTORED = 9;
    public const byte SDL_WINDOWEVENT_FOCUS_LOST = 13;
    public const byte SDL_WINDOWEVENT_CLOSE = 14;

    public const int SDL_SCANCODE_RETURN = 40;
    public const int SDL_SCANCODE_ESCAPE = 41;
    public const int SDL_SCANCODE_CAPSLOCK = 57;
    public const int SDL_SCANCODE_F1 = 58;
    public const int SDL_SCANCODE_SCROLLLOCK = 71;
    public const int SDL_SCANCODE_RIGHT = 79;
    public const int SDL_SCANCODE_LEFT = 80;
    public const int SDL_SCANCODE_DOWN = 81;
    public const int SDL_SCANCODE_UP = 82;
    public const int SDL_SCANCODE_NUMLOCKCLEAR = 83;
    public const int SDL_SCANCODE_KP_ENTER = 88;

    public const ushort KMOD_SHIFT = 0x003;
    public const ushort KMOD_CTRL = 0x0C0;
    public const ushort KMOD_ALT = 0x100;
    public const ushort KMOD_GUI = 0xC00;
    public const ushort KMOD_NUM = 0x1000;
    public const ushort KMOD_CAPS = 0x2000;
    public const ushort KMOD_SCROLL = 0x8000;

    /// <summary>Bytes B, G, R, A.</summary>
    public const uint SDL_PIXELFORMAT_ARGB8888 = 0x16362004;

    /// <summary>Bytes B, G, R and one that is not used.</summary>
    public const uint SDL_PIXELFORMAT_RGB888 = 0x16161804;

    public const int SDL_SYSWM_X11 = 2;
    public const int SDL_SYSWM_WAYLAND = 6;

    public const int SDL_DISABLE = 0;
    public const int SDL_ENABLE = 1;

    [LibraryImport(Library)]
    public static partial int SDL_Init(uint flags);

    [LibraryImport(Library)]
    public static partial void SDL_Quit();

    [LibraryImport(Library)]
    private static partial nint SDL_GetError();

    [LibraryImport(Library)]
    private static partial nint SDL_GetCurrentVideoDriver();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SDL_SetHint(string name, string value);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SDL_setenv(string name, string value, int overwrite);

    [LibraryImport(Library)]
    public static partial int SDL_PollEvent(out Event e);

    [LibraryImport(Library)]
    public static partial void SDL_PumpEvents();

    [LibraryImport(Library)]
    public static partial void SDL_StopTextInput();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SDL_GetScancodeFromName(string name);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint SDL_CreateWindow(string title, int x, int y, int width, int height, uint flags);

    [LibraryImport(Library)]
    public static partial void SDL_DestroyWindow(nint window);

    [LibraryImport(Library)]
    public static partial uint SDL_GetWindowID(nint window);

    [LibraryImport(Library)]
    public static partial uint SDL_GetWindowFlags(nint window);

    [LibraryImport(Library)]
    public static partial uint SDL_GetWindowPixelFormat(nint window);

    [LibraryImport(Library)]
    public static partial int SDL_GetWindowWMInfo(nint window, ref WindowManagerInfo info);

    [LibraryImport(Library)]
    public static partial int SDL_GetWindowDisplayIndex(nint window);

    [LibraryImport(Library)]
    public static partial int SDL_GetCurrentDisplayMode(int display, out DisplayMode mode);

    [LibraryImport(Library)]
    public static partial void SDL_ShowWindow(nint window);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void SDL_SetWindowTitle(nint window, string title);

    [LibraryImport(Library)]
    public static partial void SDL_SetWindowIcon(nint window, nint surface);

    [LibraryImport(Library)]
    public static partial void SDL_GetWindowSize(nint window, out int width, out int height);

    [LibraryImport(Library)]
    public static partial void SDL_SetWindowSize(nint window, int width, int height);

    [LibraryImport(Library)]
    public static partial int SDL_SetWindowFullscreen(nint window, uint flags);

    [LibraryImport(Library)]
    public static partial void SDL_SetWindowKeyboardGrab(nint window, int grabbed);

    [LibraryImport(Library)]
    public static partial void SDL_SetWindowMouseGrab(nint window, int grabbed);

    [LibraryImport(Library)]
    public static partial int SDL_SetRelativeMouseMode(int enabled);

    [LibraryImport(Library)]
    public static partial int SDL_ShowCursor(int toggle);

    [LibraryImport(Library)]
    public static unsafe partial nint SDL_CreateRGBSurfaceWithFormatFrom(void* pixels, int width, int height, int depth, int pitch, uint format);

    [LibraryImport(Library)]
    public static partial void SDL_FreeSurface(nint surface);

    [LibraryImport(Library)]
    public static partial nint SDL_CreateColorCursor(nint surface, int hotX, int hotY);

    [LibraryImport(Library)]
    public static partial nint SDL_GetDefaultCursor();

    [LibraryImport(Library)]
    public static partial void SDL_SetCursor(nint cursor);

    [LibraryImport(Library)]
    public static partial void SDL_FreeCursor(nint cursor);

    [LibraryImport(Library)]
    public static partial int SDL_GL_SetAttribute(int attribute, int value);

    [LibraryImport(Library)]
    public static partial nint SDL_GL_CreateContext(nint window);

    [LibraryImport(Library)]
    public static partial void SDL_GL_DeleteContext(nint context);

    [LibraryImport(Library)]
    public static partial int SDL_GL_MakeCurrent(nint window, nint context);

    [LibraryImport(Library)]
    public static partial int SDL_GL_SetSwapInterval(int interval);

    [LibraryImport(Library)]
    public static partial void SDL_GL_SwapWindow(nint window);

    [LibraryImport(Library)]
    public static partial void SDL_GL_GetDrawableSize(nint window, out int width, out int height);

    /// <summary>What SDL last complained of.</summary>
    public static string GetError() => Marshal.PtrToStringUTF8(SDL_GetError()) ?? "";

    /// <summary>x11, wayland, KMSDRM, ...</summary>
    public static string GetCurrentVideoDriver() => Marshal.PtrToStringUTF8(SDL_GetCurrentVideoDriver()) ?? "";

    /// <summary>SDL_Event: the members that are used, where its structs have them.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 56)]
    public struct Event
    {
        [FieldOffset(0)]
        public uint type;

        /// <summary>Of every event of a window but a finger's.</summary>
        [FieldOffset(8)]
        public uint windowID;

        [FieldOffset(12)]
        public byte window_event;

        [FieldOffset(13)]
        public byte key_repeat;

        [FieldOffset(16)]
        public int key_scancode;

        [FieldOffset(24)]
        public ushort key_mod;

        [FieldOffset(20)]
        public int motion_x;

        [FieldOffset(24)]
        public int motion_y;

        [FieldOffset(28)]
        public int motion_xrel;

        [FieldOffset(32)]
        public int motion_yrel;

        [FieldOffset(16)]
        public byte button_button;

        [FieldOffset(20)]
        public int button_x;

        [FieldOffset(24)]
        public int button_y;

        [FieldOffset(16)]
        public int wheel_x;

        [FieldOffset(20)]
        public int wheel_y;

        [FieldOffset(16)]
        public long tfinger_fingerId;

        [FieldOffset(24)]
        public float tfinger_x;

        [FieldOffset(28)]
        public float tfinger_y;

        [FieldOffset(44)]
        public uint tfinger_windowID;
    }

    /// <summary>SDL_SysWMinfo (SDL_syswm.h): for X11 and Wayland the display comes first, and then the window (X11) or the surface (Wayland).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 72)]
    public struct WindowManagerInfo
    {
        [FieldOffset(0)]
        public byte major;

        [FieldOffset(1)]
        public byte minor;

        [FieldOffset(2)]
        public byte patch;

        [FieldOffset(4)]
        public int subsystem;

        [FieldOffset(8)]
        public nint display;

        [FieldOffset(16)]
        public nint window;
    }

    /// <summary>SDL_DisplayMode.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct DisplayMode
    {
        public uint format;
        public int w;
        public int h;
        public int refresh_rate;
        public nint driverdata;
    }
}
