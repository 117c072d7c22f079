using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using SkiaSharp;

namespace FbShare.Cli.Viewer.Software;

/// <summary>A picture in memory that the window system can be given as a file: bytes B, G, R and one that does not count.</summary>
internal sealed class SharedPixels : IDisposable
{
    private readonly FrameBuffer? _own;
    private SKSurface? _surface;

    /// <summary>Memory of this process for a picture, black.</summary>
    /// <exception cref="LinuxException">There is no memory.</exception>
    public SharedPixels(int width, int height)
    {
        Layout = FrameLayout.Packed(DrmFormat.XR24, width, height);
        _own = FrameBuffer.CreateWritable(Layout.End);
        File = _own.ReadOnly;
        FileSize = _own.Length;
    }

    /// <param name="file">Stays the caller's.</param>
    /// <param name="layout">Where the picture lies in it.</param>
    public SharedPixels(FileDescriptor file, FrameLayout layout)
    {
        File = file;
        Layout = layout;
        FileSize = file.GetStatus().Size;
    }

    public FileDescriptor File { get; }

    /// <summary>The file of memory of this process, for a window system that maps what it is given for writing too.</summary>
    public FileDescriptor Writable => _own!.Memory;

    /// <summary>Bytes of the whole file.</summary>
    public long FileSize { get; }

    public FrameLayout Layout { get; }

    /// <summary>The bytes of memory of this process. Not for those of another one's file.</summary>
    public Span<byte> Own => _own!.From(0);

    /// <summary>Memory of this process, for drawing on.</summary>
    public unsafe SKCanvas Canvas
    {
        get
        {
            if (_surface is null)
            {
                // SAFETY: the memory is as large as its layout says, does not move, and is there until the surface was disposed.
                fixed (byte* at = Own)
                {
                    _surface = SKSurface.Create(new SKImageInfo(Layout.Width, Layout.Height, SKColorType.Bgra8888, SKAlphaType.Premul), (nint)at, Layout.Stride);
                }
            }
            return _surface.Canvas;
        }
    }

    public void Dispose()
    {
        _surface?.Dispose();
        _own?.Dispose();
    }
}
