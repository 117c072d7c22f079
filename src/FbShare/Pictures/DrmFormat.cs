namespace FbShare.Pictures;

/// <summary>A packed 32-bit pixel format by its DRM fourcc (drm_fourcc.h): the eight that virtio-gpu has.</summary>
/// <remarks>DRM names list the components from the most significant bit of a little-endian word, so XR24 (XRGB8888) is the bytes
/// B, G, R, X in memory.</remarks>
public enum DrmFormat : uint
{
    /// <summary>Bytes B, G, R, X: what most guests use.</summary>
    XR24 = 'X' | ('R' << 8) | ('2' << 16) | ('4' << 24),

    /// <summary>Bytes B, G, R, A.</summary>
    AR24 = 'A' | ('R' << 8) | ('2' << 16) | ('4' << 24),

    /// <summary>Bytes X, R, G, B.</summary>
    BX24 = 'B' | ('X' << 8) | ('2' << 16) | ('4' << 24),

    /// <summary>Bytes A, R, G, B.</summary>
    BA24 = 'B' | ('A' << 8) | ('2' << 16) | ('4' << 24),

    /// <summary>Bytes R, G, B, X.</summary>
    XB24 = 'X' | ('B' << 8) | ('2' << 16) | ('4' << 24),

    /// <summary>Bytes R, G, B, A.</summary>
    AB24 = 'A' | ('B' << 8) | ('2' << 16) | ('4' << 24),

    /// <summary>Bytes X, B, G, R.</summary>
    RX24 = 'R' | ('X' << 8) | ('2' << 16) | ('4' << 24),

    /// <summary>Bytes A, B, G, R.</summary>
    RA24 = 'R' | ('A' << 8) | ('2' << 16) | ('4' << 24),
}

/// <summary>Where the components of each format are.</summary>
public static class DrmFormats
{
    /// <summary>Bytes of one pixel in each of these formats.</summary>
    public const int BytesPerPixel = 4;

    /// <summary>All eight formats.</summary>
    public static ReadOnlySpan<DrmFormat> All =>
        [DrmFormat.XR24, DrmFormat.AR24, DrmFormat.BX24, DrmFormat.BA24, DrmFormat.XB24, DrmFormat.AB24, DrmFormat.RX24, DrmFormat.RA24];

    /// <summary>Whether the format has alpha. Otherwise the fourth byte is unused and may have any value.</summary>
    public static bool HasAlpha(this DrmFormat format) =>
        format is DrmFormat.AR24 or DrmFormat.BA24 or DrmFormat.AB24 or DrmFormat.RA24;

    /// <summary>Byte offsets of red, green, blue and alpha (or X) within a pixel.</summary>
    public static (int Red, int Green, int Blue, int Alpha) ByteOrder(this DrmFormat format) => format switch
    {
        DrmFormat.XR24 or DrmFormat.AR24 => (2, 1, 0, 3),
        DrmFormat.BX24 or DrmFormat.BA24 => (1, 2, 3, 0),
        DrmFormat.XB24 or DrmFormat.AB24 => (0, 1, 2, 3),
        DrmFormat.RX24 or DrmFormat.RA24 => (3, 2, 1, 0),
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    /// <summary>Reads a fourcc name such as <c>XR24</c>.</summary>
    public static bool TryParse(string text, out DrmFormat format) =>
        Enum.TryParse(text, ignoreCase: true, out format) && Enum.IsDefined(format) && !char.IsAsciiDigit(text[0]);
}
