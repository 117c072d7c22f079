using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer.Software;

/// <summary>A picture in memory that the window system can be given as a file: bytes B, G, R and one that does not count.</summary>
internal sealed class SharedPixels : IDisposable
{
    private readonly FrameBuffer? _own;

    /// <summary>Memory of this process for a picture, black.</summary>
    /// <exception cref="LinuxException">There is no memory.</exception>
    public SharedPixels(int width, int height)
    {
        Layout = FrameLayout.Packed(DrmFormat.XR24, width, height);
        _own = new FrameBuffer(Layout.End);
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

    /// <summary>Bytes of the whole file.</summary>
    public long FileSize { get; }

    public FrameLayout Layout { get; }

    /// <summary>The bytes of memory of this process. Not for those of another one's file.</summary>
    public Span<byte> Own => _own!.From(0);

    public void Dispose() => _own?.Dispose();
}
