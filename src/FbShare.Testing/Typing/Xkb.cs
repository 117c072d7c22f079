using System.Runtime.InteropServices;

namespace FbShare.Testing.Typing;

/// <summary>libxkbcommon by its own names (xkbcommon.h, xkbcommon-compose.h; versions 1.0 to 1.13). Only <see cref="XkbContext.Open"/> is called
/// before it is known that the library is there.</summary>
internal static partial class Xkb
{
    public const string Library = "libxkbcommon.so.0";

    public const int CONTEXT_NO_ENVIRONMENT_NAMES = 1 << 1;
    public const int KEY_UP = 0;
    public const int KEY_DOWN = 1;
    public const int STATE_MODS_DEPRESSED = 1 << 0;
    public const int STATE_MODS_LATCHED = 1 << 1;
    public const int STATE_MODS_LOCKED = 1 << 2;
    public const int KEYSYM_CASE_INSENSITIVE = 1;
    public const int COMPOSE_FORMAT_TEXT_V1 = 1;
    public const int COMPOSE_NOTHING = 0;
    public const int COMPOSE_COMPOSING = 1;
    public const int COMPOSE_COMPOSED = 2;

    [LibraryImport(Library)]
    public static partial nint xkb_context_new(int flags);

    [LibraryImport(Library)]
    public static partial void xkb_context_unref(nint context);

    [LibraryImport(Library)]
    public static partial void xkb_context_set_log_level(XkbContext context, int level);

    [LibraryImport(Library)]
    public static unsafe partial nint xkb_keymap_new_from_names(XkbContext context, RuleNames* names, int flags);

    [LibraryImport(Library)]
    public static partial void xkb_keymap_unref(nint keymap);

    [LibraryImport(Library)]
    public static partial uint xkb_keymap_min_keycode(XkbKeymap keymap);

    [LibraryImport(Library)]
    public static partial uint xkb_keymap_max_keycode(XkbKeymap keymap);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial uint xkb_keymap_mod_get_index(XkbKeymap keymap, string name);

    [LibraryImport(Library)]
    public static partial nint xkb_state_new(XkbKeymap keymap);

    [LibraryImport(Library)]
    public static partial void xkb_state_unref(nint state);

    [LibraryImport(Library)]
    public static partial int xkb_state_update_key(XkbState state, uint key, int direction);

    [LibraryImport(Library)]
    public static partial uint xkb_state_key_get_one_sym(XkbState state, uint key);

    [LibraryImport(Library)]
    public static partial uint xkb_state_serialize_mods(XkbState state, int components);

    [LibraryImport(Library)]
    public static partial uint xkb_keysym_to_utf32(uint keysym);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial uint xkb_keysym_from_name(string name, int flags);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial nint xkb_compose_table_new_from_buffer(XkbContext context, byte* buffer, nuint length, string locale, int format, int flags);

    [LibraryImport(Library)]
    public static partial void xkb_compose_table_unref(nint table);

    [LibraryImport(Library)]
    public static partial nint xkb_compose_state_new(XkbComposeTable table, int flags);

    [LibraryImport(Library)]
    public static partial void xkb_compose_state_unref(nint state);

    [LibraryImport(Library)]
    public static partial void xkb_compose_state_reset(XkbComposeState state);

    [LibraryImport(Library)]
    public static partial int xkb_compose_state_feed(XkbComposeState state, uint keysym);

    [LibraryImport(Library)]
    public static partial int xkb_compose_state_get_status(XkbComposeState state);

    [LibraryImport(Library)]
    public static unsafe partial int xkb_compose_state_get_utf8(XkbComposeState state, byte* buffer, nuint size);

    /// <summary>struct xkb_rule_names; null means the library's default.</summary>
    public struct RuleNames
    {
        public unsafe byte* rules;
        public unsafe byte* model;
        public unsafe byte* layout;
        public unsafe byte* variant;
        public unsafe byte* options;
    }
}
