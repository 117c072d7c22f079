using FbShare.Pictures;
using Silk.NET.OpenGL;

namespace FbShare.Graphics;

/// <summary>A picture copied into a texture, damage by damage: the path that works everywhere.</summary>
public sealed class UploadTexture : IDisposable
{
    private readonly GL _gl;
    private readonly FrameLayout _layout;
    private readonly bool _hasRowLength;
    private readonly PixelFormat _format;
    private readonly uint _texture;

    /// <summary>Makes an empty texture.</summary>
    /// <param name="gl">The context, which is current.</param>
    /// <param name="layout">How the pictures lie in the bytes that <see cref="Upload"/> is given.</param>
    /// <exception cref="GraphicsException">The picture is larger than the driver's textures.</exception>
    public UploadTexture(ContextGL gl, FrameLayout layout)
    {
        if (Math.Max(layout.Width, layout.Height) > gl.MaxTextureSize)
        {
            throw new GraphicsException($"a picture of {layout.Width}x{layout.Height} is larger than this driver's textures ({gl.MaxTextureSize})");
        }
        _gl = gl;
        _layout = layout;
        _hasRowLength = !gl.Version.IsEmbedded || gl.Version.Major >= 3 || gl.IsExtensionPresent("GL_EXT_unpack_subimage");
        // The order of a window's pixels, if the picture has it too.
        bool isBgra = layout.Format is DrmFormat.XR24 or DrmFormat.AR24 && gl.HasBgra;
        _format = isBgra ? PixelFormat.Bgra : PixelFormat.Rgba;
        InternalFormat stored = gl.Version.IsEmbedded && (isBgra || gl.Version.Major == 2) ? (InternalFormat)_format : InternalFormat.Rgba8;
        _texture = Textures.Create(gl, stored, _format, layout.Width, layout.Height);
        TexelOrder order = TexelOrder.Uploaded(layout.Format, isBgra);
        Picture = new PictureTexture(gl, layout.Width, layout.Height, order, isExternal: false, [new(_texture, 0, layout.Height, null)]);
    }

    /// <summary>What to draw; owned by this.</summary>
    public PictureTexture Picture { get; }

    /// <summary>Copies the pixels inside <paramref name="damage"/>.</summary>
    /// <param name="bytes">The whole buffer that the layout describes.</param>
    /// <param name="damage">What changed, in the picture's pixels.</param>
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
        _gl.BindTexture(TextureTarget.Texture2D, _texture);
        // Rows can be skipped over where strides are whole pixels and the driver has row lengths; else row by row.
        bool isWhole = _hasRowLength && _layout.Stride % DrmFormats.BytesPerPixel == 0;
        _gl.PixelStore(PixelStoreParameter.UnpackAlignment, 1);
        if (isWhole)
        {
            _gl.PixelStore(PixelStoreParameter.UnpackRowLength, _layout.Stride / DrmFormats.BytesPerPixel);
        }
        int rows = isWhole || _layout.Stride == damage.Width * DrmFormats.BytesPerPixel ? damage.Height : 1;
        for (int y = damage.Y; y < damage.Bottom; y += rows)
        {
            _gl.TexSubImage2D(
                TextureTarget.Texture2D, 0, damage.X, y, (uint)damage.Width, (uint)rows, _format, PixelType.UnsignedByte, in bytes[(int)_layout.OffsetOf(damage.X, y)]);
        }
        if (isWhole)
        {
            _gl.PixelStore(PixelStoreParameter.UnpackRowLength, 0);
        }
    }

    /// <summary>Deletes the texture.</summary>
    public void Dispose() => Picture.Dispose();
}
