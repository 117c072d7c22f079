using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer.Software;

/// <summary>The guest's picture for a window that is drawn without OpenGL: the file that it came in, or, where the window system cannot take
/// that as it is, a copy of ours in the window's own order of bytes.</summary>
internal sealed class PictureSource : IDisposable
{
    /// <summary>X11 counts them in 16 bits.</summary>
    private const int MostPixelsInRow = ushort.MaxValue;

    private readonly ISharedSurface _surface;
    private RemotePicture? _picture;
    private SharedPixels? _pixels;
    private bool _isConverted;

    public PictureSource(ISharedSurface surface) => _surface = surface;

    /// <summary>The pixels as the window system can be given them; null before there is a picture, or where they can only be composed.</summary>
    public SharedPixels? Pixels => _isConverted || _surface.TakesFiles ? _pixels : null;

    /// <summary>Where and how the pixels lie that <see cref="Read"/> gives.</summary>
    public FrameLayout? Layout { get; private set; }

    /// <summary>Takes the picture that is to be seen from now on, if it is another one.</summary>
    /// <returns>Whether it is.</returns>
    public bool Take(RemotePicture picture)
    {
        if (ReferenceEquals(picture, _picture))
        {
            return false;
        }
        if (CanBeTaken(picture))
        {
            Drop();
            _pixels = new SharedPixels(picture.File!, picture.Layout);
            Layout = picture.Layout;
        }
        else
        {
            KeepRoomFor(picture);
        }
        _picture = picture;
        return true;
    }

    /// <summary>Brings the copy up to date, where there is one.</summary>
    /// <returns>How many bytes were copied.</returns>
    public long Update(Region damage)
    {
        long copied = 0;
        if (_isConverted && _picture is not null)
        {
            foreach (Rect part in damage.Rects)
            {
                copied += Copy(part);
            }
        }
        return copied;
    }

    /// <summary>The address of the picture's first pixel, for reading until <see cref="RemotePicture.Reading.Dispose"/>.</summary>
    /// <param name="area">What will be read.</param>
    public unsafe nint Read(Rect area, out RemotePicture.Reading reading)
    {
        if (_isConverted)
        {
            reading = default;
            // SAFETY: the mapping does not move, and is there until this object drops it.
            fixed (byte* at = _pixels!.Own)
            {
                return (nint)at;
            }
        }
        reading = _picture!.Read(area);
        // SAFETY: a mapping, or a pinned array (SharedRows).
        fixed (byte* at = reading.Pixels)
        {
            return (nint)at;
        }
    }

    /// <summary>A picture will be disposed: if it is the present one, a copy of it is what is left.</summary>
    /// <param name="isReplaced">Whether another one is there already, so that nothing need be left.</param>
    public void Forget(RemotePicture picture, bool isReplaced)
    {
        if (!ReferenceEquals(picture, _picture))
        {
            return;
        }
        if (isReplaced && !_isConverted)
        {
            // A copy at every flip of a display that has a file for each buffer.
            Drop();
            _picture = null;
            return;
        }
        if (!_isConverted)
        {
            KeepRoomFor(picture);
            try
            {
                Copy(picture.Layout.Bounds);
            }
            catch (LinuxException)
            {
                // Nothing can be read of it any more: what is left is black.
            }
        }
        _picture = null;
    }

    public void Dispose() => Drop();

    /// <summary>Whether the window system can read it where it is: in its order of bytes, with whole pixels from row to row, and as a file
    /// that has room for all rows.</summary>
    private static bool CanBeTaken(RemotePicture picture) =>
        picture is { File: not null, IsBottomUp: false }
        && picture.Layout is { Format: DrmFormat.XR24 or DrmFormat.AR24, Stride: var stride, Height: var height, Offset: var offset }
        && stride % DrmFormats.BytesPerPixel == 0 && stride / DrmFormats.BytesPerPixel <= MostPixelsInRow
        && offset + ((long)stride * height) <= picture.File.GetStatus().Size;

    private long Copy(Rect part)
    {
        FrameLayout layout = _pixels!.Layout;
        _picture!.CopyTo(part, _pixels.Own[(int)layout.OffsetOf(part.X, part.Y)..], layout.Stride, layout.Format);
        return (long)part.Width * part.Height * DrmFormats.BytesPerPixel;
    }

    private void KeepRoomFor(RemotePicture picture)
    {
        _picture = picture;
        (int width, int height) = (picture.Layout.Width, picture.Layout.Height);
        if (_isConverted && Layout is { } now && (now.Width, now.Height) == (width, height))
        {
            return;
        }
        Drop();
        _pixels = new SharedPixels(width, height);
        _isConverted = true;
        Layout = _pixels.Layout;
    }

    private void Drop()
    {
        if (_pixels is not null)
        {
            _surface.Forget(_pixels);
            _pixels.Dispose();
        }
        _pixels = null;
        _isConverted = false;
        Layout = null;
    }
}
