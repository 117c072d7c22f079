using FbShare.Pictures;

namespace FbShare.Display;

/// <summary>Somebody who watches one output: a D-Bus listener, a dump, a vhost-user-gpu socket.</summary>
/// <remarks>Called on the device's loop only, and must not block.</remarks>
public interface IDisplayConsumer
{
    /// <summary>In which forms this consumer can take such a picture. When the answer changes (an import failed), call
    /// <see cref="DisplayHub.ShowAgain"/>.</summary>
    PictureForms Takes(FrameLayout picture);

    /// <summary>Looks at a picture, new or changed. A consumer that reads on after it returns says so with <see cref="Frame.Keep"/>.</summary>
    void Present(in Frame frame);

    /// <summary>The output shows nothing. A lease from before is still given back when the reading ends.</summary>
    void Disable();

    /// <summary>A new pointer picture; null hides it.</summary>
    void DefineCursor(CursorImage? image);

    /// <summary>The pointer moved, or was shown or hidden.</summary>
    void MoveCursor(CursorPosition position);
}
