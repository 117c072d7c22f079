using FbShare.Pictures;

namespace FbShare.Graphics;

/// <summary>Draws pictures into the framebuffer that is bound.</summary>
/// <remarks>Belongs to the context that was current when it was made.</remarks>
public sealed unsafe class PictureRenderer : IDisposable
{
    private readonly GL _gl;
    private readonly GlVersion _language;
    private readonly uint _corners;
    private readonly uint _array;
    private readonly Shader _plain;
    private readonly PictureBlit? _blit;
    private Shader? _external;
    private OffscreenTarget? _joined;

    /// <param name="language">Whose shading language to use: the context's own version, or an older one of the same kind that it knows too.</param>
    public PictureRenderer(GL gl, GlVersion language)
    {
        _gl = gl;
        _language = language;
        if (HasVertexArrays(gl))
        {
            _array = gl.GenVertexArray();
            gl.BindVertexArray(_array);
        }
        _corners = gl.GenBuffer();
        gl.BindBuffer(GLEnum.ArrayBuffer, _corners);
        float* corners = stackalloc float[8] { 0, 0, 1, 0, 0, 1, 1, 1 };
        gl.BufferData(GLEnum.ArrayBuffer, 8 * sizeof(float), corners, GLEnum.StaticDraw);
        _plain = new Shader(gl, language, isExternal: false);
        _blit = PictureBlit.Create(gl);
    }

    /// <summary>Draws a whole picture.</summary>
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
            DrawQuads(Join(picture), target, framebuffer, isWindow, GLEnum.Linear);
            return;
        }
        DrawQuads(picture, target, framebuffer, isWindow, smooth && isScaled ? GLEnum.Linear : GLEnum.Nearest);
    }

    /// <summary>Draws over what is there, colours multiplied by alpha.</summary>
    /// <inheritdoc cref="Draw"/>
    public void Blend(PictureTexture picture, Rect target, (int Width, int Height) framebuffer, bool isWindow)
    {
        _gl.Enable(GLEnum.Blend);
        _gl.BlendFunc(GLEnum.One, GLEnum.OneMinusSrcAlpha);
        DrawQuads(picture, target, framebuffer, isWindow, GLEnum.Nearest);
        _gl.Disable(GLEnum.Blend);
    }

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

    private static bool HasVertexArrays(GL gl) => gl.Version.Major >= 3;

    private PictureTexture Join(PictureTexture picture)
    {
        if (_joined is null || _joined.Width != picture.Width || _joined.Height != picture.Height)
        {
            _joined?.Dispose();
            _joined = new OffscreenTarget(_gl, picture.Width, picture.Height);
        }
        int before = _joined.Bind();
        DrawQuads(picture, new Rect(0, 0, picture.Width, picture.Height), (picture.Width, picture.Height), isWindow: false, GLEnum.Nearest);
        _gl.BindFramebuffer(GLEnum.Framebuffer, (uint)before);
        return _joined.Picture;
    }

    private void DrawQuads(PictureTexture picture, Rect target, (int Width, int Height) framebuffer, bool isWindow, GLEnum filter)
    {
        Shader shader = picture.IsExternal ? _external ??= new Shader(_gl, _language, isExternal: true) : _plain;
        GLEnum textureTarget = picture.IsExternal ? GLEnum.TextureExternalOes : GLEnum.Texture2D;
        _gl.Viewport(0, 0, framebuffer.Width, framebuffer.Height);
        if (_array != 0)
        {
            _gl.BindVertexArray(_array);
        }
        _gl.BindBuffer(GLEnum.ArrayBuffer, _corners);
        _gl.EnableVertexAttribArray(0);
        _gl.VertexAttribPointer(0, 2, GLEnum.Float, 0, 0, null);
        shader.Use(picture.Order);
        _gl.ActiveTexture(GLEnum.Texture0);
        double scale = (double)target.Height / picture.Height;
        foreach (PictureTexture.Band band in picture.Bands)
        {
            _gl.BindTexture(textureTarget, band.Texture);
            _gl.TexParameter(textureTarget, GLEnum.TextureMinFilter, (int)filter);
            _gl.TexParameter(textureTarget, GLEnum.TextureMagFilter, (int)filter);
            double top = target.Y + (band.Y * scale);
            double bottom = target.Y + ((band.Y + band.Height) * scale);
            shader.Place(
                (2.0 * target.X / framebuffer.Width) - 1,
                isWindow ? 1 - (2 * top / framebuffer.Height) : (2 * top / framebuffer.Height) - 1,
                2.0 * target.Width / framebuffer.Width,
                (isWindow ? -2 : 2) * (bottom - top) / framebuffer.Height);
            _gl.DrawArrays(GLEnum.TriangleStrip, 0, 4);
        }
    }

    /// <summary>The program that draws a rectangle of texels.</summary>
    private sealed class Shader : IDisposable
    {
        private readonly GL _gl;
        private readonly uint _program;
        private readonly int _place;
        private readonly int _order;
        private readonly int _bias;

        public Shader(GL gl, GlVersion language, bool isExternal)
        {
            _gl = gl;
            string head = language switch
            {
                { IsEmbedded: true, Major: 2 } => "#version 100\n",
                { IsEmbedded: true } => "#version 300 es\n",
                _ => "#version 330 core\n",
            };
            _program = gl.BuildProgram(head + Read("picture.vert.glsl"), head + (isExternal ? "#define EXTERNAL\n" : "") + Read("picture.frag.glsl"), "corner");
            _place = gl.GetUniformLocation(_program, "place"u8);
            _order = gl.GetUniformLocation(_program, "order"u8);
            _bias = gl.GetUniformLocation(_program, "bias"u8);
        }

        public void Use(TexelOrder order)
        {
            _gl.UseProgram(_program);
            fixed (float* matrix = order.Matrix)
            {
                _gl.UniformMatrix4(_order, 1, 0, matrix);
            }
            _gl.Uniform4(_bias, 0, 0, 0, order.IsOpaque ? 1 : 0);
        }

        /// <summary>Where the rectangle's first corner is and how far the opposite one is from it, in clip coordinates.</summary>
        public void Place(double x, double y, double width, double height) => _gl.Uniform4(_place, (float)x, (float)y, (float)width, (float)height);

        public void Dispose() => _gl.DeleteProgram(_program);

        /// <summary>A file of assets/, which is in this assembly.</summary>
        private static string Read(string name)
        {
            using var file = new StreamReader(typeof(Shader).Assembly.GetManifestResourceStream(name)!);
            return file.ReadToEnd();
        }
    }
}
