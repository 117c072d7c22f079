namespace FbShare.Pictures;

/// <summary>The display protocol's names of pixel formats: pixman_format_code_t (pixman.h).</summary>
/// <remarks>A code consists of bits per pixel &lt;&lt; 24, component order &lt;&lt; 16, and how many bits alpha, red, green and blue have.
/// Pixman lists the components from the most significant bit, as DRM does.</remarks>
internal static class PixmanFormats
{
    /// <summary>The code of a format.</summary>
    public static uint ToPixman(this DrmFormat format) => format switch
    {
        DrmFormat.XR24 => 0x20020888,
        DrmFormat.AR24 => 0x20028888,
        DrmFormat.XB24 => 0x20030888,
        DrmFormat.AB24 => 0x20038888,
        DrmFormat.BX24 => 0x20080888,
        DrmFormat.BA24 => 0x20088888,
        DrmFormat.RX24 => 0x20090888,
        DrmFormat.RA24 => 0x20098888,
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    /// <summary>The format of a code; false for the many codes of other formats.</summary>
    public static bool TryFromPixman(uint code, out DrmFormat format)
    {
        foreach (DrmFormat candidate in DrmFormats.All)
        {
            if (candidate.ToPixman() == code)
            {
                format = candidate;
                return true;
            }
        }
        format = default;
        return false;
    }
}
