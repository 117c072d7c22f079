using FbShare.Display;

namespace FbShare.Cli.Viewer;

/// <summary>A guest's pointer picture as the host's own pointer, which moves without the guest's delay.</summary>
internal sealed unsafe class SdlCursor : IDisposable
{
    private readonly nint _cursor;

    private SdlCursor(nint cursor) => _cursor = cursor;

    /// <summary>Makes a pointer; null where the window system takes none of this kind.</summary>
    public static SdlCursor? TryCreate(CursorImage image)
    {
        // X11 and Wayland want colours multiplied by alpha, as guests give them.
        fixed (byte* pixels = image.Pixels.Span)
        {
            nint surface = Sdl.SDL_CreateRGBSurfaceWithFormatFrom(pixels, image.Width, image.Height, 32, image.Width * 4, Sdl.SDL_PIXELFORMAT_ARGB8888);
            nint cursor = Sdl.SDL_CreateColorCursor(surface, Math.Clamp(image.HotX, 0, image.Width - 1), Math.Clamp(image.HotY, 0, image.Height - 1));
            Sdl.SDL_FreeSurface(surface);
            return cursor != 0 ? new SdlCursor(cursor) : null;
        }
    }

    /// <summary>Shows a pointer: this one, or the host's own for null.</summary>
    public static void Show(SdlCursor? cursor)
    {
        Sdl.SDL_SetCursor(cursor?._cursor ?? Sdl.SDL_GetDefaultCursor());
        _ = Sdl.SDL_ShowCursor(Sdl.SDL_ENABLE);
    }

    /// <summary>Shows none.</summary>
    public static void Hide() => _ = Sdl.SDL_ShowCursor(Sdl.SDL_DISABLE);

    public void Dispose() => Sdl.SDL_FreeCursor(_cursor);
}
