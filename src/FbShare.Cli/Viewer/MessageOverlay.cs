using FbShare.Graphics;
using FbShare.Pictures;
using SkiaSharp;

namespace FbShare.Cli.Viewer;

/// <summary>A message to the user over the greyed picture.</summary>
internal sealed class MessageOverlay(ViewerGraphics graphics) : IDisposable
{
    private string? _text;
    private Overlay? _panel;
    private UploadTexture? _grey;

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

    public void Draw((int Width, int Height) window)
    {
        if (_text is null)
        {
            return;
        }
        _grey ??= graphics.CreateTint([40, 40, 40, 176]);
        graphics.Blend(_grey.Picture, new Rect(0, 0, window.Width, window.Height), window);
        _panel ??= Write(_text, window.Width);
        _panel.Draw((window.Width - _panel.Canvas.Width) / 2, (window.Height - _panel.Canvas.Height) / 2, window);
    }

    public void Dispose()
    {
        _panel?.Dispose();
        _grey?.Dispose();
    }

    private Overlay Write(string text, int windowWidth)
    {
        const int Size = 16;
        const int Line = 26;
        const int Border = 24;
        int width = Math.Clamp(windowWidth - 40, 160, 640);
        using var measure = new TextCanvas(1, 1);
        measure.SetFont(Size);
        List<string> lines = measure.Wrap(text, width - (2 * Border));
        var panel = new Overlay(graphics, width, (lines.Count * Line) + (2 * Border));
        TextCanvas canvas = panel.Canvas;
        canvas.Clear(new SKColor(20, 20, 20, 235));
        canvas.SetFont(Size);
        for (int i = 0; i < lines.Count; i++)
        {
            canvas.Write((width - canvas.MeasureWidth(lines[i])) / 2, Border + (i * Line) + Size, lines[i], new SKColor(255, 255, 255));
        }
        panel.Update();
        return panel;
    }
}
