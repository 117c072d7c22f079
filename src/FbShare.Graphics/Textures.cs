using Silk.NET.OpenGL;

namespace FbShare.Graphics;

/// <summary>Makes textures as all pictures want them: no repeat, no filter until drawn.</summary>
internal static class Textures
{
    /// <summary>A new texture, bound.</summary>
    public static uint Create(GL gl, TextureTarget target)
    {
        uint texture = gl.GenTexture();
        gl.BindTexture(target, texture);
        gl.TexParameter(target, TextureParameterName.TextureWrapS, (int)TextureWrapMode.ClampToEdge);
        gl.TexParameter(target, TextureParameterName.TextureWrapT, (int)TextureWrapMode.ClampToEdge);
        gl.TexParameter(target, TextureParameterName.TextureMinFilter, (int)TextureMinFilter.Nearest);
        gl.TexParameter(target, TextureParameterName.TextureMagFilter, (int)TextureMagFilter.Nearest);
        return texture;
    }

    /// <summary>A new texture with room for pixels of a byte per component, bound.</summary>
    /// <param name="stored">How the driver keeps them.</param>
    /// <param name="format">How they will be given to it.</param>
    public static unsafe uint Create(GL gl, InternalFormat stored, PixelFormat format, int width, int height)
    {
        uint texture = Create(gl, TextureTarget.Texture2D);
        // SAFETY: without pixels, OpenGL only makes room.
        gl.TexImage2D(TextureTarget.Texture2D, 0, stored, (uint)width, (uint)height, 0, format, PixelType.UnsignedByte, null);
        return texture;
    }
}
