using System.Text;

namespace FbShare.Display;

/// <summary>Names of org.qemu.Display1 (QEMU's ui/dbus-display1.xml) and of what FbShare adds to it.</summary>
/// <remarks>Each is written once. The bytes, by which a message is made or recognised without a string, are made of the text.</remarks>
internal static class DisplayProtocol
{
    public const string RootPath = "/org/qemu/Display1";
    public const string VmPath = RootPath + "/VM";
    public const string ConsolePrefix = RootPath + "/Console_";
    public const string BusName = "org.qemu";

    public const string Vm = "org.qemu.Display1.VM";
    public const string Console = "org.qemu.Display1.Console";
    public const string Keyboard = "org.qemu.Display1.Keyboard";
    public const string Mouse = "org.qemu.Display1.Mouse";
    public const string MultiTouch = "org.qemu.Display1.MultiTouch";

    /// <summary>Ours, on the Console object: how the picture travels and why.</summary>
    public const string ConsoleExtension = "org.fbshare.Display1.Console";

    public const string ListenerPathName = RootPath + "/Listener";
    public const string ListenerName = "org.qemu.Display1.Listener";
    public const string MapName = ListenerName + ".Unix.Map";
    public const string DmaBuf2Name = ListenerName + ".Unix.ScanoutDMABUF2";

    /// <summary>Ours, on the Listener object: a picture in several dma-bufs, from top to bottom.
    /// <c>ScanoutBands(u width, u height, u fourcc, t modifier, a(huuut) bands)</c>, each band a descriptor, first row, rows, stride and offset.</summary>
    public const string BandsName = "org.fbshare.Display1.Listener.Bands";

    /// <summary>Ours, on the Listener object: updates that say when the guest asked for them, in place of UpdateDMABUF and UpdateMap.
    /// <c>Update(i x, i y, i width, i height, t flushed, t flushes)</c>: the moment of the guest's last flush in it, in microseconds of
    /// CLOCK_MONOTONIC, and how many the output has had so far, those that were told together included.</summary>
    public const string FlushesName = "org.fbshare.Display1.Listener.Flushes";

    public const string Properties = "org.freedesktop.DBus.Properties";
    public const string Introspectable = "org.freedesktop.DBus.Introspectable";
    public const string ObjectManager = "org.freedesktop.DBus.ObjectManager";

    /// <summary>DRM_FORMAT_MOD_LINEAR (drm_fourcc.h): rows from top to bottom, stride apart.</summary>
    public const ulong ModifierLinear = 0;

    /// <summary>DRM_FORMAT_MOD_INVALID: the exporter does not say; for a plain buffer that is linear.</summary>
    public const ulong ModifierUnknown = 0x00ff_ffff_ffff_ffff;

    /// <summary>y0_top of a dma-buf whose first row is the picture's top. By its name it should be the other way round; but QEMU's own
    /// displays turn a picture over where it is true (egl_fb_blit), and its blobs, which lie as everybody's, have false.</summary>
    public const bool IsTopDown = false;

    /// <summary>The most bytes of pixels in one message: D-Bus ends at 128 MiB, and sd-bus a little before.</summary>
    public const long MostInlineBytes = 120L << 20;

    private static readonly byte[] ListenerPathBytes = Bytes(ListenerPathName);
    private static readonly byte[] ListenerBytes = Bytes(ListenerName);
    private static readonly byte[] MapBytes = Bytes(MapName);
    private static readonly byte[] DmaBuf2Bytes = Bytes(DmaBuf2Name);
    private static readonly byte[] FlushesBytes = Bytes(FlushesName);
    private static readonly byte[] BandsBytes = Bytes(BandsName);
    private static readonly byte[] ConsoleBytes = Bytes(Console);
    private static readonly byte[] KeyboardBytes = Bytes(Keyboard);
    private static readonly byte[] MouseBytes = Bytes(Mouse);
    private static readonly byte[] MultiTouchBytes = Bytes(MultiTouch);
    private static readonly byte[] PropertiesBytes = Bytes(Properties);
    private static readonly byte[] VmPathBytes = Bytes(VmPath);

    public static ReadOnlySpan<byte> ListenerPath => Text(ListenerPathBytes);

    public static ReadOnlySpan<byte> Listener => Text(ListenerBytes);

    public static ReadOnlySpan<byte> Map => Text(MapBytes);

    public static ReadOnlySpan<byte> DmaBuf2 => Text(DmaBuf2Bytes);

    public static ReadOnlySpan<byte> Flushes => Text(FlushesBytes);

    public static ReadOnlySpan<byte> Bands => Text(BandsBytes);

    public static ReadOnlySpan<byte> ConsoleUtf8 => Text(ConsoleBytes);

    public static ReadOnlySpan<byte> KeyboardUtf8 => Text(KeyboardBytes);

    public static ReadOnlySpan<byte> MouseUtf8 => Text(MouseBytes);

    public static ReadOnlySpan<byte> MultiTouchUtf8 => Text(MultiTouchBytes);

    public static ReadOnlySpan<byte> PropertiesUtf8 => Text(PropertiesBytes);

    public static ReadOnlySpan<byte> VmPathUtf8 => Text(VmPathBytes);

    /// <summary>With the zero behind it that sd-bus wants.</summary>
    private static byte[] Bytes(string name) => Encoding.UTF8.GetBytes(name + '\0');

    private static ReadOnlySpan<byte> Text(byte[] name) => name.AsSpan(0, name.Length - 1);
}
