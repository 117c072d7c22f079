namespace FbShare.Cli.Viewer;

/// <summary>What a hot key does.</summary>
internal enum HotKeyAction
{
    /// <summary>Takes keyboard and pointer for the guest, or gives them back.</summary>
    Grab,
    Fullscreen,

    /// <summary>Writes what the guest shows to a PNG file.</summary>
    Screenshot,

    /// <summary>Shows or hides the figures over the picture.</summary>
    Hud,

    /// <summary>Shows or hides what changes in the picture.</summary>
    Damage,

    /// <summary>Switches between shared and copied pictures.</summary>
    Path,

    /// <summary>Presses Ctrl+Alt+Del in the guest.</summary>
    CtrlAltDel,

    /// <summary>Shows or hides a menu of all this.</summary>
    Menu,
    Quit,
}

/// <summary>The keys that the viewer keeps for itself.</summary>
internal sealed class HotKeys
{
    private const ushort AllModifiers = Sdl.KMOD_CTRL | Sdl.KMOD_ALT | Sdl.KMOD_SHIFT | Sdl.KMOD_GUI;

    private readonly SortedDictionary<HotKeyAction, string> _keys = new()
    {
        [HotKeyAction.Grab] = "Ctrl+Alt+G",
        [HotKeyAction.Fullscreen] = "Ctrl+Alt+F",
        [HotKeyAction.Screenshot] = "Ctrl+Alt+S",
        [HotKeyAction.Hud] = "Ctrl+Alt+H",
        [HotKeyAction.Damage] = "Ctrl+Alt+D",
        [HotKeyAction.Path] = "Ctrl+Alt+P",
        [HotKeyAction.CtrlAltDel] = "Ctrl+Alt+Insert",
        [HotKeyAction.Menu] = "Ctrl+Alt+M",
        [HotKeyAction.Quit] = "Ctrl+Alt+Q",
    };

    private readonly List<(ushort Modifiers, int Scancode, HotKeyAction Action)> _resolved = [];

    /// <summary>Actions and their keys, as the user may read them.</summary>
    public IReadOnlyDictionary<HotKeyAction, string> Keys => _keys;

    /// <summary>The actions, as users name them.</summary>
    public static IEnumerable<string> ActionNames => Enum.GetNames<HotKeyAction>().Select(n => n.ToLowerInvariant());

    /// <summary>What an action does, in a few words.</summary>
    public static string NameOf(HotKeyAction action) => action switch
    {
        HotKeyAction.Grab => "grab input",
        HotKeyAction.Fullscreen => "full screen",
        HotKeyAction.Screenshot => "screenshot",
        HotKeyAction.Hud => "figures",
        HotKeyAction.Damage => "show changes",
        HotKeyAction.Path => "shared or copied",
        HotKeyAction.CtrlAltDel => "send Ctrl+Alt+Del",
        HotKeyAction.Menu => "menu",
        _ => "quit",
    };

    /// <summary>Takes one <c>--hotkey ACTION=KEYS</c>, such as <c>grab=ctrl+shift+F12</c> or <c>quit=none</c>.</summary>
    /// <returns>Null, or what is wrong.</returns>
    public string? Set(string text)
    {
        string[] parts = text.Split('=', 2);
        if (parts.Length != 2 || parts[1].Length == 0 || !Enum.TryParse(parts[0], ignoreCase: true, out HotKeyAction action) || char.IsAsciiDigit(parts[0][0]))
        {
            return $"--hotkey {text}: give ACTION=KEYS, such as grab=ctrl+alt+g, or ACTION=none; actions are {string.Join(", ", ActionNames)}";
        }
        if (parts[1].Equals("none", StringComparison.OrdinalIgnoreCase))
        {
            _keys.Remove(action);
        }
        else
        {
            _keys[action] = parts[1];
        }
        return null;
    }

    /// <summary>Finds the keys by their names.</summary>
    /// <param name="scancodeOf">A key's SDL scancode by SDL's name for it, 0 for an unknown one.</param>
    /// <returns>Null, or what is wrong.</returns>
    public string? Resolve(Func<string, int> scancodeOf)
    {
        _resolved.Clear();
        foreach ((HotKeyAction action, string keys) in _keys)
        {
            string[] parts = keys.Split('+');
            ushort modifiers = 0;
            foreach (string part in parts[..^1])
            {
                ushort modifier = part.ToLowerInvariant() switch
                {
                    "ctrl" => Sdl.KMOD_CTRL,
                    "alt" => Sdl.KMOD_ALT,
                    "shift" => Sdl.KMOD_SHIFT,
                    "super" => Sdl.KMOD_GUI,
                    _ => 0,
                };
                if (modifier == 0)
                {
                    return $"the hot key {keys} for {action.ToString().ToLowerInvariant()}: '{part}' is not one of ctrl, alt, shift and super";
                }
                modifiers |= modifier;
            }
            int scancode = scancodeOf(parts[^1]);
            if (scancode == 0)
            {
                return $"the hot key {keys} for {action.ToString().ToLowerInvariant()}: there is no key '{parts[^1]}' (names as in F12, Insert, Page Up, G)";
            }
            _resolved.Add((modifiers, scancode, action));
        }
        return null;
    }

    /// <summary>The action of a key that goes down, if it has one.</summary>
    /// <param name="modifiers">KMOD_*.</param>
    public HotKeyAction? Match(int scancode, ushort modifiers)
    {
        foreach ((ushort wanted, int code, HotKeyAction action) in _resolved)
        {
            if (code == scancode && Holds(modifiers, wanted))
            {
                return action;
            }
        }
        return null;
    }

    /// <summary>Just the wanted modifiers, of either side.</summary>
    private static bool Holds(ushort modifiers, ushort wanted)
    {
        foreach (ushort one in (ReadOnlySpan<ushort>)[Sdl.KMOD_CTRL, Sdl.KMOD_ALT, Sdl.KMOD_SHIFT, Sdl.KMOD_GUI])
        {
            if (((modifiers & AllModifiers & one) != 0) != ((wanted & one) != 0))
            {
                return false;
            }
        }
        return true;
    }
}
