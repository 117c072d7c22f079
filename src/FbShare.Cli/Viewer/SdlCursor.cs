using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>A guest's pointer picture as the host's own pointer, which moves without the guest's delay.</summary>
internal sealed class SdlCursor : IDisposable
{
    private readonly nint _cursor;

    private SdlCursor(nint cursor) => _cursor = cursor;

    /// <summary>Makes a pointer; null where the window system takes none of this kind.</summary>
    public static unsafe SdlCursor? TryCreate(CursorImage image)
    {
        // For X11 SDL takes the colours as they are, and X wants them multiplied by alpha, as guests give them. Elsewhere SDL multiplies
        // them itself (from 2.0.18 on).
        byte[]? divided = Sdl.GetCurrentVideoDriver() == "x11" ? null : Divide(image.Pixels.Span);
        fixed (byte* pixels = divided ?? image.Pixels.Span)
        {
            // SAFETY: the pixels are pinned while the surface, which does not copy them, is there; the cursor copies them.
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

    /// <summary>B, G, R, A as they were before they were multiplied by alpha.</summary>
    private static byte[] Divide(ReadOnlySpan<byte> pixels)
    {
        byte[] divided = pixels.ToArray();
        for (int i = 0; i < divided.Length; i += 4)
        {
            int alpha = divided[i + 3];
            for (int channel = i; alpha != 0 && channel < i + 3; channel++)
            {
                divided[channel] = (byte)Math.Min(255, ((divided[channel] * 255) + (alpha / 2)) / alpha);
            }
        }
        return divided;
    }
}
