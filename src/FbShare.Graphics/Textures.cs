namespace FbShare.Graphics;

/// <summary>Makes textures as all pictures want them: no repeat, no filter until drawn.</summary>
internal static class Textures
{
    /// <summary>A new texture, bound.</summary>
    public static uint Create(GL gl, GLEnum target)
    {
        uint texture = gl.GenTexture();
        gl.BindTexture(target, texture);
        gl.TexParameter(target, GLEnum.TextureWrapS, (int)GLEnum.ClampToEdge);
        gl.TexParameter(target, GLEnum.TextureWrapT, (int)GLEnum.ClampToEdge);
        gl.TexParameter(target, GLEnum.TextureMinFilter, (int)GLEnum.Nearest);
        gl.TexParameter(target, GLEnum.TextureMagFilter, (int)GLEnum.Nearest);
        return texture;
    }
}
