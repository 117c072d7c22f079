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

    /// <summary>Ours, on the VM object: which process serves it, and how many watch.</summary>
    public const string VmExtension = "org.fbshare.Display1.VM";

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

    /// <summary>Ours, on the Listener object of one that has <see cref="FlushesName"/> too: an update of several places far apart.
    /// <c>UpdateParts(a(iiii) parts, t flushed, t flushes)</c>, each part x, y, width and height.</summary>
    public const string PartsName = "org.fbshare.Display1.Listener.Parts";

    public const string Properties = "org.freedesktop.DBus.Properties";
    public const string Introspectable = "org.freedesktop.DBus.Introspectable";
    public const string ObjectManager = "org.freedesktop.DBus.ObjectManager";

    /// <summary>DRM_FORMAT_MOD_LINEAR (drm_fourcc.h): rows from top to bottom, stride apart.</summary>
    public const ulong ModifierLinear = 0;

    /// <summary>DRM_FORMAT_MOD_INVALID: the exporter does not say; for a plain buffer that is linear.</summary>
    public const ulong ModifierUnknown = 0x00ff_ffff_ffff_ffff;

    /// <summary>y0_top of a dma-buf whose first row is the picture's top. The name suggests the opposite; but QEMU's own
    /// displays flip a picture for which it is true (egl_fb_blit), and QEMU sends false for blobs, whose first row is the top.</summary>
    public const bool IsTopDown = false;

    /// <summary>The most bytes of pixels in one message: D-Bus allows 128 MiB, and sd-bus a little less.</summary>
    public const long MostInlineBytes = 120L << 20;

    /// <summary>Properties: <c>GetAll(s interface)</c>.</summary>
    public const string GetAll = "GetAll";

    /// <summary>The property that names an object's further interfaces, on VM, consoles and listeners.</summary>
    public const string InterfacesProperty = "Interfaces";

    private static readonly byte[] ListenerPathBytes = Bytes(ListenerPathName);
    private static readonly byte[] ListenerBytes = Bytes(ListenerName);
    private static readonly byte[] MapBytes = Bytes(MapName);
    private static readonly byte[] DmaBuf2Bytes = Bytes(DmaBuf2Name);
    private static readonly byte[] FlushesBytes = Bytes(FlushesName);
    private static readonly byte[] PartsBytes = Bytes(PartsName);
    private static readonly byte[] BandsBytes = Bytes(BandsName);
    private static readonly byte[] ConsoleBytes = Bytes(Console);
    private static readonly byte[] KeyboardBytes = Bytes(Keyboard);
    private static readonly byte[] MouseBytes = Bytes(Mouse);
    private static readonly byte[] MultiTouchBytes = Bytes(MultiTouch);
    private static readonly byte[] PropertiesBytes = Bytes(Properties);
    private static readonly byte[] VmPathBytes = Bytes(VmPath);
    private static readonly byte[] GetAllBytes = Bytes(GetAll);

    public static ReadOnlySpan<byte> ListenerPath => Text(ListenerPathBytes);

    public static ReadOnlySpan<byte> Listener => Text(ListenerBytes);

    public static ReadOnlySpan<byte> Map => Text(MapBytes);

    public static ReadOnlySpan<byte> DmaBuf2 => Text(DmaBuf2Bytes);

    public static ReadOnlySpan<byte> Flushes => Text(FlushesBytes);

    public static ReadOnlySpan<byte> Parts => Text(PartsBytes);

    public static ReadOnlySpan<byte> Bands => Text(BandsBytes);

    public static ReadOnlySpan<byte> ConsoleUtf8 => Text(ConsoleBytes);

    public static ReadOnlySpan<byte> KeyboardUtf8 => Text(KeyboardBytes);

    public static ReadOnlySpan<byte> MouseUtf8 => Text(MouseBytes);

    public static ReadOnlySpan<byte> MultiTouchUtf8 => Text(MultiTouchBytes);

    public static ReadOnlySpan<byte> PropertiesUtf8 => Text(PropertiesBytes);

    public static ReadOnlySpan<byte> VmPathUtf8 => Text(VmPathBytes);

    public static ReadOnlySpan<byte> GetAllUtf8 => Text(GetAllBytes);

    /// <summary>With the zero behind it that sd-bus wants.</summary>
    private static byte[] Bytes(string name) => Encoding.UTF8.GetBytes(name + '\0');

    private static ReadOnlySpan<byte> Text(byte[] name) => name.AsSpan(0, name.Length - 1);

    /// <summary>Calls on the Listener object, by the interface they belong to.</summary>
    public static class ListenerCalls
    {
        /// <summary>Listener: <c>Scanout(u width, u height, u stride, u pixman_format, ay data)</c>.</summary>
        public static ReadOnlySpan<byte> Scanout => "Scanout"u8;

        /// <summary>Listener: <c>Update(i x, i y, i width, i height, u stride, u pixman_format, ay data)</c>; Flushes has one of its own.</summary>
        public static ReadOnlySpan<byte> Update => "Update"u8;

        /// <summary>Listener: <c>ScanoutDMABUF(h, u width, u height, u stride, u fourcc, t modifier, b y0_top)</c>.</summary>
        public static ReadOnlySpan<byte> ScanoutDmaBuf => "ScanoutDMABUF"u8;

        /// <summary>Listener: <c>UpdateDMABUF(i x, i y, i width, i height)</c>, answered when it was read.</summary>
        public static ReadOnlySpan<byte> UpdateDmaBuf => "UpdateDMABUF"u8;

        /// <summary>Listener: <c>Disable()</c>.</summary>
        public static ReadOnlySpan<byte> Disable => "Disable"u8;

        /// <summary>Listener: <c>MouseSet(i x, i y, i on)</c>.</summary>
        public static ReadOnlySpan<byte> MouseSet => "MouseSet"u8;

        /// <summary>Listener: <c>CursorDefine(i width, i height, i hot_x, i hot_y, ay data)</c>.</summary>
        public static ReadOnlySpan<byte> CursorDefine => "CursorDefine"u8;

        /// <summary>Unix.Map: <c>ScanoutMap(h, u offset, u width, u height, u stride, u pixman_format)</c>.</summary>
        public static ReadOnlySpan<byte> ScanoutMap => "ScanoutMap"u8;

        /// <summary>Unix.Map: <c>UpdateMap(i x, i y, i width, i height)</c>.</summary>
        public static ReadOnlySpan<byte> UpdateMap => "UpdateMap"u8;

        /// <summary>Unix.ScanoutDMABUF2: <c>ScanoutDMABUF2(ah, u x, u y, u width, u height, au offsets, au strides, u planes, u fourcc, u backing_width,
        /// u backing_height, t modifier, b y0_top)</c>.</summary>
        public static ReadOnlySpan<byte> ScanoutDmaBuf2 => "ScanoutDMABUF2"u8;

        /// <summary>Bands: see <see cref="BandsName"/>.</summary>
        public static ReadOnlySpan<byte> ScanoutBands => "ScanoutBands"u8;

        /// <summary>Parts: see <see cref="PartsName"/>.</summary>
        public static ReadOnlySpan<byte> UpdateParts => "UpdateParts"u8;
    }

    /// <summary>Calls on a console's object, by the interface they belong to.</summary>
    public static class ConsoleCalls
    {
        /// <summary>Console: <c>RegisterListener(h)</c>.</summary>
        public const string RegisterListener = "RegisterListener";

        /// <summary>Console: <c>SetUIInfo(q width_mm, q height_mm, i xoff, i yoff, u width, u height)</c>.</summary>
        public const string SetUIInfo = "SetUIInfo";

        /// <summary>Keyboard: <c>Press(u keycode)</c>; Mouse: <c>Press(u button)</c>.</summary>
        public const string Press = "Press";

        /// <summary>Keyboard: <c>Release(u keycode)</c>; Mouse: <c>Release(u button)</c>.</summary>
        public const string Release = "Release";

        /// <summary>Mouse: <c>SetAbsPosition(u x, u y)</c>.</summary>
        public const string SetAbsPosition = "SetAbsPosition";

        /// <summary>Mouse: <c>RelMotion(i dx, i dy)</c>.</summary>
        public const string RelMotion = "RelMotion";

        /// <summary>MultiTouch: <c>SendEvent(u kind, t slot, d x, d y)</c>.</summary>
        public const string SendEvent = "SendEvent";

        private static readonly byte[] RegisterListenerBytes = Bytes(RegisterListener);
        private static readonly byte[] SetUIInfoBytes = Bytes(SetUIInfo);
        private static readonly byte[] PressBytes = Bytes(Press);
        private static readonly byte[] ReleaseBytes = Bytes(Release);
        private static readonly byte[] SetAbsPositionBytes = Bytes(SetAbsPosition);
        private static readonly byte[] RelMotionBytes = Bytes(RelMotion);
        private static readonly byte[] SendEventBytes = Bytes(SendEvent);

        public static ReadOnlySpan<byte> RegisterListenerUtf8 => Text(RegisterListenerBytes);

        public static ReadOnlySpan<byte> SetUIInfoUtf8 => Text(SetUIInfoBytes);

        public static ReadOnlySpan<byte> PressUtf8 => Text(PressBytes);

        public static ReadOnlySpan<byte> ReleaseUtf8 => Text(ReleaseBytes);

        public static ReadOnlySpan<byte> SetAbsPositionUtf8 => Text(SetAbsPositionBytes);

        public static ReadOnlySpan<byte> RelMotionUtf8 => Text(RelMotionBytes);

        public static ReadOnlySpan<byte> SendEventUtf8 => Text(SendEventBytes);
    }

    /// <summary>Names of properties, by the interface they belong to. (<see cref="InterfacesProperty"/> is on several.)</summary>
    public static class PropertyNames
    {
        /// <summary>VM: the machine's name.</summary>
        public const string Name = "Name";

        /// <summary>VM: its UUID as text.</summary>
        public const string Uuid = "UUID";

        /// <summary>VM: the numbers of its consoles.</summary>
        public const string ConsoleIds = "ConsoleIDs";

        /// <summary>Console: its name.</summary>
        public const string Label = "Label";

        /// <summary>Console: its number among those of its device.</summary>
        public const string Head = "Head";

        /// <summary>Console: <see cref="GraphicConsole"/> or Text.</summary>
        public const string Type = "Type";

        /// <summary>The <see cref="Type"/> of a console that shows pictures.</summary>
        public const string GraphicConsole = "Graphic";

        /// <summary>Console: pixels.</summary>
        public const string Width = "Width";

        /// <summary>Console: pixels.</summary>
        public const string Height = "Height";

        /// <summary>Console: where its device is in the machine.</summary>
        public const string DeviceAddress = "DeviceAddress";

        /// <summary>Keyboard: which lamps are lit.</summary>
        public const string Modifiers = "Modifiers";

        /// <summary>Mouse: whether the pointer takes positions rather than movements.</summary>
        public const string IsAbsolute = "IsAbsolute";

        /// <summary>MultiTouch: how many fingers there can be.</summary>
        public const string MaxSlots = "MaxSlots";

        /// <summary>Ours, of VM: the process that a user started, to be ended or told to upgrade.</summary>
        public const string ProcessId = "ProcessId";

        /// <summary>Ours, of VM: how many processes watch an output.</summary>
        public const string Viewers = "Viewers";

        /// <summary>Ours: blob, 2d or boot; empty while nothing is shown.</summary>
        public const string ResourceKind = "ResourceKind";

        /// <summary>Ours: udmabuf, mmap or copy.</summary>
        public const string Path = "Path";

        /// <summary>Ours: why this path.</summary>
        public const string PathReason = "PathReason";

        /// <summary>Ours: what the user can do for a better path.</summary>
        public const string Cure = "Cure";
    }
}
