using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Pictures;

namespace FbShare.QemuTests;

/// <summary>Reads what is shown when asked.</summary>
internal sealed class LatestPicture(RemoteConsole console) : IDisplayView
{
    public Picture Take()
    {
        RemotePicture shown = console.Picture!;
        byte[] pixels = new byte[shown.Layout.RowBytes * shown.Layout.Height];
        shown.CopyTo(shown.Layout.Bounds, pixels, shown.Layout.RowBytes);
        return new Picture(shown.Layout.Format, shown.Layout.Width, shown.Layout.Height, pixels);
    }

    /// <summary>How often it was told that something is new.</summary>
    public int Changes { get; private set; }

    public string? Show(RemotePicture picture)
    {
        Changes++;
        return null;
    }

    public bool Update(Rect damage)
    {
        Changes++;
        return true;
    }

    public void Forget(RemotePicture picture)
    {
    }

    public void Disable()
    {
    }

    public void DefineCursor(CursorImage image)
    {
    }

    public void MoveCursor(CursorPosition position)
    {
    }
}
