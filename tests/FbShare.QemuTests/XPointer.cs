using System.Runtime.InteropServices;
using FbShare.Pictures;

namespace FbShare.QemuTests;

/// <summary>The picture of an X server's pointer as it is now.</summary>
/// <param name="HotX">The pixel that points.</param>
/// <param name="Pixels">0xAARRGGBB, multiplied by alpha, packed rows.</param>
internal sealed partial record XPointer(int Width, int Height, int HotX, int HotY, uint[] Pixels)
{
    /// <summary>Asks the server (XFixesGetCursorImage of Xfixes.h).</summary>
    public static unsafe XPointer Read(XServer server)
    {
        nint display = XOpenDisplay(server.Display);
        Assert.NotEqual(0, display);
        try
        {
            CursorImage* image = XFixesGetCursorImage(display);
            Assert.True(image != null, "the server gives no pointer picture");
            // Each pixel is a C long.
            var pixels = new uint[image->Width * image->Height];
            for (int i = 0; i < pixels.Length; i++)
            {
                pixels[i] = (uint)image->Pixels[i];
            }
            var pointer = new XPointer(image->Width, image->Height, image->HotX, image->HotY, pixels);
            _ = XFree(image);
            return pointer;
        }
        finally
        {
            _ = XCloseDisplay(display);
        }
    }

    [LibraryImport("libX11.so.6", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint XOpenDisplay(string name);

    [LibraryImport("libX11.so.6")]
    private static partial int XCloseDisplay(nint display);

    [LibraryImport("libX11.so.6")]
    private static unsafe partial int XFree(void* data);

    [LibraryImport("libXfixes.so.3")]
    private static unsafe partial CursorImage* XFixesGetCursorImage(nint display);

    /// <summary>XFixesCursorImage.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct CursorImage
    {
        public short X;
        public short Y;
        public ushort Width;
        public ushort Height;
        public ushort HotX;
        public ushort HotY;
        public nuint Serial;
        public nuint* Pixels;
        public nuint Atom;
        public byte* Name;
    }
}
