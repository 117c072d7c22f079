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

    /// <summary>Presses and releases a key by its place on the keyboard.</summary>
    public void Strike(int scancode)
    {
        Change(scancode, true);
        Change(scancode, false);
    }

    /// <summary>Presses and releases Ctrl+Alt+Del.</summary>
    public void SendCtrlAltDel() => SendWithCtrlAlt(Delete);

    /// <summary>Presses and releases Ctrl+Alt and a key.</summary>
    /// <param name="scancode">The key's place on the keyboard.</param>
    public void SendWithCtrlAlt(int scancode) => SendWithCtrlAlt(KeyNumbers.Of(scancode));

    private void SendWithCtrlAlt(uint key)
    {
        LetGo();
        foreach (uint number in (ReadOnlySpan<uint>)[LeftCtrl, LeftAlt, key])
        {
            Console?.Key(number, true);
        }
        foreach (uint number in (ReadOnlySpan<uint>)[key, LeftAlt, LeftCtrl])
        {
            Console?.Key(number, false);
        }
    }
}
