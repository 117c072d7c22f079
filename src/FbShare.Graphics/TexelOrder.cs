using FbShare.Pictures;

namespace FbShare.Graphics;

/// <summary>How a shader gets red, green, blue and alpha out of a texel: color = Matrix * texel + Bias.</summary>
/// <remarks>Only ones and zeros, so the result is exact. Done in the shader because OpenGL ES 2 has no texture swizzles.</remarks>
internal readonly struct TexelOrder
{
    private TexelOrder(float[] matrix, bool opaque)
    {
        Matrix = matrix;
        IsOpaque = opaque;
    }

    /// <summary>4x4, column by column: column i says where texel component i goes.</summary>
    public float[] Matrix { get; }

    /// <summary>Alpha is 1 whatever the texel says.</summary>
    public bool IsOpaque { get; }

    /// <summary>The texel's components are the colour's, but for alpha.</summary>
    public bool IsIdentity => Matrix[0] == 1 && Matrix[5] == 1 && Matrix[10] == 1;

    /// <summary>The texel's components are the colour's: the driver knows the format.</summary>
    public static TexelOrder Known(DrmFormat format) => Of(format, format.ByteOrder());

    /// <summary>The pixels' bytes were given to OpenGL as R, G, B, A, or as B, G, R, A, whatever they are.</summary>
    public static TexelOrder Uploaded(DrmFormat format, bool asBgra) => Of(format, asBgra ? (2, 1, 0, 3) : (0, 1, 2, 3));

    /// <summary>The driver was told <paramref name="told"/>, which it knows, and the pixels are <paramref name="format"/>.</summary>
    public static TexelOrder ToldAs(DrmFormat told, DrmFormat format) => Of(format, told.ByteOrder());

    /// <param name="texel">Which byte of the pixel each texel component is.</param>
    private static TexelOrder Of(DrmFormat format, (int Red, int Green, int Blue, int Alpha) texel)
    {
        var order = format.ByteOrder();
        ReadOnlySpan<int> bytes = [texel.Red, texel.Green, texel.Blue, texel.Alpha];
        float[] matrix = new float[16];
        matrix[(bytes.IndexOf(order.Red) * 4) + 0] = 1;
        matrix[(bytes.IndexOf(order.Green) * 4) + 1] = 1;
        matrix[(bytes.IndexOf(order.Blue) * 4) + 2] = 1;
        if (format.HasAlpha())
        {
            matrix[(bytes.IndexOf(order.Alpha) * 4) + 3] = 1;
        }
        return new TexelOrder(matrix, !format.HasAlpha());
    }
}
