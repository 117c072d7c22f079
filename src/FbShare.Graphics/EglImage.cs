using System.Runtime.InteropServices;
using FbShare.Pictures;

namespace FbShare.Graphics;

/// <summary>A dma-buf that the driver imported (EGL_EXT_image_dma_buf_import). Keeps its pages; the descriptor may be closed.</summary>
internal sealed class EglImage : SafeHandle
{
    private readonly EglDisplay _display;

    private EglImage(EglDisplay display, nint handle)
        : base(0, ownsHandle: true)
    {
        _display = display;
        SetHandle(handle);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Imports rows.</summary>
    /// <param name="format">What the driver is told the pixels are.</param>
    /// <param name="linear">Name the modifier LINEAR; else none.</param>
    /// <exception cref="GraphicsException">The driver refused.</exception>
    public static unsafe EglImage Import(EglDisplay display, DrmFormat format, int width, DmaBufBand band, bool linear)
    {
        // SAFETY: the list ends with EGL_NONE and is read during the call, which keeps a reference of its own to the dma-buf.
        nint* attributes = stackalloc nint[]
        {
            Egl.EGL_WIDTH, width,
            Egl.EGL_HEIGHT, band.Height,
            Egl.EGL_LINUX_DRM_FOURCC_EXT, (nint)(uint)format,
            Egl.EGL_DMA_BUF_PLANE0_FD_EXT, band.Descriptor.Number,
            Egl.EGL_DMA_BUF_PLANE0_OFFSET_EXT, (nint)band.Offset,
            Egl.EGL_DMA_BUF_PLANE0_PITCH_EXT, band.Stride,
            linear ? Egl.EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT : Egl.EGL_NONE, unchecked((int)(uint)Egl.DRM_FORMAT_MOD_LINEAR),
            Egl.EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT, (int)(Egl.DRM_FORMAT_MOD_LINEAR >> 32),
            Egl.EGL_NONE,
        };
        nint image = Egl.eglCreateImage(display.Handle, 0, Egl.EGL_LINUX_DMA_BUF_EXT, 0, attributes);
        return image != 0
            ? new EglImage(display, image)
            : throw new GraphicsException($"{display} refused a dma-buf of {width}x{band.Height} {format}, stride {band.Stride}, offset {band.Offset}: {Egl.DescribeError()}");
    }

    protected override bool ReleaseHandle() => Egl.eglDestroyImage(_display.Handle, handle) != Egl.EGL_FALSE;
}
