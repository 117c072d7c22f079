using FbShare.Linux;

namespace FbShare.Pictures;

/// <summary>A picture as dma-bufs: one, or several bands of whole rows from top to bottom.</summary>
/// <remarks>Owns its descriptors. All bands share format, width and modifier LINEAR.</remarks>
public sealed class DmaBufFrame : IDisposable
{
    /// <summary>How many frames of one output are worth keeping ready: guests flip between two or three buffers, some between twice as
    /// many, and each costs no more than a descriptor and a reference to pages that are the guest's already.</summary>
    public const int MostInRotation = 16;

    /// <param name="bands">Top to bottom without gaps, together <paramref name="height"/> rows; owned from here on.</param>
    public DmaBufFrame(DrmFormat format, int width, int height, IReadOnlyList<DmaBufBand> bands)
    {
        ArgumentOutOfRangeException.ThrowIfZero(bands.Count);
        Format = format;
        Width = width;
        Height = height;
        Bands = bands;
    }

    public DrmFormat Format { get; }

    /// <summary>Pixels.</summary>
    public int Width { get; }

    /// <summary>Pixels, over all bands.</summary>
    public int Height { get; }

    public IReadOnlyList<DmaBufBand> Bands { get; }

    public void Dispose()
    {
        foreach (DmaBufBand band in Bands)
        {
            band.Descriptor.Dispose();
        }
    }
}

/// <summary>Some rows of a picture in one dma-buf, as EGL_EXT_image_dma_buf_import wants them.</summary>
/// <param name="Descriptor">The dma-buf; owned by the frame.</param>
/// <param name="Y">The first row's place in the picture.</param>
/// <param name="Height">Rows.</param>
/// <param name="Stride">Bytes from row to row.</param>
/// <param name="Offset">Bytes from the dma-buf's begin to the first row (need not be page-aligned).</param>
/// <param name="Length">Bytes of the dma-buf.</param>
public sealed record DmaBufBand(FileDescriptor Descriptor, int Y, int Height, int Stride, long Offset, long Length);
