using FbShare.Display;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Fuzz;

/// <summary>A viewer that takes dma-bufs and has those that it is shown mapped, as a graphics driver has.</summary>
internal sealed class DmaBufReader : IDisplayConsumer, IDisposable
{
    private readonly List<(DmaBufBand Band, FileDescriptor Descriptor, MemoryMapping Mapping)> _bands = [];
    private int _width;
    private int _height;

    public PictureForms Takes(FrameLayout picture) => PictureForms.All;

    public void Present(in Frame frame)
    {
        if (!frame.IsNew)
        {
            return;
        }
        Drop();
        if (frame.DmaBuf is { } dmaBuf)
        {
            (_width, _height) = (dmaBuf.Width, dmaBuf.Height);
            foreach (DmaBufBand band in dmaBuf.Bands)
            {
                FileDescriptor own = band.Descriptor.Duplicate();
                _bands.Add((band, own, MemoryMapping.Map(own, 0, band.Length, writable: false)));
            }
        }
    }

    public void Disable() => Drop();

    public void DefineCursor(CursorImage? image)
    {
    }

    public void MoveCursor(CursorPosition position)
    {
    }

    /// <summary>What is seen now, in packed rows; false if nothing is, or what came was a copy.</summary>
    /// <param name="bands">In how many dma-bufs it is.</param>
    public bool TryLook(out int width, out int height, out byte[] pixels, out int bands)
    {
        (width, height, bands) = (_width, _height, _bands.Count);
        pixels = new byte[width * height * 4];
        foreach ((DmaBufBand band, FileDescriptor descriptor, MemoryMapping mapping) in _bands)
        {
            DmaBuf.BeginRead(descriptor);
            for (int y = 0; y < band.Height; y++)
            {
                mapping.Slice(band.Offset + ((long)y * band.Stride), width * 4).CopyTo(pixels.AsSpan((band.Y + y) * width * 4));
            }
            DmaBuf.EndRead(descriptor);
        }
        return bands > 0;
    }

    public void Dispose() => Drop();

    private void Drop()
    {
        foreach ((_, FileDescriptor descriptor, MemoryMapping mapping) in _bands)
        {
            mapping.Dispose();
            descriptor.Dispose();
        }
        _bands.Clear();
        (_width, _height) = (0, 0);
    }
}
