using FbShare.Linux;

namespace FbShare.Pictures;

/// <summary>A picture in dma-bufs: in one, or in several of whole rows each, from top to bottom.</summary>
/// <remarks>Owns its descriptors. All bands have the same format and width and the modifier LINEAR.</remarks>
public sealed class DmaBufFrame : IDisposable
{
    /// <summary>How many frames of one output are worth keeping. Guests flip between two or three buffers, some between six; each frame
    /// costs only a descriptor and a reference to pages that the guest has anyway.</summary>
    public const int MostInRotation = 16;

    /// <param name="format">The order of the bytes in a pixel.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows of all bands together.</param>
    /// <param name="bands">Top to bottom without gaps, together <paramref name="height"/> rows; owned from here on.</param>
    public DmaBufFrame(DrmFormat format, int width, int height, IReadOnlyList<DmaBufBand> bands)
    {
        ArgumentOutOfRangeException.ThrowIfZero(bands.Count);
        Format = format;
        Width = width;
        Height = height;
        Bands = bands;
    }

    /// <summary>The order of the bytes in a pixel.</summary>
    public DrmFormat Format { get; }

    /// <summary>Pixels.</summary>
    public int Width { get; }

    /// <summary>Pixels, over all bands.</summary>
    public int Height { get; }

    /// <summary>The dma-bufs from top to bottom, each with some whole rows; nearly always one.</summary>
    public IReadOnlyList<DmaBufBand> Bands { get; }

    /// <summary>Closes the descriptors.</summary>
    public void Dispose()
    {
        foreach (DmaBufBand band in Bands)
        {
            band.Descriptor.Dispose();
        }
    }
}

/// <summary>Some rows of a picture in one dma-buf, with the numbers that EGL_EXT_image_dma_buf_import needs.</summary>
/// <param name="Descriptor">The dma-buf; owned by the frame.</param>
/// <param name="Y">The first row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Stride">Bytes from one row to the next.</param>
/// <param name="Offset">Bytes from the start of the dma-buf to the first row; not always page-aligned.</param>
/// <param name="Length">Bytes of the dma-buf.</param>
public sealed record DmaBufBand(FileDescriptor Descriptor, int Y, int Height, int Stride, long Offset, long Length);
