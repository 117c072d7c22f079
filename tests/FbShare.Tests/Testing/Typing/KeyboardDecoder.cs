using System.Text;
using FbShare.Testing.Typing;

namespace FbShare.Tests.Testing.Typing;

/// <summary>What a guest with this layout makes of keys: a keyboard's state and dead keys, as a desktop has them.</summary>
internal sealed class KeyboardDecoder : IDisposable
{
    private readonly XkbContext _context = XkbContext.Open();
    private readonly XkbKeymap _keymap;
    private readonly XkbState _state;
    private readonly XkbComposeTable _table;
    private readonly XkbComposeState _compose;
    private readonly StringBuilder _text = new();

    public KeyboardDecoder(string layout)
    {
        _keymap = KeyboardLayout.Compile(_context, layout, "", layout);
        _state = new XkbState(_keymap);
        _table = XkbComposeTable.Load(_context)!;
        _compose = new XkbComposeState(_table);
    }

    public string Text => _text.ToString();

    /// <summary>Presses and releases, as <see cref="GuestInput"/> does.</summary>
    public void Type(KeyStroke stroke)
    {
        foreach (int modifier in stroke.Modifiers)
        {
            Press(modifier);
        }
        Press(stroke.Key);
        _state.Change(stroke.Key, pressed: false);
        foreach (int modifier in stroke.Modifiers.Reverse())
        {
            _state.Change(modifier, pressed: false);
        }
        Assert.Equal(0u, _state.Held);
        Assert.False(_state.HasSticky);
    }

    public void Dispose()
    {
        _compose.Dispose();
        _table.Dispose();
        _state.Dispose();
        _keymap.Dispose();
        _context.Dispose();
    }

    private void Press(int key)
    {
        uint keySym = _state.KeySym(key);
        _state.Change(key, pressed: true);
        _compose.Feed(keySym);
        switch (_compose.Status)
        {
            case Xkb.COMPOSE_COMPOSED:
                _text.Append(_compose.Text());
                _compose.Reset();
                break;
            case Xkb.COMPOSE_NOTHING when Xkb.xkb_keysym_to_utf32(keySym) is var value and not 0:
                _text.Append(new Rune(value == '\r' ? '\n' : value));
                break;
        }
    }
}
