using FbShare.Pictures;

namespace FbShare.Cli.Viewer.Software;

/// <summary>What of a window is out of date: a few rectangles, none over another. And which parts of it are the guest's picture as it is.</summary>
internal sealed class WindowDamage
{
    private List<Rect> _work = [];
    private List<Rect> _spare = [];

    public Region Region { get; } = new();

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
        foreach (Rect rect in Region.Rects)
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
            Pictures.Region.Subtract(whole, picture, composed);
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
                        Pictures.Region.Subtract(part, covered, _spare);
                    }
                }
                (_work, _spare) = (_spare, _work);
            }
            direct.AddRange(_work);
        }
    }
}
