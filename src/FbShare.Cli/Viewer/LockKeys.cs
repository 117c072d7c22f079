namespace FbShare.Cli.Viewer;

/// <summary>Keeps the guest's Caps, Num and Scroll Lock as the host's are: what was switched while another window had the keyboard is switched
/// in the guest, too, before the next key reaches it.</summary>
/// <remarks>The guest does not say what is switched on there: it is taken to be what the host had at the first key.</remarks>
internal sealed class LockKeys(GuestKeyboard keyboard)
{
    private static readonly (ushort Modifier, int Scancode)[] Locks =
    [
        (Sdl.KMOD_CAPS, Sdl.SDL_SCANCODE_CAPSLOCK), (Sdl.KMOD_NUM, Sdl.SDL_SCANCODE_NUMLOCKCLEAR), (Sdl.KMOD_SCROLL, Sdl.SDL_SCANCODE_SCROLLLOCK),
    ];

    /// <summary>KMOD_* of the locks that are on in the guest; null while that is unknown.</summary>
    private int? _guest;

    /// <summary>A key is about to be passed on.</summary>
    /// <param name="modifiers">The host's, KMOD_*; of a lock key that goes down, those it makes.</param>
    public void Follow(int scancode, ushort modifiers)
    {
        foreach ((ushort modifier, int lockKey) in Locks)
        {
            bool isItself = scancode == lockKey;
            if (_guest is { } guest && !isItself && ((guest ^ modifiers) & modifier) != 0)
            {
                keyboard.Strike(lockKey);
            }
        }
        _guest = modifiers;
    }
}
