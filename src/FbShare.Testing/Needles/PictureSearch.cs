using System.Runtime.InteropServices;
using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Needles;

/// <summary>Finds a small picture anywhere in a larger one, pixel by pixel.</summary>
internal sealed class PictureSearch
{
    private readonly Picture _wanted;
    private readonly (int X, int Y) _rarest;
    private readonly uint _colour;
    private readonly int _channel;

    /// <param name="channel">By how much red, green or blue may be off.</param>
    public PictureSearch(Picture wanted, int channel)
    {
        _wanted = wanted.ConvertTo(DrmFormat.XR24);
        _channel = channel;
        ReadOnlySpan<uint> pixels = MemoryMarshal.Cast<byte, uint>(_wanted.Pixels);
        // Looked for first: a colour that is rare in the small picture is hopefully rare on the screen.
        var counts = new Dictionary<uint, (int Count, int First)>();
        for (int i = 0; i < pixels.Length; i++)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, pixels[i] | 0xFF000000, out bool known);
            entry = (entry.Count + 1, known ? entry.First : i);
        }
        (uint colour, (int _, int first)) = counts.MinBy(c => (c.Value.Count, c.Value.First));
        _colour = colour;
        _rarest = (first % wanted.Width, first / wanted.Width);
    }

    /// <summary>The first place, row by row from the top; null if there is none.</summary>
    public Rect? Find(Picture screen)
    {
        (int width, int height) = (_wanted.Width, _wanted.Height);
        if (screen.Width < width || screen.Height < height)
        {
            return null;
        }
        int columns = screen.Width - width + 1;
        byte[] row = new byte[columns * DrmFormats.BytesPerPixel];
        for (int y = 0; y <= screen.Height - height; y++)
        {
            PixelConversion.Convert(
                screen.Pixels.Slice((int)screen.Layout.OffsetOf(_rarest.X, y + _rarest.Y), row.Length), screen.Format, row, DrmFormat.XR24);
            ReadOnlySpan<uint> colours = MemoryMarshal.Cast<byte, uint>(row);
            for (int x = Next(colours, 0); x < columns; x = Next(colours, x + 1))
            {
                if (PixelComparer.Compare(screen, _wanted, _wanted.Layout.Bounds, x, y, _channel, most: 0).Count == 0)
                {
                    return new Rect(x, y, width, height);
                }
            }
        }
        return null;
    }

    /// <summary>The first column from <paramref name="from"/> on that may be the rarest pixel; the number of columns if there is none.</summary>
    private int Next(ReadOnlySpan<uint> colours, int from)
    {
        if (_channel == 0)
        {
            int found = colours[from..].IndexOf(_colour);
            return found < 0 ? colours.Length : from + found;
        }
        for (; from < colours.Length && !IsNear(colours[from]); from++)
        {
        }
        return from;
    }

    private bool IsNear(uint colour)
    {
        for (int shift = 0; shift < 24; shift += 8)
        {
            if (Math.Abs((int)((colour >> shift) & 0xFF) - (int)((_colour >> shift) & 0xFF)) > _channel)
            {
                return false;
            }
        }
        return true;
    }
}
