using System.Buffers.Binary;
using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Needles;

/// <summary>A picture for people that shows how a screen differs from a needle.</summary>
/// <remarks>The screen in dark grey; pixels that differ in red; what does not count in blue; around each area a line that is green if it
/// matches and orange if not, at the place where it is most alike, and a yellow one where it was expected, if that is another place.</remarks>
internal static class DifferencePicture
{
    /// <summary>By how much a component must differ to be marked where only similarity counts: less is hardly seen.</summary>
    public const int VisibleChannel = 16;

    private const uint Different = 0xFFFF2020;
    private const uint Matching = 0xFF20C020;
    private const uint Failing = 0xFFFFA020;
    private const uint ExpectedPlace = 0xFFFFFF40;

    /// <param name="masks">What of the needle does not count.</param>
    /// <param name="channel">By how much red, green or blue may be off without being marked.</param>
    public static Picture Make(Picture screen, Picture expected, IReadOnlyList<Rect> masks, NeedleResult result, int channel)
    {
        Rect bounds = screen.Layout.Bounds;
        var canvas = new Canvas(screen);
        foreach (Rect mask in masks)
        {
            canvas.Tint(mask.Intersect(bounds));
        }
        // Where sizes differ there are no results: what both have is compared all the same.
        IEnumerable<(Rect Area, Rect Place)> compared = result.Areas.Count > 0
            ? result.Areas.Select(a => (a.Area.Bounds, a.Place.IsEmpty ? a.Area.Bounds : a.Place))
            : [(expected.Layout.Bounds, expected.Layout.Bounds)];
        foreach ((Rect area, Rect place) in compared)
        {
            (int dx, int dy) = (place.X - area.X, place.Y - area.Y);
            Rect part = area.Intersect(expected.Layout.Bounds).Offset(dx, dy).Intersect(bounds).Offset(-dx, -dy);
            foreach (Rect seen in new Screens.ScreenRegion(part, masks).Within(expected.Layout.Bounds))
            {
                PixelComparer.Compare(screen, expected, seen, dx, dy, channel, long.MaxValue, (x, y) => canvas.Set(x + dx, y + dy, Different));
            }
        }
        foreach (AreaResult area in result.Areas)
        {
            if (area.Place != area.Area.Bounds)
            {
                canvas.Frame(area.Area.Bounds, ExpectedPlace);
            }
            canvas.Frame(area.Place, area.IsMatch ? Matching : Failing);
        }
        return canvas.Picture;
    }

    private sealed class Canvas
    {
        private readonly byte[] _pixels;

        public Canvas(Picture screen)
        {
            _pixels = screen.ConvertTo(DrmFormat.XR24).Pixels.ToArray();
            for (int at = 0; at < _pixels.Length; at += DrmFormats.BytesPerPixel)
            {
                // From a tenth to half as bright, so that marks stand out and black still shows what was there.
                int gray = ((_pixels[at] + (5 * _pixels[at + 1]) + (2 * _pixels[at + 2])) / 16) + 12;
                _pixels[at] = _pixels[at + 1] = _pixels[at + 2] = (byte)gray;
            }
            Picture = new Picture(DrmFormat.XR24, screen.Width, screen.Height, _pixels);
        }

        public Picture Picture { get; }

        /// <param name="pixel">Inside the picture.</param>
        public void Set(int x, int y, uint pixel) =>
            BinaryPrimitives.WriteUInt32LittleEndian(_pixels.AsSpan((int)Picture.Layout.OffsetOf(x, y)), pixel);

        public void Tint(Rect area)
        {
            for (int y = area.Y; y < area.Bottom; y++)
            {
                for (int x = area.X; x < area.Right; x++)
                {
                    _pixels[(int)Picture.Layout.OffsetOf(x, y)] |= 0x80;
                }
            }
        }

        /// <summary>A line around an area, just outside of it, as far as the picture goes.</summary>
        public void Frame(Rect area, uint pixel)
        {
            if (area.IsEmpty)
            {
                return;
            }
            var around = new Rect(area.X - 1, area.Y - 1, area.Width + 2, area.Height + 2);
            Rect seen = around.Intersect(Picture.Layout.Bounds);
            for (int x = seen.X; x < seen.Right; x++)
            {
                Set(x, seen.Y, pixel);
                Set(x, seen.Bottom - 1, pixel);
            }
            for (int y = seen.Y; y < seen.Bottom; y++)
            {
                Set(seen.X, y, pixel);
                Set(seen.Right - 1, y, pixel);
            }
        }
    }
}
