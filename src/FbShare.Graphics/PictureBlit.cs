using FbShare.Pictures;
using Silk.NET.OpenGL;

namespace FbShare.Graphics;

/// <summary>Draws pictures whose pixels are like the framebuffer's by glBlitFramebuffer. Where the CPU draws, that copies rows: a tenth of
/// the work of a shader that runs for every pixel.</summary>
/// <remarks>Leaves a framebuffer of its own bound for reading.</remarks>
internal sealed class PictureBlit : IDisposable
{
    /// <summary>GL_ALPHA_BITS, which the package does not name.</summary>
    private const GetPName AlphaBits = (GetPName)0x0D55;

    private readonly ContextGL _gl;
    private readonly uint _framebuffer;

    private PictureBlit(ContextGL gl)
    {
        _gl = gl;
        _framebuffer = gl.GenFramebuffer();
    }

    /// <summary>One, where the driver draws with the CPU; null elsewhere.</summary>
    public static PictureBlit? Create(ContextGL gl) => gl is { IsSoftware: true, Version: { IsEmbedded: true, Major: >= 3 } } ? new PictureBlit(gl) : null;

    /// <summary>Draws a picture pixel by pixel, blending nothing.</summary>
    /// <returns>False, and nothing is drawn, where this needs a shader.</returns>
    /// <inheritdoc cref="PictureRenderer.Draw"/>
    public bool TryDraw(PictureTexture picture, Rect target, (int Width, int Height) framebuffer, bool isWindow)
    {
        bool isPlain = !picture.IsExternal && picture.Order.IsIdentity && target.Width == picture.Width && target.Height == picture.Height;
        // A byte without meaning would become alpha.
        if (!isPlain || (picture.Order.IsOpaque && _gl.GetInteger(AlphaBits) > 0))
        {
            return false;
        }
        _gl.BindFramebuffer(FramebufferTarget.ReadFramebuffer, _framebuffer);
        foreach (PictureTexture.Band band in picture.Bands)
        {
            _gl.FramebufferTexture2D(FramebufferTarget.ReadFramebuffer, FramebufferAttachment.ColorAttachment0, TextureTarget.Texture2D, band.Texture, 0);
            if (_gl.CheckFramebufferStatus(FramebufferTarget.ReadFramebuffer) != GLEnum.FramebufferComplete)
            {
                return false;
            }
            int top = target.Y + band.Y;
            int bottom = top + band.Height;
            (int from, int to) = isWindow ? (framebuffer.Height - top, framebuffer.Height - bottom) : (top, bottom);
            _gl.BlitFramebuffer(0, 0, picture.Width, band.Height, target.X, from, target.Right, to, ClearBufferMask.ColorBufferBit, BlitFramebufferFilter.Nearest);
        }
        return true;
    }

    public void Dispose() => _gl.DeleteFramebuffer(_framebuffer);
}
