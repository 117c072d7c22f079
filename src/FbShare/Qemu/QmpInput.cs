using System.Text.Json;
using FbShare.Display.Server;
using FbShare.Input;
using FbShare.Linux;

namespace FbShare.Qemu;

/// <summary>A display client's keys and pointer, handed to QEMU's input devices with input-send-event (qapi/ui.json).</summary>
/// <remarks>While QEMU answers nothing, movements and presses are left out, so that they do not pile up; what was pressed before is still
/// let go.</remarks>
public sealed class QmpInput : IInputSink
{
    /// <summary>QEMU's range of an absolute axis (INPUT_EVENT_ABS_MAX).</summary>
    private const int AxisEnd = 0x7FFF;

    /// <summary>The only pointer of QEMU's that has a wheel to the sides (hw/input/ps2.c; hw/input/virtio-input-hid.c and hid.c drop it).</summary>
    private const string WheelMouse = "QEMU PS/2 Mouse";

    /// <summary>How old the answer to "which pointer does the guest use" may be, in nanoseconds.</summary>
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

    public QmpInput(QmpSession session)
    {
        _session = session;
        AskMode();
    }

    /// <summary>As QEMU last said: a guest's driver switches its tablet on when it starts, and QEMU tells nobody.</summary>
    public bool IsAbsolute
    {
        get
        {
            AskMode();
            return _isAbsolute;
        }
    }

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

    public void MoveTo(int x, int y, int width, int height) => SendUnlessFull(json =>
    {
        WriteAxis(json, "abs", "x", Scale(x, width));
        WriteAxis(json, "abs", "y", Scale(y, height));
    });

    public void MoveBy(int dx, int dy) => SendUnlessFull(json =>
    {
        WriteAxis(json, "rel", "x", dx);
        WriteAxis(json, "rel", "y", dy);
    });

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

    /// <summary>Whether a press or release is to be sent: nothing is pressed while QEMU answers nothing, and only what was pressed is then let
    /// go, so the queue cannot grow by more than what is down.</summary>
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

    /// <summary>Turns the wheel to the left or right at the pointer that has such a wheel: QEMU gives a button to the current one, so
    /// that one is current for as long as it takes. Nothing comes between, for QEMU takes a monitor's commands in order.</summary>
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

    /// <summary>The least value that a guest takes for this pixel: whether it maps the axis' end to the last pixel (X) or to the
    /// screen's edge (libinput), it comes to rest on it and not between it and the one before.</summary>
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
