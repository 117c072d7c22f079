using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>What is drawn over the guest's picture: what changed in it, a message, the figures.</summary>
internal sealed class WindowOverlays : IDisposable
{
    private const long HudPeriod = 100_000_000;

    private readonly FrameStages _stages;
    private readonly HotKeys _keys;
    private readonly Func<(string Head, string Drawn, ShownPath Path)> _describe;
    private readonly Action _redraw;
    private readonly MessageOverlay _message = new();
    private readonly LayerImage _tint = LayerImage.Tint([0, 0, 96, 96]);
    private readonly LoopTimer _hudRest;
    private Hud? _hud;
    private bool _showsDamage;

    /// <param name="stages">For the figures; stays the caller's.</param>
    /// <param name="describe">The output in a line, what draws it, and its path, for the figures.</param>
    /// <param name="redraw">Asks for another frame.</param>
    public WindowOverlays(EventLoop loop, FrameStages stages, HotKeys keys, Func<(string Head, string Drawn, ShownPath Path)> describe, Action redraw)
    {
        _stages = stages;
        _keys = keys;
        _describe = describe;
        _redraw = redraw;
        _hudRest = new LoopTimer(loop, redraw);
    }

    /// <summary>Shows a message over the greyed picture; none for null.</summary>
    public void Say(string? message)
    {
        if (_message.Say(message))
        {
            _redraw();
        }
    }

    public void ToggleHud()
    {
        if (_hud is not null)
        {
            _hud.Dispose();
            _hud = null;
        }
        else
        {
            _hud = new Hud(_stages);
        }
        _redraw();
    }

    public void ToggleDamage()
    {
        _showsDamage = !_showsDamage;
        _redraw();
    }

    public void CountFlips(long flips, long now) => _hud?.Flips.Add(flips, now);

    /// <summary>Adds what lies over the picture.</summary>
    /// <param name="place">Where the picture lies; null: there is none.</param>
    /// <param name="damage">What changed in it.</param>
    /// <returns>Whether something must be drawn over with the next frame.</returns>
    public bool AddTo(List<Layer> layers, Placement? place, Region damage, (int Width, int Height) window, long now)
    {
        bool isPassing = _showsDamage && !damage.IsEmpty && place is not null;
        if (isPassing)
        {
            foreach (Rect part in damage.Rects)
            {
                layers.Add(new Layer(_tint, place!.Value.ToWindow(part)));
            }
        }
        _message.AddTo(layers, window);
        if (_hud is not null)
        {
            if (now - _hud.WrittenAt >= HudPeriod)
            {
                (string head, string drawn, ShownPath path) = _describe();
                _hud.Write(now, head, drawn, path, _keys);
            }
            layers.Add(_hud.Layer);
        }
        return isPassing;
    }

    /// <param name="bytes">Of the guest's picture that were copied for a frame.</param>
    public void CountCopied(long bytes, long now)
    {
        if (bytes > 0)
        {
            _hud?.Bytes.Add(bytes, now);
        }
    }

    /// <summary>A frame was presented.</summary>
    /// <param name="began">When its drawing started.</param>
    public void Presented(long began, long presented)
    {
        _hud?.Frames.Add(1, presented);
        if (_hud is not null && _hud.Flips.PerSecond(began) > 0)
        {
            // One more look when the guest has come to rest, so that the figures say so.
            _hudRest.SetAt(_hud.WrittenAt + HudPeriod);
        }
    }

    public void Dispose()
    {
        _hudRest.Dispose();
        _message.Dispose();
        _tint.Dispose();
        _hud?.Dispose();
    }
}
