using FbShare.Display.Client;

namespace FbShare.Cli.Viewer;

/// <summary>The guest's keyboard: which keys are down there because of this window.</summary>
internal sealed class GuestKeyboard
{
    private const uint LeftCtrl = 0x1d;
    private const uint LeftAlt = 0x38;
    private const uint Delete = 0xd3;

    private readonly List<uint> _down = [];

    public RemoteConsole? Console { get; set; }

    /// <summary>Passes a key on, by its place on the keyboard. A key that was not pressed here is not released here.</summary>
    public void Change(int scancode, bool pressed)
    {
        uint number = KeyNumbers.Of(scancode);
        if (number == 0 || pressed == _down.Contains(number))
        {
            return;
        }
        if (pressed)
        {
            _down.Add(number);
        }
        else
        {
            _down.Remove(number);
        }
        Console?.Key(number, pressed);
    }

    /// <summary>Releases every key: the window has lost the focus, and learns nothing of the keys from now on.</summary>
    public void LetGo()
    {
        foreach (uint number in _down)
        {
            Console?.Key(number, false);
        }
        _down.Clear();
    }

    /// <summary>Presses and releases Ctrl+Alt+Del.</summary>
    public void SendCtrlAltDel()
    {
        LetGo();
        foreach (uint number in (ReadOnlySpan<uint>)[LeftCtrl, LeftAlt, Delete])
        {
            Console?.Key(number, true);
        }
        foreach (uint number in (ReadOnlySpan<uint>)[Delete, LeftAlt, LeftCtrl])
        {
            Console?.Key(number, false);
        }
    }
}
