using System.Collections.Frozen;

namespace FbShare.Testing.Typing;

/// <summary>Keys by Linux's codes (linux/input-event-codes.h): their names in chords, and QEMU's numbers for them.</summary>
internal static class LinuxKeys
{
    public const int Escape = 1;
    public const int LeftCtrl = 29;
    public const int LeftShift = 42;
    public const int LeftAlt = 56;
    public const int RightAlt = 100;
    public const int LeftMeta = 125;

    /// <summary>One more than the greatest code that has a number.</summary>
    public const int End = 195;

    private const int LastSame = 83;
    private const int FirstHigh = 183;

    /// <summary>From code 84 on (keycodemapdb's "qnum": AT set 1 scancodes, 0x80 more for those behind 0xe0).</summary>
    private static ReadOnlySpan<byte> Middle =>
    [
        0x00, 0x76, 0x56, 0x57, 0x58, 0x73, 0x78, 0x77, 0x79, 0x70, 0x7b, 0x5c, // 84 to 95
        0x9c, 0x9d, 0xb5, 0x54, 0xb8, 0x5b, 0xc7, 0xc8, 0xc9, 0xcb, 0xcd, 0xcf, // 96 to 107
        0xd0, 0xd1, 0xd2, 0xd3, 0xef, 0xa0, 0xae, 0xb0, 0xde, 0x59, 0xce, 0xc6, // 108 to 119
        0x8b, 0x7e, 0xf2, 0xf1, 0x7d, 0xdb, 0xdc, 0xdd, // 120 to 127
    ];

    /// <summary>F13 to F24.</summary>
    private static ReadOnlySpan<byte> High => [0x5d, 0x5e, 0x5f, 0x55, 0x83, 0xf7, 0x84, 0x5a, 0x74, 0xf9, 0x6d, 0x6f];

    private static readonly FrozenDictionary<string, int> ByName = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase)
    {
        ["ctrl"] = LeftCtrl,
        ["control"] = LeftCtrl,
        ["lctrl"] = LeftCtrl,
        ["rctrl"] = 97,
        ["shift"] = LeftShift,
        ["lshift"] = LeftShift,
        ["rshift"] = 54,
        ["alt"] = LeftAlt,
        ["lalt"] = LeftAlt,
        ["altgr"] = RightAlt,
        ["ralt"] = RightAlt,
        ["super"] = LeftMeta,
        ["meta"] = LeftMeta,
        ["win"] = LeftMeta,
        ["lsuper"] = LeftMeta,
        ["rsuper"] = 126,
        ["esc"] = Escape,
        ["escape"] = Escape,
        ["enter"] = 28,
        ["return"] = 28,
        ["ret"] = 28,
        ["tab"] = 15,
        ["space"] = 57,
        ["spc"] = 57,
        ["backspace"] = 14,
        ["insert"] = 110,
        ["ins"] = 110,
        ["delete"] = 111,
        ["del"] = 111,
        ["home"] = 102,
        ["end"] = 107,
        ["pageup"] = 104,
        ["pgup"] = 104,
        ["pagedown"] = 109,
        ["pgdn"] = 109,
        ["up"] = 103,
        ["down"] = 108,
        ["left"] = 105,
        ["right"] = 106,
        ["capslock"] = 58,
        ["numlock"] = 69,
        ["scrolllock"] = 70,
        ["print"] = 99,
        ["sysrq"] = 99,
        ["pause"] = 119,
        ["menu"] = 127,
        ["f1"] = 59,
        ["f2"] = 60,
        ["f3"] = 61,
        ["f4"] = 62,
        ["f5"] = 63,
        ["f6"] = 64,
        ["f7"] = 65,
        ["f8"] = 66,
        ["f9"] = 67,
        ["f10"] = 68,
        ["f11"] = 87,
        ["f12"] = 88,
        ["f13"] = 183,
        ["f14"] = 184,
        ["f15"] = 185,
        ["f16"] = 186,
        ["f17"] = 187,
        ["f18"] = 188,
        ["f19"] = 189,
        ["f20"] = 190,
        ["f21"] = 191,
        ["f22"] = 192,
        ["f23"] = 193,
        ["f24"] = 194,
        ["kp0"] = 82,
        ["kp1"] = 79,
        ["kp2"] = 80,
        ["kp3"] = 81,
        ["kp4"] = 75,
        ["kp5"] = 76,
        ["kp6"] = 77,
        ["kp7"] = 71,
        ["kp8"] = 72,
        ["kp9"] = 73,
        ["kpplus"] = 78,
        ["kpminus"] = 74,
        ["kpmultiply"] = 55,
        ["kpdivide"] = 98,
        ["kpdot"] = 83,
        ["kpenter"] = 96,
        ["mute"] = 113,
        ["volumedown"] = 114,
        ["volumeup"] = 115,
        ["power"] = 116,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>Every name that a chord may use, in order.</summary>
    public static IEnumerable<string> Names => ByName.Keys.Order(StringComparer.Ordinal);

    public static bool TryGet(string name, out int key) => ByName.TryGetValue(name, out key);

    /// <summary>The number that QEMU's display protocol has for a key; 0: none.</summary>
    public static uint QemuNumber(int key) => key switch
    {
        > 0 and <= LastSame => (uint)key,
        > LastSame and < LastSame + 1 + 44 => Middle[key - LastSame - 1],
        >= FirstHigh and < End => High[key - FirstHigh],
        _ => 0,
    };
}
