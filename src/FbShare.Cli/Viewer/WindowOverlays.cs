using FbShare.Graphics;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>What is drawn over the guest's picture: what changed in it, a message, the figures.</summary>
internal sealed class WindowOverlays : IDisposable
{
    private const long HudPeriod = 100_000_000;

    private readonly ViewerGraphics _graphics;
    private readonly FrameStages _stages;
    private readonly HotKeys _keys;
    private readonly Func<(string Head, ShownPath Path)> _describe;
    private readonly Action _redraw;
    private readonly MessageOverlay _message;
    private readonly LoopTimer _hudRest;
    private Hud? _hud;
    private UploadTexture? _tint;
    private bool _showsDamage;

    /// <param name="stages">For the figures; stays the caller's.</param>
    /// <param name="describe">The output in a line, and its path, for the figures.</param>
    /// <param name="redraw">Asks for another frame.</param>
    public WindowOverlays(EventLoop loop, ViewerGraphics graphics, FrameStages stages, HotKeys keys, Func<(string Head, ShownPath Path)> describe, Action redraw)
    {
        _graphics = graphics;
        _stages = stages;
        _keys = keys;
        _describe = describe;
        _redraw = redraw;
        _message = new MessageOverlay(graphics);
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
            _hud = new Hud(_graphics, _stages);
        }
        _redraw();
    }

    public void ToggleDamage()
    {
        _showsDamage = !_showsDamage;
        _redraw();
    }

    public void CountFlips(long flips, long now) => _hud?.Flips.Add(flips, now);

    /// <param name="damage">What changed in the picture.</param>
    /// <param name="copied">Bytes that were copied for it.</param>
    /// <returns>Whether something must be drawn over with the next frame.</returns>
    public bool Draw(Placement placement, Rect damage, long copied, (int Width, int Height) window, long now)
    {
        bool isPassing = _showsDamage && !damage.IsEmpty;
        if (isPassing)
        {
            _tint ??= _graphics.CreateTint([0, 0, 96, 96]);
            _graphics.Blend(_tint.Picture, placement.ToWindow(damage), window);
        }
        _message.Draw(window);
        if (_hud is not null)
        {
            if (copied > 0)
            {
                _hud.Bytes.Add(copied, now);
            }
            if (now - _hud.WrittenAt >= HudPeriod)
            {
                (string head, ShownPath path) = _describe();
                _hud.Write(now, head, path, _keys);
            }
            _hud.Draw(window);
        }
        return isPassing;
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
        _tint?.Dispose();
        _hud?.Dispose();
    }
}
