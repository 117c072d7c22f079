using System.Runtime.InteropServices;

namespace FbShare.Pictures;

/// <summary>A part of a picture in any shape: a few rectangles in pixels, none over another.</summary>
/// <remarks>Grows to <see cref="Most"/> rectangles and allocates nothing after that. Not thread-safe.</remarks>
public sealed class Region
{
    /// <summary>More rectangles than this become the one around them: each costs whoever looks at it something.</summary>
    public const int Most = 16;

    private readonly List<Rect> _rects = [];
    private List<Rect> _work = [];
    private List<Rect> _spare = [];

    /// <summary>Whether nothing is in it.</summary>
    public bool IsEmpty => _rects.Count == 0;

    /// <summary>What it consists of; good until it is changed.</summary>
    public ReadOnlySpan<Rect> Rects => CollectionsMarshal.AsSpan(_rects);

    /// <summary>The smallest rectangle around it.</summary>
    public Rect Bounds
    {
        get
        {
            Rect all = default;
            foreach (Rect rect in _rects)
            {
                all = all.Union(rect);
            }
            return all;
        }
    }

    /// <summary>Makes it empty.</summary>
    public void Clear() => _rects.Clear();

    /// <summary>Adds what is not in it yet.</summary>
    public void Add(Rect part)
    {
        if (part.IsEmpty)
        {
            return;
        }
        _work.Clear();
        _work.Add(part);
        for (int i = _rects.Count - 1; i >= 0; i--)
        {
            Rect rect = _rects[i];
            if (part.Contains(rect))
            {
                _rects.RemoveAt(i);
                continue;
            }
            _spare.Clear();
            foreach (Rect piece in _work)
            {
                Subtract(piece, rect, _spare);
            }
            (_work, _spare) = (_spare, _work);
        }
        _rects.AddRange(_work);
        if (_rects.Count > Most)
        {
            Rect all = Bounds;
            _rects.Clear();
            _rects.Add(all);
        }
    }

    /// <summary>Adds another one.</summary>
    public void Add(Region other)
    {
        foreach (Rect rect in other._rects)
        {
            Add(rect);
        }
    }

    /// <summary>Leaves only what is inside of a rectangle.</summary>
    public void Crop(Rect bounds)
    {
        for (int i = _rects.Count - 1; i >= 0; i--)
        {
            Rect rect = _rects[i].Intersect(bounds);
            if (rect.IsEmpty)
            {
                _rects.RemoveAt(i);
            }
            else
            {
                _rects[i] = rect;
            }
        }
    }

    /// <summary>Adds to a list what is left of a rectangle without a part of it.</summary>
    /// <param name="whole">The rectangle.</param>
    /// <param name="part">What is taken away; may lie partly or wholly outside.</param>
    /// <param name="rest">Gets up to four rectangles, none over another.</param>
    public static void Subtract(Rect whole, Rect part, List<Rect> rest)
    {
        part = part.Intersect(whole);
        if (part.IsEmpty)
        {
            rest.Add(whole);
            return;
        }
        AddUnlessEmpty(new Rect(whole.X, whole.Y, whole.Width, part.Y - whole.Y));
        AddUnlessEmpty(new Rect(whole.X, part.Bottom, whole.Width, whole.Bottom - part.Bottom));
        AddUnlessEmpty(new Rect(whole.X, part.Y, part.X - whole.X, part.Height));
        AddUnlessEmpty(new Rect(part.Right, part.Y, whole.Right - part.Right, part.Height));

        void AddUnlessEmpty(Rect rect)
        {
            if (!rect.IsEmpty)
            {
                rest.Add(rect);
            }
        }
    }
}
