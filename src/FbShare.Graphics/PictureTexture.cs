using Silk.NET.OpenGL;

namespace FbShare.Graphics;

/// <summary>A picture in textures: one, or several bands of whole rows. Made by <see cref="DmaBufImporter"/> (live: the guest's own
/// pages) or as an <see cref="UploadTexture"/>.</summary>
/// <remarks>Belongs to the context that was current when it was made.</remarks>
public sealed class PictureTexture : IDisposable
{
    private readonly GL _gl;
    private readonly Band[] _bands;
    private bool _disposed;

    internal PictureTexture(GL gl, int width, int height, TexelOrder order, bool isExternal, Band[] bands)
    {
        _gl = gl;
        Width = width;
        Height = height;
        Order = order;
        IsExternal = isExternal;
        _bands = bands;
    }

    /// <summary>Pixels.</summary>
    public int Width { get; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; }

    internal TexelOrder Order { get; }

    /// <summary>The driver lets it be sampled as samplerExternalOES only.</summary>
    internal bool IsExternal { get; }

    internal ReadOnlySpan<Band> Bands => _bands;

    /// <summary>Deletes the textures and images.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        foreach (Band band in _bands)
        {
            _gl.DeleteTexture(band.Texture);
            band.Image?.Dispose();
        }
    }

    /// <summary>Some rows.</summary>
    /// <param name="Image">What the texture was made of; null for one that was uploaded.</param>
    internal readonly record struct Band(uint Texture, int Y, int Height, EglImage? Image);
}
