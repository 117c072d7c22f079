using FbShare.Capture;
using FbShare.Pictures;
using Silk.NET.OpenGL;

namespace FbShare.Graphics;

/// <summary>A texture to draw to and to read back from; its first row is the top one.</summary>
public sealed class OffscreenTarget : IDisposable
{
    private readonly GL _gl;
    private readonly uint _framebuffer;

    /// <exception cref="GraphicsException">The driver cannot draw to a texture of this size.</exception>
    public OffscreenTarget(ContextGL gl, int width, int height)
    {
        _gl = gl;
        Width = width;
        Height = height;
        InternalFormat stored = gl.Version is { IsEmbedded: true, Major: 2 } ? InternalFormat.Rgba : InternalFormat.Rgba8;
        uint texture = Textures.Create(gl, stored, PixelFormat.Rgba, width, height);
        Picture = new PictureTexture(gl, width, height, TexelOrder.Known(DrmFormat.AB24), isExternal: false, [new(texture, 0, height, null)]);
        _framebuffer = gl.GenFramebuffer();
        int before = Bind();
        gl.FramebufferTexture2D(FramebufferTarget.Framebuffer, FramebufferAttachment.ColorAttachment0, TextureTarget.Texture2D, texture, 0);
        GLEnum status = gl.CheckFramebufferStatus(FramebufferTarget.Framebuffer);
        gl.BindFramebuffer(FramebufferTarget.Framebuffer, (uint)before);
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
        int before = _gl.GetInteger(GLEnum.FramebufferBinding);
        _gl.BindFramebuffer(FramebufferTarget.Framebuffer, _framebuffer);
        return before;
    }

    /// <summary>Waits for the drawing and reads it back, as AB24.</summary>
    public Picture Read()
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(Width * Height * DrmFormats.BytesPerPixel);
        int before = Bind();
        _gl.PixelStore(PixelStoreParameter.PackAlignment, 1);
        _gl.ReadPixels(0, 0, (uint)Width, (uint)Height, PixelFormat.Rgba, PixelType.UnsignedByte, out pixels[0]);
        _gl.BindFramebuffer(FramebufferTarget.Framebuffer, (uint)before);
        return new Picture(DrmFormat.AB24, Width, Height, pixels);
    }

    /// <summary>Deletes the frame buffer and its texture.</summary>
    public void Dispose()
    {
        _gl.DeleteFramebuffer(_framebuffer);
        Picture.Dispose();
    }
}
