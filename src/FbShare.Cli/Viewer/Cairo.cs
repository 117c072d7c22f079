using System.Runtime.InteropServices;

namespace FbShare.Cli.Viewer;

/// <summary>cairo by its own names (cairo.h 1.10 on; libcairo.so.2). Only <see cref="CairoCanvas"/> calls it.</summary>
internal static unsafe partial class Cairo
{
    public const string Library = "libcairo.so.2";

    /// <summary>Bytes B, G, R, A, multiplied.</summary>
    public const int CAIRO_FORMAT_ARGB32 = 0;

    public const int CAIRO_FONT_SLANT_NORMAL = 0;
    public const int CAIRO_FONT_WEIGHT_NORMAL = 0;
    public const int CAIRO_FONT_WEIGHT_BOLD = 1;
    public const int CAIRO_OPERATOR_SOURCE = 1;
    public const int CAIRO_OPERATOR_OVER = 2;

    [LibraryImport(Library)]
    public static partial nint cairo_image_surface_create_for_data(byte* data, int format, int width, int height, int stride);

    [LibraryImport(Library)]
    public static partial void cairo_surface_flush(nint surface);

    [LibraryImport(Library)]
    public static partial void cairo_surface_destroy(nint surface);

    [LibraryImport(Library)]
    public static partial nint cairo_create(nint surface);

    [LibraryImport(Library)]
    public static partial void cairo_destroy(nint cr);

    [LibraryImport(Library)]
    public static partial void cairo_set_operator(nint cr, int operation);

    [LibraryImport(Library)]
    public static partial void cairo_set_source_rgba(nint cr, double red, double green, double blue, double alpha);

    [LibraryImport(Library)]
    public static partial void cairo_paint(nint cr);

    [LibraryImport(Library)]
    public static partial void cairo_rectangle(nint cr, double x, double y, double width, double height);

    [LibraryImport(Library)]
    public static partial void cairo_fill(nint cr);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void cairo_select_font_face(nint cr, string family, int slant, int weight);

    [LibraryImport(Library)]
    public static partial void cairo_set_font_size(nint cr, double size);

    [LibraryImport(Library)]
    public static partial void cairo_move_to(nint cr, double x, double y);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void cairo_show_text(nint cr, string text);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void cairo_text_extents(nint cr, string text, TextExtents* extents);

    /// <summary>cairo_text_extents_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TextExtents
    {
        public double x_bearing;
        public double y_bearing;
        public double width;
        public double height;
        public double x_advance;
        public double y_advance;
    }
}
