using FbShare.Pictures;
using SkiaSharp;

namespace FbShare.Cli.Viewer;

/// <summary>A line of the menu.</summary>
/// <param name="Text">What it does.</param>
/// <param name="Keys">The hot key that does the same; empty for none.</param>
internal sealed record MenuItem(string Text, string Keys, Action Choose);

/// <summary>The menu over the picture: columns of items, chosen by the pointer or by the arrow keys and Enter.</summary>
/// <param name="columns">None of them is empty.</param>
/// <param name="redraw">Asks for another frame.</param>
internal sealed class WindowMenu(MenuItem[][] columns, Action redraw) : IDisposable
{
    private const int Margin = 16;
    private const int HeadHeight = 34;
    private const int LineHeight = 26;
    private const int KeysSpace = 24;
    private const int TextSize = 14;

    private static readonly SKColor Ground = new(24, 24, 28, 240);
    private static readonly SKColor Chosen = new(52, 101, 164);
    private static readonly SKColor Plain = new(240, 240, 240);
    private static readonly SKColor Faint = new(166, 166, 166);

    private TextCanvas? _canvas;
    private int[] _widths = [];
    private (int Column, int Row) _selected;
    private Rect _target;

    /// <summary>Whether it is to be seen, and takes keys and pointer.</summary>
    public bool IsOpen => _canvas is not null;

    /// <summary>Opens or closes it.</summary>
    public void Toggle()
    {
        if (IsOpen)
        {
            Close();
            return;
        }
        _selected = (0, 0);
        Open();
        redraw();
    }

    /// <summary>A key goes down while it is open.</summary>
    public void OnKey(int scancode)
    {
        (int column, int row) = _selected;
        switch (scancode)
        {
            case Sdl.SDL_SCANCODE_ESCAPE:
                Close();
                break;
            case Sdl.SDL_SCANCODE_RETURN or Sdl.SDL_SCANCODE_KP_ENTER:
                Choose();
                break;
            case Sdl.SDL_SCANCODE_UP:
                Select((column, (row + columns[column].Length - 1) % columns[column].Length));
                break;
            case Sdl.SDL_SCANCODE_DOWN:
                Select((column, (row + 1) % columns[column].Length));
                break;
            case Sdl.SDL_SCANCODE_LEFT or Sdl.SDL_SCANCODE_RIGHT:
                column = (column + (scancode == Sdl.SDL_SCANCODE_LEFT ? columns.Length - 1 : 1)) % columns.Length;
                Select((column, Math.Min(row, columns[column].Length - 1)));
                break;
        }
    }

    /// <summary>The pointer moves while it is open; in the window's pixels.</summary>
    public void OnMotion(int x, int y)
    {
        if (Find(x, y) is { } item)
        {
            Select(item);
        }
    }

    /// <summary>A button goes down while it is open: on an item it chooses it, outside of all it closes the menu.</summary>
    public void OnButton(int x, int y)
    {
        if (Find(x, y) is { } item)
        {
            _selected = item;
            Choose();
        }
        else if (!_target.Contains(new Rect(x, y, 1, 1)))
        {
            Close();
        }
    }

    /// <summary>Adds it in the middle of the window, smaller where that is smaller.</summary>
    public void AddTo(List<Layer> layers, (int Width, int Height) window)
    {
        if (_canvas is null)
        {
            return;
        }
        double scale = Math.Min(1, Math.Min((double)window.Width / _canvas.Width, (double)window.Height / _canvas.Height));
        (int width, int height) = (Math.Max(1, (int)(_canvas.Width * scale)), Math.Max(1, (int)(_canvas.Height * scale)));
        _target = new Rect((window.Width - width) / 2, (window.Height - height) / 2, width, height);
        layers.Add(new Layer(_canvas.Image, _target));
    }

    public void Dispose() => _canvas?.Dispose();

    private void Open()
    {
        using (var measure = new TextCanvas(1, 1))
        {
            measure.SetFont(TextSize);
            _widths = [.. columns.Select(column =>
            {
                int text = (int)Math.Ceiling(column.Max(item => measure.MeasureWidth(item.Text)));
                int keys = (int)Math.Ceiling(column.Max(item => measure.MeasureWidth(item.Keys)));
                return text + (keys > 0 ? KeysSpace + keys : 0) + (2 * Margin);
            })];
        }
        _canvas = new TextCanvas(_widths.Sum() + (2 * Margin), HeadHeight + (columns.Max(c => c.Length) * LineHeight) + Margin);
        Draw();
    }

    private void Close()
    {
        _canvas?.Dispose();
        _canvas = null;
        redraw();
    }

    private void Choose()
    {
        MenuItem item = columns[_selected.Column][_selected.Row];
        Close();
        item.Choose();
    }

    private void Select((int Column, int Row) item)
    {
        if (item != _selected)
        {
            _selected = item;
            Draw();
            redraw();
        }
    }

    private void Draw()
    {
        TextCanvas canvas = _canvas!;
        canvas.Clear(Ground);
        canvas.SetFont(12);
        canvas.Write(2 * Margin, 22, "arrow keys and Enter, or a click; Esc closes", Faint);
        canvas.SetFont(TextSize);
        int left = Margin;
        for (int column = 0; column < columns.Length; column++)
        {
            for (int row = 0; row < columns[column].Length; row++)
            {
                MenuItem item = columns[column][row];
                int top = HeadHeight + (row * LineHeight);
                if (_selected == (column, row))
                {
                    canvas.Fill(left, top, _widths[column], LineHeight, Chosen);
                }
                canvas.Write(left + Margin, top + 18, item.Text, Plain);
                canvas.Write(left + _widths[column] - Margin - canvas.MeasureWidth(item.Keys), top + 18, item.Keys, Faint);
            }
            left += _widths[column];
        }
        canvas.Image.Changed();
    }

    /// <summary>The item at a place in the window.</summary>
    private (int Column, int Row)? Find(int x, int y)
    {
        if (_canvas is null || !_target.Contains(new Rect(x, y, 1, 1)))
        {
            return null;
        }
        int left = Margin;
        int across = (x - _target.X) * _canvas.Width / _target.Width;
        int down = ((y - _target.Y) * _canvas.Height / _target.Height) - HeadHeight;
        for (int column = 0; column < columns.Length; left += _widths[column], column++)
        {
            if (across >= left && across < left + _widths[column])
            {
                return down >= 0 && down / LineHeight < columns[column].Length ? (column, down / LineHeight) : null;
            }
        }
        return null;
    }
}
