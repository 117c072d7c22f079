using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Graphics;

/// <summary>A texture to draw to and to read back from; its first row is the top one.</summary>
public sealed unsafe class OffscreenTarget : IDisposable
{
    private const GLEnum FramebufferBinding = (GLEnum)0x8CA6;

    private readonly GL _gl;
    private readonly uint _framebuffer;

    /// <exception cref="GraphicsException">The driver cannot draw to a texture of this size.</exception>
    public OffscreenTarget(GL gl, int width, int height)
    {
        _gl = gl;
        Width = width;
        Height = height;
        uint texture = Textures.Create(gl, GLEnum.Texture2D);
        gl.TexImage2D(GLEnum.Texture2D, 0, gl.Version is { IsEmbedded: true, Major: 2 } ? (int)GLEnum.Rgba : (int)GLEnum.Rgba8, width, height, 0, GLEnum.Rgba, GLEnum.UnsignedByte, null);
        Picture = new PictureTexture(gl, width, height, TexelOrder.Known(DrmFormat.AB24), isExternal: false, [new(texture, 0, height, null)]);
        _framebuffer = gl.GenFramebuffer();
        int before = Bind();
        gl.FramebufferTexture2D(GLEnum.Framebuffer, GLEnum.ColorAttachment0, GLEnum.Texture2D, texture, 0);
        GLEnum status = gl.CheckFramebufferStatus(GLEnum.Framebuffer);
        gl.BindFramebuffer(GLEnum.Framebuffer, (uint)before);
        if (status != GLEnum.FramebufferComplete)
        {
            Dispose();
            throw new GraphicsException($"{gl.Renderer} cannot draw to a texture of {width}x{height} (framebuffer status 0x{(uint)status:x})");
        }
    }

    /// <summary>Pixels.</summary>
    public int Width { get; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; }

    /// <summary>What was drawn, to be drawn again; owned by this.</summary>
    public PictureTexture Picture { get; }

    /// <summary>Everything is drawn here from now on.</summary>
    /// <returns>The framebuffer that was bound before.</returns>
    public int Bind()
    {
        int before = _gl.GetInteger(FramebufferBinding);
        _gl.BindFramebuffer(GLEnum.Framebuffer, _framebuffer);
        return before;
    }

    /// <summary>Waits for the drawing and reads it back, as AB24.</summary>
    public Picture Read()
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(Width * Height * DrmFormats.BytesPerPixel);
        int before = Bind();
        _gl.PixelStore(GLEnum.PackAlignment, 1);
        fixed (byte* begin = pixels)
        {
            _gl.ReadPixels(0, 0, Width, Height, GLEnum.Rgba, GLEnum.UnsignedByte, begin);
        }
        _gl.BindFramebuffer(GLEnum.Framebuffer, (uint)before);
        return new Picture(DrmFormat.AB24, Width, Height, pixels);
    }

    public void Dispose()
    {
        _gl.DeleteFramebuffer(_framebuffer);
        Picture.Dispose();
    }
}
