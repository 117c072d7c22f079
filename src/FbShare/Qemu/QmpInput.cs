using System.Text.Json;
using FbShare.Input;
using FbShare.Linux;

namespace FbShare.Qemu;

/// <summary>Passes a display client's keyboard and pointer input to QEMU's input devices with input-send-event (qapi/ui.json).</summary>
/// <remarks>While QEMU does not answer, movements and presses are dropped, so that they do not pile up. Releases of what was pressed before
/// are still sent.</remarks>
public sealed class QmpInput : IInputSink
{
    /// <summary>QEMU's range of an absolute axis (INPUT_EVENT_ABS_MAX).</summary>
    private const int AxisEnd = 0x7FFF;

    /// <summary>The only pointer device of QEMU's with a horizontal wheel (hw/input/ps2.c; hw/input/virtio-input-hid.c and hid.c ignore it).</summary>
    private const string WheelMouse = "QEMU PS/2 Mouse";

    /// <summary>For how many nanoseconds QEMU's answer about the pointer that the guest uses is taken to be current.</summary>
    private const long ModeAge = 1_000_000_000;

    private readonly QmpSession _session;
    private long _askedAt = long.MinValue / 2;
    private readonly HashSet<uint> _keysDown = [];
    private readonly HashSet<MouseButton> _buttonsDown = [];
    private readonly HashSet<int> _fingersDown = [];
    private bool _asking;
    private bool _isAbsolute = true;
    private int? _current;
    private int? _wheel;

    /// <summary>Sends input over a monitor, which stays the caller's.</summary>
    public QmpInput(QmpSession session)
    {
        _session = session;
        AskMode();
    }

    /// <summary>According to QEMU's last answer. It is asked again now and then, because the guest's driver switches its tablet on when it starts,
    /// and QEMU does not report that.</summary>
    public bool IsAbsolute
    {
        get
        {
            AskMode();
            return _isAbsolute;
        }
    }

    /// <inheritdoc/>
    public void Key(uint number, bool pressed)
    {
        if (MaySend(_keysDown, number, pressed))
        {
            Send(json =>
            {
                Begin(json, "key");
                json.WriteBoolean("down", pressed);
                json.WriteStartObject("key");
                json.WriteString("type", "number");
                json.WriteNumber("data", number);
                json.WriteEndObject();
                End(json);
            });
        }
    }

    /// <inheritdoc/>
    public void Button(MouseButton button, bool pressed)
    {
        if (button is MouseButton.WheelLeft or MouseButton.WheelRight)
        {
            if (pressed)
            {
                TurnSideways(button);
            }
            return;
        }
        if (MaySend(_buttonsDown, button, pressed))
        {
            Press(button, pressed);
        }
    }

    /// <inheritdoc/>
    public void MoveTo(int x, int y, int width, int height) => SendUnlessFull(json =>
    {
        WriteAxis(json, "abs", "x", Scale(x, width));
        WriteAxis(json, "abs", "y", Scale(y, height));
    });

    /// <inheritdoc/>
    public void MoveBy(int dx, int dy) => SendUnlessFull(json =>
    {
        WriteAxis(json, "rel", "x", dx);
        WriteAxis(json, "rel", "y", dy);
    });

    /// <inheritdoc/>
    public void Touch(TouchKind kind, int slot, double x, double y, int width, int height)
    {
        bool isDown = kind is TouchKind.Begin or TouchKind.Update;
        if (!MaySend(_fingersDown, slot, isDown))
        {
            return;
        }
        Send(json =>
        {
            WriteTouch(json, NameOf(kind), slot, isDown ? slot : -1, "x", 0);
            if (isDown)
            {
                WriteTouch(json, "data", slot, slot, "x", Scale((int)x, width));
                WriteTouch(json, "data", slot, slot, "y", Scale((int)y, height));
            }
        });
    }

    /// <summary>Whether to send a press or release. While QEMU does not answer, presses are dropped and only what is down can be released, so
    /// the queue cannot grow by more than that.</summary>
    private bool MaySend<T>(HashSet<T> down, T what, bool pressed)
    {
        if (!pressed)
        {
            return down.Remove(what) || !_session.IsFull;
        }
        if (_session.IsFull)
        {
            return false;
        }
        down.Add(what);
        return true;
    }

