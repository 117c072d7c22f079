using FbShare.Pictures;

namespace FbShare.Display.Client;

/// <summary>Somebody who looks at a console of another process. Called on the client's loop.</summary>
public interface IDisplayView
{
    /// <summary>The console shows this picture from now on. The same buffer comes as the same object again.</summary>
    /// <returns>Null: taken. Otherwise why not (a dma-buf that could not be imported): a device of ours then sends the picture as
    /// a copy, while a QEMU sends nothing else.</returns>
    string? Show(RemotePicture picture);

    /// <summary>The picture changed inside <paramref name="damage"/>, which lies within it.</summary>
    /// <returns>True if it has been read. False if reading goes on: then <see cref="RemoteConsole.Done"/> follows, soon, for the
    /// guest may be waiting.</returns>
    bool Update(Rect damage);

    /// <summary>The picture changed in several places.</summary>
    /// <param name="parts">None over another, each within the picture; at least one. Good until this returns.</param>
    /// <returns>As the other one, which is told of the rectangle around them where a view does not care.</returns>
    bool Update(ReadOnlySpan<Rect> parts)
    {
        Rect damage = default;
        foreach (Rect part in parts)
        {
            damage = damage.Union(part);
        }
        return Update(damage);
    }

    /// <summary>The picture will not come again and is disposed after this call.</summary>
    void Forget(RemotePicture picture);

    /// <summary>The console shows nothing.</summary>
    void Disable();

    /// <summary>A new pointer picture.</summary>
    void DefineCursor(CursorImage image);

    /// <summary>The pointer moved, or was shown or hidden.</summary>
    void MoveCursor(CursorPosition position);
}
