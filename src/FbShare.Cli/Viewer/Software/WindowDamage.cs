using FbShare.Pictures;

namespace FbShare.Cli.Viewer.Software;

/// <summary>What of a window is out of date: a few rectangles, none over another. And which parts of it are the guest's picture as it is.</summary>
internal sealed class WindowDamage
{
    /// <summary>More rectangles than this become one: each costs a request.</summary>
    private const int Most = 16;

    private readonly List<Rect> _rects = [];
    private List<Rect> _work = [];
    private List<Rect> _spare = [];

    public bool IsEmpty => _rects.Count == 0;

    public void Clear() => _rects.Clear();

    /// <summary>Adds a part. What it touches becomes one rectangle with it.</summary>
    public void Add(Rect part)
    {
        if (part.IsEmpty)
        {
            return;
        }
        for (int i = 0; i < _rects.Count; i++)
        {
            if (!_rects[i].Intersect(part).IsEmpty)
            {
                part = part.Union(_rects[i]);
                _rects.RemoveAt(i);
                // What was passed before may touch the larger one.
                i = -1;
            }
        }
        _rects.Add(part);
        if (_rects.Count > Most)
        {
            Rect all = default;
            foreach (Rect rect in _rects)
            {
                all = all.Union(rect);
            }
            _rects.Clear();
            _rects.Add(all);
        }
    }

    /// <summary>Divides what is out of date into what the picture is as it is, and what has to be composed.</summary>
    /// <param name="window">The window's size.</param>
    /// <param name="plain">Where the picture lies, if it is neither scaled nor converted; otherwise empty.</param>
    /// <param name="layers">What lies over it.</param>
    /// <param name="direct">Filled with parts of the picture that nothing lies over.</param>
    /// <param name="composed">Filled with the other parts.</param>
    public void Divide((int Width, int Height) window, Rect plain, List<Layer> layers, List<Rect> direct, List<Rect> composed)
    {
        var bounds = new Rect(0, 0, window.Width, window.Height);
        direct.Clear();
        composed.Clear();
        foreach (Rect rect in _rects)
        {
            Rect whole = rect.Intersect(bounds);
            Rect picture = whole.Intersect(plain);
            if (picture.IsEmpty)
            {
                if (!whole.IsEmpty)
                {
                    composed.Add(whole);
                }
                continue;
            }
            Subtract(whole, picture, composed);
            _work.Clear();
            _work.Add(picture);
            foreach (Layer layer in layers)
            {
                _spare.Clear();
                foreach (Rect part in _work)
                {
                    Rect covered = part.Intersect(layer.Target);
                    if (covered.IsEmpty)
                    {
                        _spare.Add(part);
                    }
                    else
                    {
                        composed.Add(covered);
                        Subtract(part, covered, _spare);
                    }
                }
                (_work, _spare) = (_spare, _work);
            }
            direct.AddRange(_work);
        }
    }

    /// <summary>Adds what is left of a rectangle without a part of it.</summary>
    private static void Subtract(Rect whole, Rect part, List<Rect> rest)
    {
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
