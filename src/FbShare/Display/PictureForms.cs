using FbShare.Pictures;

namespace FbShare.Display;

/// <summary>In which forms a consumer can take a picture. Everybody takes a <see cref="Memory.FrameBuffer"/> in which the picture begins
/// at a page, where mmap(2) can begin too; the rest is said here.</summary>
[Flags]
public enum PictureForms
{
    /// <summary>Nothing but a buffer in which the picture begins at a page.</summary>
    None = 0,

    /// <summary>A buffer in which the picture begins anywhere.</summary>
    BufferAnywhere = 1,

    /// <summary>One dma-buf whose first byte is the picture's.</summary>
    DmaBuf = 2,

    /// <summary>One dma-buf in which the picture begins anywhere.</summary>
    DmaBufAnywhere = DmaBuf | 4,

    /// <summary>Several dma-bufs, each with some whole rows.</summary>
    DmaBufBands = DmaBuf | 8,

    /// <summary>Whatever there is.</summary>
    All = BufferAnywhere | DmaBufAnywhere | DmaBufBands,
}

internal static class PictureFormsExtensions
{
    /// <summary>Whether a consumer takes this form. Asked at every flip, where HasFlag boxes until the code has run hot.</summary>
    public static bool Has(this PictureForms forms, PictureForms form) => (forms & form) == form;

    /// <summary>Whether dma-bufs as they were made fit what a consumer takes.</summary>
    public static bool Cover(this PictureForms forms, DmaBufFrame frame) => forms.Has(
        frame.Bands.Count > 1 ? PictureForms.DmaBufBands
        : frame.Bands[0].Offset != 0 ? PictureForms.DmaBufAnywhere
        : PictureForms.DmaBuf);
}
