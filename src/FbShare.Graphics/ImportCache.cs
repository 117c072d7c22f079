using FbShare.Pictures;

namespace FbShare.Graphics;

/// <summary>One output's imported pictures, so that a guest that flips between N buffers has them imported N times in all.</summary>
/// <remarks>An import keeps the guest's pages pinned: whoever knows that a frame does not come again says so (<see cref="Forget"/>).
/// Belongs to one context, which is current at every call.</remarks>
public sealed class ImportCache : IDisposable
{
    private readonly Func<DmaBufFrame, PictureTexture> _import;
    private readonly List<(DmaBufFrame Frame, PictureTexture Picture)> _entries = [];

    /// <summary>An empty one.</summary>
    /// <param name="importer">Makes the textures.</param>
    public ImportCache(DmaBufImporter importer)
        : this(importer.Import)
    {
    }

    internal ImportCache(Func<DmaBufFrame, PictureTexture> import) => _import = import;

    /// <summary>Imports so far.</summary>
    public long Imports { get; private set; }

    /// <summary>The frame's textures: made now, or earlier for the same object.</summary>
    /// <param name="frame">Stays the caller's; used only to recognise the frame after this.</param>
    /// <returns>Owned by the cache, good until the next call.</returns>
    /// <exception cref="GraphicsException">The driver refused.</exception>
    public PictureTexture Get(DmaBufFrame frame)
    {
        int index = _entries.FindIndex(e => ReferenceEquals(e.Frame, frame));
        if (index < 0)
        {
            PictureTexture picture = _import(frame);
            Imports++;
            if (_entries.Count == DmaBufFrame.MostInRotation)
            {
                RemoveAt(0);
            }
            _entries.Add((frame, picture));
            return picture;
        }
        (DmaBufFrame, PictureTexture Picture) found = _entries[index];
        // The last used stands last.
        _entries.RemoveAt(index);
        _entries.Add(found);
        return found.Picture;
    }

    /// <summary>Lets go of one frame's import, and so of its pages.</summary>
    public void Forget(DmaBufFrame frame)
    {
        int index = _entries.FindIndex(e => ReferenceEquals(e.Frame, frame));
        if (index >= 0)
        {
            RemoveAt(index);
        }
    }

    /// <summary>Lets go of all imports.</summary>
    public void Dispose()
    {
        while (_entries.Count > 0)
        {
            RemoveAt(_entries.Count - 1);
        }
    }

    private void RemoveAt(int index)
    {
        _entries[index].Picture.Dispose();
        _entries.RemoveAt(index);
    }
}
