namespace FbShare.Pictures;

/// <summary>A rectangle of pixels; never negative in size.</summary>
public readonly record struct Rect(int X, int Y, int Width, int Height)
{
    public bool IsEmpty => Width <= 0 || Height <= 0;

    public int Right => X + Width;

    public int Bottom => Y + Height;

    /// <summary>What both cover; empty where they do not meet.</summary>
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

    /// <summary>The same rectangle seen from another origin.</summary>
    public Rect Offset(int dx, int dy) => new(X + dx, Y + dy, Width, Height);

    public override string ToString() => $"{Width}x{Height}+{X}+{Y}";
}