    private void Press(MouseButton button, bool pressed) => Send(json =>
    {
        Begin(json, "btn");
        json.WriteBoolean("down", pressed);
        json.WriteString("button", NameOf(button));
        End(json);
    });

    /// <summary>Turns the horizontal wheel. QEMU sends a button to the current pointer device, so the device that has such a wheel is made
    /// current for that moment. Nothing can come in between, because QEMU handles a monitor's commands in order.</summary>
    private void TurnSideways(MouseButton button)
    {
        if (_session.IsFull)
        {
            return;
        }
        bool isOther = _wheel is not null && _current is not null && _wheel != _current;
        if (isOther)
        {
            MakeCurrent(_wheel!.Value);
        }
        Press(button, pressed: true);
        if (isOther)
        {
            MakeCurrent(_current!.Value);
        }
    }

    private void MakeCurrent(int mouse) =>
        _session.Send("human-monitor-command", json => json.WriteString("command-line", $"mouse_set {mouse}"));

    private void AskMode()
    {
        if (_asking || EventLoop.Now - _askedAt < ModeAge)
        {
            return;
        }
        _asking = true;
        _askedAt = EventLoop.Now;
        _session.Send("query-mice", null, reply =>
        {
            _asking = false;
            if (reply.Error is null)
            {
                TakeMice(reply.Value);
            }
        });
    }

    private void TakeMice(JsonElement mice)
    {
        (_isAbsolute, _current, _wheel) = (false, null, null);
        foreach (JsonElement mouse in mice.EnumerateArray())
        {
            int index = mouse.GetProperty("index").GetInt32();
            if (mouse.GetProperty("current").GetBoolean())
            {
                _current = index;
                _isAbsolute = mouse.GetProperty("absolute").GetBoolean();
            }
            _wheel = mouse.GetProperty("name").GetString() == WheelMouse ? index : _wheel;
        }
    }

    private void SendUnlessFull(Action<Utf8JsonWriter> writeEvents)
    {
        if (!_session.IsFull)
        {
            Send(writeEvents);
        }
    }

    private void Send(Action<Utf8JsonWriter> writeEvents) => _session.Send("input-send-event", json =>
    {
        json.WriteStartArray("events");
        writeEvents(json);
        json.WriteEndArray();
    });

    private static void WriteAxis(Utf8JsonWriter json, string type, string axis, int value)
    {
        Begin(json, type);
        json.WriteString("axis", axis);
        json.WriteNumber("value", value);
        End(json);
    }

    private static void WriteTouch(Utf8JsonWriter json, string type, int slot, int tracking, string axis, int value)
    {
        Begin(json, "mtt");
        json.WriteString("type", type);
        json.WriteNumber("slot", slot);
        json.WriteNumber("tracking-id", tracking);
        json.WriteString("axis", axis);
        json.WriteNumber("value", value);
        End(json);
    }

    private static void Begin(Utf8JsonWriter json, string type)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteStartObject("data");
    }

    private static void End(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The smallest value that means this pixel in every guest: those that map the end of the axis to the last pixel (X), and those
    /// that map it to the edge of the screen (libinput).</summary>
    private static int Scale(int position, int size) =>
        size > 1 ? (int)((((long)Math.Clamp(position, 0, size - 1) * AxisEnd) + size - 2) / (size - 1)) : 0;

    private static string NameOf(TouchKind kind) => kind switch
    {
        TouchKind.Begin => "begin",
        TouchKind.Update => "update",
        TouchKind.End => "end",
        _ => "cancel",
    };

    private static string NameOf(MouseButton button) => button switch
    {
        MouseButton.Left => "left",
        MouseButton.Middle => "middle",
        MouseButton.Right => "right",
        MouseButton.WheelUp => "wheel-up",
        MouseButton.WheelDown => "wheel-down",
        MouseButton.Side => "side",
        MouseButton.Extra => "extra",
        MouseButton.WheelLeft => "wheel-left",
        _ => "wheel-right",
    };
}
