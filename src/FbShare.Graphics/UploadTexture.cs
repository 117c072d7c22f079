using FbShare.Pictures;

namespace FbShare.Graphics;

/// <summary>A picture copied into a texture, damage by damage: the path that works everywhere.</summary>
public sealed unsafe class UploadTexture : IDisposable
{
    private readonly GL _gl;
    private readonly FrameLayout _layout;
    private readonly bool _hasRowLength;
    private readonly GLEnum _format;
    private readonly uint _texture;

    /// <summary>Makes an empty texture.</summary>
    /// <param name="layout">How the pictures lie in the bytes that <see cref="Upload"/> is given.</param>
    /// <exception cref="GraphicsException">The picture is larger than the driver's textures.</exception>
    public UploadTexture(GL gl, FrameLayout layout)
    {
        if (Math.Max(layout.Width, layout.Height) > gl.MaxTextureSize)
        {
            throw new GraphicsException($"a picture of {layout.Width}x{layout.Height} is larger than this driver's textures ({gl.MaxTextureSize})");
        }
        _gl = gl;
        _layout = layout;
        _hasRowLength = !gl.Version.IsEmbedded || gl.Version.Major >= 3 || gl.Has("GL_EXT_unpack_subimage");
        _texture = Textures.Create(gl, GLEnum.Texture2D);
        // The order of a window's own pixels, where the picture has it too.
        bool isBgra = layout.Format is DrmFormat.XR24 or DrmFormat.AR24 && gl.HasBgra;
        _format = isBgra ? GLEnum.Bgra : GLEnum.Rgba;
        GLEnum stored = gl.Version.IsEmbedded && (isBgra || gl.Version.Major == 2) ? _format : GLEnum.Rgba8;
        gl.TexImage2D(GLEnum.Texture2D, 0, (int)stored, layout.Width, layout.Height, 0, _format, GLEnum.UnsignedByte, null);
        TexelOrder order = TexelOrder.Uploaded(layout.Format, isBgra);
        Picture = new PictureTexture(gl, layout.Width, layout.Height, order, isExternal: false, [new(_texture, 0, layout.Height, null)]);
    }

    /// <summary>What to draw; owned by this.</summary>
    public PictureTexture Picture { get; }

    /// <summary>Copies the pixels inside <paramref name="damage"/>.</summary>
    /// <param name="bytes">The whole buffer that the layout describes.</param>
    /// <exception cref="ArgumentException">The buffer is too short.</exception>
    public void Upload(ReadOnlySpan<byte> bytes, Rect damage)
    {
        damage = damage.Intersect(_layout.Bounds);
        if (damage.IsEmpty)
        {
            return;
        }
        if (bytes.Length < _layout.End)
        {
            throw new ArgumentException($"{bytes.Length} bytes do not hold {_layout}", nameof(bytes));
        }
        _gl.BindTexture(GLEnum.Texture2D, _texture);
        fixed (byte* begin = bytes)
        {
            // Rows can be skipped over where strides are whole pixels and the driver has row lengths; else row by row.
            bool isWhole = _hasRowLength && _layout.Stride % DrmFormats.BytesPerPixel == 0;
            _gl.PixelStore(GLEnum.UnpackAlignment, 1);
            if (isWhole)
            {
                _gl.PixelStore(GLEnum.UnpackRowLength, _layout.Stride / DrmFormats.BytesPerPixel);
            }
            int rows = isWhole || _layout.Stride == damage.Width * DrmFormats.BytesPerPixel ? damage.Height : 1;
            for (int y = damage.Y; y < damage.Bottom; y += rows)
            {
                _gl.TexSubImage2D(
                    GLEnum.Texture2D, 0, damage.X, y, damage.Width, rows, _format, GLEnum.UnsignedByte, begin + _layout.OffsetOf(damage.X, y));
            }
            if (isWhole)
            {
                _gl.PixelStore(GLEnum.UnpackRowLength, 0);
            }
        }
    }

    public void Dispose() => Picture.Dispose();
}
