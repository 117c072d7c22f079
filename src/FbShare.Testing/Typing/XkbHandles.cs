using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;
using System.Text;

namespace FbShare.Testing.Typing;

/// <summary>struct xkb_context: where the library finds its data.</summary>
internal sealed class XkbContext : SafeHandle
{
    private const string NoLibrary =
        $"keyboard layouts need {Xkb.Library}, which this system lacks: install the packages libxkbcommon0 and xkb-data (Debian) or libxkbcommon and xkeyboard-config";

    private const string NoData = "keyboard layouts need the descriptions of xkb, which this system lacks: install the package xkb-data (Debian) or xkeyboard-config";

    private XkbContext(nint handle)
        : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    /// <exception cref="TypingException">The library or its data is missing; the message says what to install.</exception>
    public static XkbContext Open()
    {
        if (!NativeLibrary.TryLoad(Xkb.Library, typeof(XkbContext).Assembly, null, out _))
        {
            throw new TypingException(NoLibrary) { LacksLibrary = true };
        }
        // The user's own XKB_DEFAULT_* are about the host's keyboard.
        var context = new XkbContext(Xkb.xkb_context_new(Xkb.CONTEXT_NO_ENVIRONMENT_NAMES));
        if (context.IsInvalid)
        {
            throw LackOfData();
        }
        // What is wrong is said by whoever asked, not on stderr.
        Xkb.xkb_context_set_log_level(context, 0);
        return context;
    }

    public static TypingException LackOfData() => new(NoData) { LacksLibrary = true };

    protected override bool ReleaseHandle()
    {
        Xkb.xkb_context_unref(handle);
        return true;
    }
}

/// <summary>struct xkb_keymap: what each key means under each combination of modifiers.</summary>
internal sealed class XkbKeymap : SafeHandle
{
    private XkbKeymap(nint handle)
        : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    /// <summary>Compiles a layout for a PC keyboard on Linux; invalid if there is none of this name.</summary>
    public static unsafe XkbKeymap Compile(XkbContext context, string layout, string variant)
    {
        byte* layoutUtf8 = Utf8StringMarshaller.ConvertToUnmanaged(layout);
        byte* variantUtf8 = Utf8StringMarshaller.ConvertToUnmanaged(variant);
        try
        {
            fixed (byte* rules = "evdev\0"u8, model = "pc105\0"u8, options = "\0"u8)
            {
                var names = new Xkb.RuleNames { rules = rules, model = model, layout = layoutUtf8, variant = variantUtf8, options = options };
                // SAFETY: the library reads the five strings, which end with zero, and keeps none.
                return new XkbKeymap(Xkb.xkb_keymap_new_from_names(context, &names, 0));
            }
        }
        finally
        {
            Utf8StringMarshaller.Free(layoutUtf8);
            Utf8StringMarshaller.Free(variantUtf8);
        }
    }

    protected override bool ReleaseHandle()
    {
        Xkb.xkb_keymap_unref(handle);
        return true;
    }
}

/// <summary>struct xkb_state: a keyboard of a keymap, with the keys that are down.</summary>
internal sealed class XkbState : SafeHandle
{
    /// <summary>Between Linux's key codes and X's.</summary>
    private const uint XOffset = 8;

    public XkbState(XkbKeymap keymap)
        : base(0, ownsHandle: true) => SetHandle(Xkb.xkb_state_new(keymap));

    public override bool IsInvalid => handle == 0;

    /// <summary>The real modifiers that are held down, as a mask.</summary>
    public uint Held => Xkb.xkb_state_serialize_mods(this, Xkb.STATE_MODS_DEPRESSED);

    /// <summary>Whether a modifier is on with no key down.</summary>
    public bool HasSticky => Xkb.xkb_state_serialize_mods(this, Xkb.STATE_MODS_LATCHED | Xkb.STATE_MODS_LOCKED) != 0;

    /// <param name="key">Linux's code.</param>
    public void Change(int key, bool pressed) => Xkb.xkb_state_update_key(this, (uint)key + XOffset, pressed ? Xkb.KEY_DOWN : Xkb.KEY_UP);

    /// <summary>What the key means now; 0 for nothing.</summary>
    public uint KeySym(int key) => Xkb.xkb_state_key_get_one_sym(this, (uint)key + XOffset);

    protected override bool ReleaseHandle()
    {
        Xkb.xkb_state_unref(handle);
        return true;
    }
}

/// <summary>struct xkb_compose_table: which characters follow from dead keys.</summary>
internal sealed class XkbComposeTable : SafeHandle
{
    private const string Locale = "en_US.UTF-8";

    private XkbComposeTable(nint handle)
        : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    /// <summary>Reads the system's table for UTF-8, which nearly every language shares; not the user's own, of which the guest knows nothing.</summary>
    /// <returns>Null: this system has none.</returns>
    public static unsafe XkbComposeTable? Load(XkbContext context)
    {
        string folder = Environment.GetEnvironmentVariable("XLOCALEDIR") is { Length: > 0 } given ? given : "/usr/share/X11/locale";
        byte[] text;
        try
        {
            text = File.ReadAllBytes(Path.Combine(folder, Locale, "Compose"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        fixed (byte* start = text)
        {
            // SAFETY: the library reads the text during the call and keeps nothing of it.
            var table = new XkbComposeTable(Xkb.xkb_compose_table_new_from_buffer(context, start, (nuint)text.Length, Locale, Xkb.COMPOSE_FORMAT_TEXT_V1, 0));
            return table.IsInvalid ? null : table;
        }
    }

    protected override bool ReleaseHandle()
    {
        Xkb.xkb_compose_table_unref(handle);
        return true;
    }
}

/// <summary>struct xkb_compose_state: a sequence of keys on its way to a character.</summary>
internal sealed class XkbComposeState : SafeHandle
{
    private const int MostBytes = 32;

    public XkbComposeState(XkbComposeTable table)
        : base(0, ownsHandle: true) => SetHandle(Xkb.xkb_compose_state_new(table, 0));

    public override bool IsInvalid => handle == 0;

    /// <summary>One of COMPOSE_*.</summary>
    public int Status => Xkb.xkb_compose_state_get_status(this);

    public void Reset() => Xkb.xkb_compose_state_reset(this);

    public void Feed(uint keySym) => Xkb.xkb_compose_state_feed(this, keySym);

    /// <summary>What a finished sequence means.</summary>
    public unsafe string Text()
    {
        byte* buffer = stackalloc byte[MostBytes];
        // SAFETY: the library writes at most MostBytes, with the zero at the end, and returns the length that the text has.
        int length = Xkb.xkb_compose_state_get_utf8(this, buffer, MostBytes);
        return length is > 0 and < MostBytes ? Encoding.UTF8.GetString(buffer, length) : "";
    }

    protected override bool ReleaseHandle()
    {
        Xkb.xkb_compose_state_unref(handle);
        return true;
    }
}
