namespace FbShare.Pictures;

/// <summary>A rectangle of pixels. Its arithmetic never overflows, whatever numbers it is made of: parts farther out than
/// <see cref="Limit"/> are cut off, and a negative size counts as zero.</summary>
public readonly record struct Rect
{
    /// <summary>The largest coordinate; the smallest is its negative. The distance between the two is still an int, and no picture comes near
    /// them.</summary>
    public const int Limit = (1 << 30) - 1;

    /// <summary>A rectangle; an empty one if the width or height is not positive.</summary>
    public Rect(int x, int y, int width, int height)
    {
        (X, Width) = Cut(x, Math.Max(width, 0));
        (Y, Height) = Cut(y, Math.Max(height, 0));
    }

    /// <summary>The first column.</summary>
    public int X { get; }

    /// <summary>The first row.</summary>
    public int Y { get; }

    /// <summary>Columns; never negative.</summary>
    public int Width { get; }

    /// <summary>Rows; never negative.</summary>
    public int Height { get; }

    /// <summary>Whether there is no pixel in it.</summary>
    public bool IsEmpty => Width == 0 || Height == 0;

    /// <summary>The column after the last.</summary>
    public int Right => X + Width;

    /// <summary>The row after the last.</summary>
    public int Bottom => Y + Height;

    /// <summary>The area that both cover; empty if there is none.</summary>
    public Rect Intersect(Rect other)
    {
        int x = Math.Max(X, other.X);
        int y = Math.Max(Y, other.Y);
        int width = Math.Min(Right, other.Right) - x;
        int height = Math.Min(Bottom, other.Bottom) - y;
        return width > 0 && height > 0 ? new Rect(x, y, width, height) : default;
    }

    /// <summary>The smallest rectangle that covers both.</summary>
    public Rect Union(Rect other)
    {
        if (IsEmpty)
        {
            return other;
        }
        if (other.IsEmpty)
        {
            return this;
        }
        int x = Math.Min(X, other.X);
        int y = Math.Min(Y, other.Y);
        return new Rect(x, y, Math.Max(Right, other.Right) - x, Math.Max(Bottom, other.Bottom) - y);
    }

    /// <summary>Whether <paramref name="part"/> is not empty and lies entirely inside this rectangle.</summary>
    public bool Contains(Rect part) => !part.IsEmpty && part.X >= X && part.Y >= Y && part.Right <= Right && part.Bottom <= Bottom;

    /// <summary>The rectangle moved by these distances.</summary>
    public Rect Offset(int dx, int dy)
    {
        (int x, int width) = Cut((long)X + dx, Width);
        (int y, int height) = Cut((long)Y + dy, Height);
        return new Rect(x, y, width, height);
    }

    /// <summary>As X11 writes geometries: <c>640x480+10+20</c>.</summary>
    public override string ToString() => $"{Width}x{Height}+{X}+{Y}";

    private static (int Start, int Length) Cut(long start, long length)
    {
        int first = (int)Math.Clamp(start, -Limit, Limit);
        return (first, (int)Math.Clamp(start + length, -Limit, Limit) - first);
    }
}
