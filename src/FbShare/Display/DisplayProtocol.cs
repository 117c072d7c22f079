namespace FbShare.Display;

/// <summary>Names of org.qemu.Display1 (QEMU's ui/dbus-display1.xml) and of what FbShare adds to it.</summary>
/// <remarks>As bytes, so that a message is made or recognised without a string.</remarks>
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

    public const string MapName = "org.qemu.Display1.Listener.Unix.Map";
    public const string DmaBuf2Name = "org.qemu.Display1.Listener.Unix.ScanoutDMABUF2";

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

    public static ReadOnlySpan<byte> ListenerPath => "/org/qemu/Display1/Listener"u8;

    public static ReadOnlySpan<byte> Listener => "org.qemu.Display1.Listener"u8;

    public static ReadOnlySpan<byte> Map => "org.qemu.Display1.Listener.Unix.Map"u8;

    public static ReadOnlySpan<byte> DmaBuf2 => "org.qemu.Display1.Listener.Unix.ScanoutDMABUF2"u8;

    public static ReadOnlySpan<byte> Flushes => "org.fbshare.Display1.Listener.Flushes"u8;

    public static ReadOnlySpan<byte> Bands => "org.fbshare.Display1.Listener.Bands"u8;
}
