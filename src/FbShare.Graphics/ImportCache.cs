using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Graphics;

/// <summary>Imported pictures by dma-buf and geometry, so that a guest's flips between N buffers import N times in all.</summary>
/// <remarks>An import keeps the guest's pages pinned, so only the last few are kept. Belongs to one context.</remarks>
public sealed class ImportCache(DmaBufImporter importer) : IDisposable
{
    /// <summary>More buffers than compositors flip between.</summary>
    private const int Capacity = 8;

    private readonly List<(Key Key, PictureTexture Picture)> _entries = [];

    /// <summary>Imports so far.</summary>
    public long Imports { get; private set; }

    /// <summary>The frame's textures: made now, or earlier for the same dma-bufs in the same geometry.</summary>
    /// <param name="frame">Stays the caller's.</param>
    /// <returns>Owned by the cache, good until the next call.</returns>
    /// <exception cref="GraphicsException">The driver refused.</exception>
    public PictureTexture Get(DmaBufFrame frame)
    {
        Key key = Key.Of(frame);
        int index = _entries.FindIndex(e => e.Key == key);
        if (index < 0)
        {
            PictureTexture picture = importer.Import(frame);
            Imports++;
            if (_entries.Count == Capacity)
            {
                _entries[0].Picture.Dispose();
                _entries.RemoveAt(0);
            }
            _entries.Add((key, picture));
            return picture;
        }
        (Key, PictureTexture Picture) found = _entries[index];
        // The last used stands last.
        _entries.RemoveAt(index);
        _entries.Add(found);
        return found.Picture;
    }

    /// <summary>Lets go of every import, and so of the guest's pages.</summary>
    public void Clear()
    {
        foreach ((_, PictureTexture picture) in _entries)
        {
            picture.Dispose();
        }
        _entries.Clear();
    }

    public void Dispose() => Clear();

    /// <summary>A dma-buf's inode number is its own, and cannot come again while an import holds the dma-buf.</summary>
    private readonly record struct Key(DrmFormat Format, int Width, int Height, int Stride, long Offset, ulong FirstInode, ulong LastInode)
    {
        public static Key Of(DmaBufFrame frame)
        {
            DmaBufBand first = frame.Bands[0];
            FileStatus status = first.Descriptor.GetStatus();
            return new Key(frame.Format, frame.Width, frame.Height, first.Stride, first.Offset, status.Inode, frame.Bands[^1].Descriptor.GetStatus().Inode);
        }
    }
}
