using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Display;

/// <summary>Somebody who watches one output: a D-Bus listener, a dump, a vhost-user-gpu socket.</summary>
/// <remarks>Called on the device's loop only; must not block. Nothing given is the consumer's to keep: descriptors are
/// duplicated or sent, buffers are read before returning or mapped by descriptor. Every call after a picture was shown
/// refers to that picture until the next Show or Disable.</remarks>
public interface IDisplayConsumer
{
    /// <summary>Whether this consumer wants dma-bufs. May turn false (an import failed): call <see cref="DisplayHub.PathChanged"/> then.</summary>
    bool TakesDmaBuf { get; }

    /// <summary>A new picture, zero copy. Comes again at every flip; <paramref name="scanout"/> is the same object for the same buffer.</summary>
    void ShowDmaBuf(Scanout scanout, DmaBufFrame frame);

    /// <summary>A new picture in host memory.</summary>
    /// <param name="buffer">Holds the whole picture now and is kept up to date before each <see cref="Update"/>, but for a consumer
    /// that is still reading: that one calls <see cref="DisplayHub.Refresh(int)"/> before it looks again.</param>
    void ShowBuffer(Scanout scanout, FrameBuffer buffer, FrameLayout layout);

    /// <summary>The output shows nothing.</summary>
    void Disable();

    /// <summary>The picture changed inside <paramref name="damage"/> (also called after each Show, with the whole picture).</summary>
    /// <returns>True if it is still being read: <see cref="DisplayHub.Done"/> is called when it is not any more. The guest waits for
    /// that where it shares its own pages, for as long as the device lets it.</returns>
    bool Update(Rect damage);

    /// <summary>A new pointer picture; null hides it.</summary>
    void DefineCursor(CursorImage? image);

    void MoveCursor(CursorPosition position);
}
