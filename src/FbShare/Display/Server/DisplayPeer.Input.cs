using FbShare.Display.DBus;
using FbShare.Input;

namespace FbShare.Display.Server;

/// <content>Keys, pointers and fingers on their way to the guest.</content>
internal sealed partial class DisplayPeer
{
    private bool Key(BusMessage call, bool pressed)
    {
        uint number = call.ReadUInt32();
        if (_server.Input is not { } input)
        {
            return NoInput(call);
        }
        if (number is 0 or > MostKeyNumber)
        {
            return Refuse(call, BusErrors.InvalidArgs, $"{number} is no key");
        }
        input.Key(number, pressed);
        Hold(_keysDown, number, pressed);
        _connection.Reply(call);
        return true;
    }

    private bool Button(BusMessage call, bool pressed)
    {
        uint number = call.ReadUInt32();
        if (_server.Input is not { } input)
        {
            return NoInput(call);
        }
        if (number > (uint)MouseButton.WheelRight)
        {
            return Refuse(call, BusErrors.InvalidArgs, $"{number} is no button");
        }
        input.Button((MouseButton)number, pressed);
        Hold(_buttonsDown, (MouseButton)number, pressed);
        _connection.Reply(call);
        return true;
    }

    private bool MoveTo(BusMessage call, int output)
    {
        uint x = call.ReadUInt32();
        uint y = call.ReadUInt32();
        if (_server.Input is not { } input)
        {
            return NoInput(call);
        }
        if (!input.IsAbsolute)
        {
            return Refuse(call, BusErrors.Invalid, "Mouse is not absolute");
        }
        if (_server.Hub.GetScanout(output)?.Layout is not { } layout || x >= layout.Width || y >= layout.Height)
        {
            return Refuse(call, BusErrors.Invalid, "Invalid mouse position");
        }
        var place = DesktopPlace.Of(_server.Hub.GetScanouts(), output);
        input.MoveTo(place.X + (int)x, place.Y + (int)y, place.DesktopWidth, place.DesktopHeight);
        _connection.Reply(call);
        return true;
    }

    private bool MoveBy(BusMessage call)
    {
        int dx = call.ReadInt32();
        int dy = call.ReadInt32();
        if (_server.Input is not { } input)
        {
            return NoInput(call);
        }
        if (input.IsAbsolute)
        {
            return Refuse(call, BusErrors.Invalid, "Mouse is not relative");
        }
        input.MoveBy(dx, dy);
        _connection.Reply(call);
        return true;
    }

    private bool Touch(BusMessage call, int output)
    {
        uint kind = call.ReadUInt32();
        ulong slot = call.ReadUInt64();
        double x = call.ReadDouble();
        double y = call.ReadDouble();
        if (_server.Input is not { } input)
        {
            return NoInput(call);
        }
        if (kind > (uint)TouchKind.Cancel || slot >= TouchSlots || !double.IsFinite(x) || !double.IsFinite(y))
        {
            return Refuse(call, BusErrors.Invalid, "Invalid touch event");
        }
        if (_server.Hub.GetScanout(output) is null)
        {
            return Refuse(call, BusErrors.Invalid, "the console shows nothing");
        }
        var place = DesktopPlace.Of(_server.Hub.GetScanouts(), output);
        input.Touch((TouchKind)kind, (int)slot, place.X + x, place.Y + y, place.DesktopWidth, place.DesktopHeight);
        _connection.Reply(call);
        return true;
    }

    private void LetGo()
    {
        if (_server.Input is { } input)
        {
            foreach (uint key in _keysDown)
            {
                input.Key(key, pressed: false);
            }
            foreach (MouseButton button in _buttonsDown)
            {
                input.Button(button, pressed: false);
            }
        }
        _keysDown.Clear();
        _buttonsDown.Clear();
    }

    private static void Hold<T>(HashSet<T> held, T what, bool pressed)
    {
        if (pressed)
        {
            held.Add(what);
        }
        else
        {
            held.Remove(what);
        }
    }
}
