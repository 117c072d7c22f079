using FbShare.Pictures;
using SkiaSharp;

namespace FbShare.Cli.Viewer;

/// <summary>A message to the user over the greyed picture.</summary>
internal sealed class MessageOverlay : IDisposable
{
    private readonly LayerImage _grey = LayerImage.Tint([40, 40, 40, 176]);
    private string? _text;
    private TextCanvas? _panel;

    /// <summary>Shows another message; none for null.</summary>
    /// <returns>Whether it is another one.</returns>
    public bool Say(string? text)
    {
        if (text == _text)
        {
            return false;
        }
        _text = text;
        _panel?.Dispose();
        _panel = null;
        return true;
    }

    /// <summary>Adds the message, if there is one.</summary>
    public void AddTo(List<Layer> layers, (int Width, int Height) window)
    {
        if (_text is null)
        {
            return;
        }
        layers.Add(new Layer(_grey, new Rect(0, 0, window.Width, window.Height)));
        _panel ??= Write(_text, window.Width);
        layers.Add(new Layer(
            _panel.Image, new Rect((window.Width - _panel.Width) / 2, (window.Height - _panel.Height) / 2, _panel.Width, _panel.Height)));
    }

    public void Dispose()
    {
        _panel?.Dispose();
        _grey.Dispose();
    }

    private static TextCanvas Write(string text, int windowWidth)
    {
        const int Size = 16;
        const int Line = 26;
        const int Border = 24;
        int width = Math.Clamp(windowWidth - 40, 160, 640);
        using var measure = new TextCanvas(1, 1);
        measure.SetFont(Size);
        List<string> lines = measure.Wrap(text, width - (2 * Border));
        var canvas = new TextCanvas(width, (lines.Count * Line) + (2 * Border));
        canvas.Clear(new SKColor(20, 20, 20, 235));
        canvas.SetFont(Size);
        for (int i = 0; i < lines.Count; i++)
        {
            canvas.Write((width - canvas.MeasureWidth(lines[i])) / 2, Border + (i * Line) + Size, lines[i], new SKColor(255, 255, 255));
        }
        canvas.Image.Changed();
        return canvas;
    }
}
