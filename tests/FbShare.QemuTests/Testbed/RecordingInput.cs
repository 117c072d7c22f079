using System.Collections.Concurrent;
using FbShare.Display.Server;

namespace FbShare.QemuTests.Testbed;

/// <summary>Keeps what viewers' users do, in words.</summary>
internal sealed class RecordingInput : IInputSink
{
    private readonly ConcurrentQueue<string> _events = new();

    public bool IsAbsolute => true;

    public string[] Events => [.. _events];

    public void Key(uint number, bool pressed) => _events.Enqueue($"key {number} {pressed}");

    public void Button(MouseButton button, bool pressed) => _events.Enqueue($"button {button} {pressed}");

    public void MoveTo(int x, int y, int width, int height) => _events.Enqueue($"move to {x},{y} of {width}x{height}");

    public void MoveBy(int dx, int dy) => _events.Enqueue($"move by {dx},{dy}");

    public void Touch(TouchKind kind, int slot, double x, double y, int width, int height) => _events.Enqueue($"touch {kind} {slot} {x:0},{y:0} of {width}x{height}");
}
