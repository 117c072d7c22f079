using System.Collections.Concurrent;
using System.Globalization;
using FbShare.Display.Server;
using FbShare.Input;

namespace FbShare.Tests.Display;

/// <summary>Keeps what viewers' users do, in words.</summary>
internal sealed class RecordingSink : IInputSink
{
    private readonly ConcurrentQueue<string> _events = new();

    public string[] Events => [.. _events];

    public bool IsAbsolute { get; set; } = true;

    public void Key(uint number, bool pressed) => _events.Enqueue($"key {number} {(pressed ? "down" : "up")}");

    public void Button(MouseButton button, bool pressed) => _events.Enqueue($"{button} {(pressed ? "down" : "up")}");

    public void MoveTo(int x, int y, int width, int height) => _events.Enqueue($"to {x},{y} of {width}x{height}");

    public void MoveBy(int dx, int dy) => _events.Enqueue($"by {dx},{dy}");

    public void Touch(TouchKind kind, int slot, double x, double y, int width, int height) =>
        _events.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{kind} {slot} {x},{y} of {width}x{height}"));
}
