using FbShare.Capture;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Graphics;

/// <summary>Whether a driver's imports of dma-bufs can be trusted: tried with a known picture, whatever the driver says.</summary>
/// <remarks>Some drivers list the extension and refuse every import; others show something else.</remarks>
/// <param name="Verdict">The result.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record ImportProbe(ImportVerdict Verdict, string Reason)
{
    private const int Width = 67;
    private const int Height = 41;
    private const int Stride = 512;
    private const int Pages = 6;

    /// <summary>Whether to import guests' pictures.</summary>
    public bool IsTrusted => Verdict != ImportVerdict.Refused;

    /// <summary>Imports a picture in pages out of order, draws it, reads it back and compares; then changes it under the
    /// driver and does so again.</summary>
    /// <param name="gl">The context, which is current.</param>
    /// <param name="importer">Tried.</param>
    /// <param name="renderer">Draws what was imported.</param>
    /// <param name="openUdmaBuf">How to open the device; the real one if not given. Without udmabuf nothing can be tried, and
    /// the driver is believed.</param>
    public static ImportProbe Run(ContextGL gl, DmaBufImporter importer, PictureRenderer renderer, Func<UdmaBufDevice>? openUdmaBuf = null)
    {
        int page = Environment.SystemPageSize;
        try
        {
            using UdmaBufDevice device = openUdmaBuf is null ? UdmaBufDevice.Open() : openUdmaBuf();
            using FileDescriptor memfd = MemFd.Create("fbshare-probe", Pages * page);
            using MemoryMapping pixels = MemoryMapping.Map(memfd, 0, Pages * page, writable: true);
            // The last page first, then the rest: a driver that ignores the order shows something else.
            FileDescriptor dmaBuf = device.Create([new(memfd, (Pages - 1) * page, page), new(memfd, 0, (Pages - 1) * page)]);
            using var frame = new DmaBufFrame(DrmFormat.XR24, Width, Height, [new DmaBufBand(dmaBuf, 0, Height, Stride, 0, Pages * page)]);
            using var target = new OffscreenTarget(gl, Width, Height);
            using PictureTexture picture = importer.Import(frame);
            for (int round = 1; round <= 2; round++)
            {
                Picture expected = Write(pixels, page, round);
                target.Bind();
                renderer.Draw(picture, new Rect(0, 0, Width, Height), (Width, Height), isWindow: false, smooth: false);
                PictureComparison comparison = PictureComparison.Compare(expected, target.Read());
                if (!comparison.AreEqual)
                {
                    return new ImportProbe(ImportVerdict.Refused, $"{gl.Renderer} shows an imported picture wrong: {comparison}");
                }
            }
            return new ImportProbe(ImportVerdict.Proven, $"{gl.Renderer} can import dma-bufs: it showed a known picture and its change, pixel by pixel");
        }
        catch (UdmaBufException e)
        {
            return new ImportProbe(ImportVerdict.Unproven, $"{gl.Renderer} says that it can import dma-bufs, and there is no way to try it: {e.Reason}");
        }
        catch (Exception e) when (e is GraphicsException or LinuxException)
        {
            return new ImportProbe(ImportVerdict.Refused, e.Message);
        }
    }

    /// <summary>Writes another picture each round, as the udmabuf's order of pages has it.</summary>
    private static Picture Write(MemoryMapping pixels, int page, int round)
    {
        var layout = FrameLayout.Packed(DrmFormat.XR24, Width, Height);
        byte[] expected = new byte[layout.End];
        for (int i = 0; i < expected.Length; i++)
        {
            int place = (i / layout.RowBytes * Stride) + (i % layout.RowBytes);
            byte value = (byte)((i * 7) + (i / 256 * 13) + (round * 101));
            expected[i] = value;
            int file = place < page ? ((Pages - 1) * page) + place : place - page;
            pixels.Slice(file, 1)[0] = value;
        }
        return new Picture(DrmFormat.XR24, Width, Height, expected);
    }
}

/// <summary>Whether a driver's imports can be trusted.</summary>
public enum ImportVerdict
{
    /// <summary>The driver refused, or showed something else.</summary>
    Refused,

    /// <summary>There was no udmabuf to try it with: the driver is believed, and pictures that it refuses later are copied.</summary>
    Unproven,

    /// <summary>It showed a known picture and its change.</summary>
    Proven,
}
