using FbShare.Pictures;
using Silk.NET.OpenGL;

namespace FbShare.Graphics;

/// <summary>Draws pictures into the framebuffer that is bound.</summary>
/// <remarks>Belongs to the context that was current when it was made.</remarks>
public sealed class PictureRenderer : IDisposable
{
    private readonly ContextGL _gl;
    private readonly GlVersion _language;
    private readonly uint _corners;
    private readonly uint _array;
    private readonly PictureShader _plain;
    private readonly PictureBlit? _blit;
    private PictureShader? _external;
    private OffscreenTarget? _joined;

    /// <param name="gl">The context, which is current.</param>
    /// <param name="language">Whose shading language to use: the context's own version, or an older one of the same kind that it knows too.</param>
    public PictureRenderer(ContextGL gl, GlVersion language)
    {
        _gl = gl;
        _language = language;
        if (HasVertexArrays(gl))
        {
            _array = gl.GenVertexArray();
            gl.BindVertexArray(_array);
        }
        _corners = gl.GenBuffer();
        gl.BindBuffer(BufferTargetARB.ArrayBuffer, _corners);
        gl.BufferData<float>(BufferTargetARB.ArrayBuffer, [0, 0, 1, 0, 0, 1, 1, 1], BufferUsageARB.StaticDraw);
        _plain = new PictureShader(gl, language, isExternal: false);
        _blit = PictureBlit.Create(gl);
    }

    /// <summary>Draws a whole picture.</summary>
    /// <param name="picture">What to draw.</param>
    /// <param name="target">Where, in pixels of the framebuffer from its left top corner; may reach outside.</param>
    /// <param name="framebuffer">The framebuffer's size.</param>
    /// <param name="isWindow">Whether its first row is the bottom one, as a window's; else the top one.</param>
    /// <param name="smooth">Whether pixels are mixed when the size changes.</param>
    public void Draw(PictureTexture picture, Rect target, (int Width, int Height) framebuffer, bool isWindow, bool smooth)
    {
        if (_blit?.TryDraw(picture, target, framebuffer, isWindow) == true)
        {
            return;
        }
        bool isScaled = target.Width != picture.Width || target.Height != picture.Height;
        if (smooth && isScaled && picture.Bands.Length > 1)
        {
            // Mixing needs both sides of every edge between bands: put them together first.
            DrawQuads(Join(picture), target, framebuffer, isWindow, TextureMinFilter.Linear);
            return;
        }
        DrawQuads(picture, target, framebuffer, isWindow, smooth && isScaled ? TextureMinFilter.Linear : TextureMinFilter.Nearest);
    }

    /// <summary>Draws over what is there, colours multiplied by alpha.</summary>
    /// <inheritdoc cref="Draw"/>
    public void Blend(PictureTexture picture, Rect target, (int Width, int Height) framebuffer, bool isWindow)
    {
        _gl.Enable(EnableCap.Blend);
        _gl.BlendFunc(BlendingFactor.One, BlendingFactor.OneMinusSrcAlpha);
        DrawQuads(picture, target, framebuffer, isWindow, TextureMinFilter.Nearest);
        _gl.Disable(EnableCap.Blend);
    }

    /// <summary>Deletes the programs and buffers.</summary>
    public void Dispose()
    {
        _blit?.Dispose();
        _joined?.Dispose();
        _plain.Dispose();
        _external?.Dispose();
        _gl.DeleteBuffer(_corners);
        if (_array != 0)
        {
            _gl.DeleteVertexArray(_array);
        }
    }

    private static bool HasVertexArrays(ContextGL gl) => gl.Version.Major >= 3;

    private PictureTexture Join(PictureTexture picture)
    {
        if (_joined is null || _joined.Width != picture.Width || _joined.Height != picture.Height)
        {
            _joined?.Dispose();
            _joined = new OffscreenTarget(_gl, picture.Width, picture.Height);
        }
        int before = _joined.Bind();
        DrawQuads(picture, new Rect(0, 0, picture.Width, picture.Height), (picture.Width, picture.Height), isWindow: false, TextureMinFilter.Nearest);
        _gl.BindFramebuffer(FramebufferTarget.Framebuffer, (uint)before);
        return _joined.Picture;
    }

    private void DrawQuads(PictureTexture picture, Rect target, (int Width, int Height) framebuffer, bool isWindow, TextureMinFilter filter)
    {
        PictureShader shader = picture.IsExternal ? _external ??= new PictureShader(_gl, _language, isExternal: true) : _plain;
        TextureTarget textureTarget = picture.IsExternal ? ContextGL.TextureExternalOes : TextureTarget.Texture2D;
        _gl.Viewport(0, 0, (uint)framebuffer.Width, (uint)framebuffer.Height);
        if (_array != 0)
        {
            _gl.BindVertexArray(_array);
        }
        _gl.BindBuffer(BufferTargetARB.ArrayBuffer, _corners);
        _gl.EnableVertexAttribArray(PictureShader.Corner);
        _gl.VertexAttribPointer(PictureShader.Corner, 2, VertexAttribPointerType.Float, normalized: false, stride: 0, pointer: 0);
        shader.Use(picture.Order);
        _gl.ActiveTexture(TextureUnit.Texture0);
        double scale = (double)target.Height / picture.Height;
        foreach (PictureTexture.Band band in picture.Bands)
        {
            _gl.BindTexture(textureTarget, band.Texture);
            _gl.TexParameter(textureTarget, TextureParameterName.TextureMinFilter, (int)filter);
            _gl.TexParameter(textureTarget, TextureParameterName.TextureMagFilter, (int)filter);
            double top = target.Y + (band.Y * scale);
            double bottom = target.Y + ((band.Y + band.Height) * scale);
            shader.Place(
                (2.0 * target.X / framebuffer.Width) - 1,
                isWindow ? 1 - (2 * top / framebuffer.Height) : (2 * top / framebuffer.Height) - 1,
                2.0 * target.Width / framebuffer.Width,
                (isWindow ? -2 : 2) * (bottom - top) / framebuffer.Height);
            _gl.DrawArrays(PrimitiveType.TriangleStrip, 0, 4);
        }
    }
}
