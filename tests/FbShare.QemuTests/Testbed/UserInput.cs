using System.Runtime.InteropServices;
using System.Text;
using FbShare.Linux;

namespace FbShare.QemuTests.Testbed;

/// <summary>A keyboard, or a touch screen, that the kernel takes for a real one (linux/uinput.h). For root only.</summary>
internal sealed unsafe class UserInput : IDisposable
{
    public const string DevicePath = "/dev/uinput";

    /// <summary>The places of a touch screen go from 0 to this.</summary>
    public const int Range = 4095;

    private const nuint UI_DEV_CREATE = 0x5501;
    private const nuint UI_DEV_SETUP = 0x405C5503;
    private const nuint UI_ABS_SETUP = 0x401C5504;
    private const nuint UI_SET_EVBIT = 0x40045564;
    private const nuint UI_SET_KEYBIT = 0x40045565;
    private const nuint UI_SET_PROPBIT = 0x4004556E;

    private const ushort EV_SYN = 0;
    private const ushort EV_KEY = 1;
    private const ushort EV_ABS = 3;
    private const ushort BTN_TOUCH = 0x14A;
    private const ushort ABS_X = 0;
    private const ushort ABS_Y = 1;
    private const ushort ABS_MT_SLOT = 0x2F;
    private const ushort ABS_MT_POSITION_X = 0x35;
    private const ushort ABS_MT_POSITION_Y = 0x36;
    private const ushort ABS_MT_TRACKING_ID = 0x39;
    private const int INPUT_PROP_DIRECT = 1;

    private readonly FileDescriptor _device = FileDescriptor.Open(DevicePath, writable: true);

    private UserInput(string name, Action<UserInput> describe)
    {
        Call(UI_SET_EVBIT, EV_KEY);
        describe(this);
        var setup = new Setup { bustype = 6, vendor = 1, product = 1 };
        Encoding.ASCII.GetBytes(name, new Span<byte>(setup.name, 80));
        Call(UI_DEV_SETUP, (nint)(&setup));
        Call(UI_DEV_CREATE, 0);
    }

    /// <summary>One with the usual keys.</summary>
    public static UserInput Keyboard() => new("test keyboard", device =>
    {
        for (int key = 1; key < 128; key++)
        {
            device.Call(UI_SET_KEYBIT, key);
        }
    });

    /// <summary>One for two fingers.</summary>
    public static UserInput TouchScreen() => new("test touch screen", device =>
    {
        device.Call(UI_SET_KEYBIT, BTN_TOUCH);
        device.Call(UI_SET_EVBIT, EV_ABS);
        device.Call(UI_SET_PROPBIT, INPUT_PROP_DIRECT);
        foreach ((ushort axis, int most) in ((ushort, int)[])[(ABS_X, Range), (ABS_Y, Range), (ABS_MT_SLOT, 1), (ABS_MT_POSITION_X, Range), (ABS_MT_POSITION_Y, Range), (ABS_MT_TRACKING_ID, 65535)])
        {
            var setup = new AbsSetup { code = axis, maximum = most };
            device.Call(UI_ABS_SETUP, (nint)(&setup));
        }
    });

    /// <param name="key">KEY_... (linux/input-event-codes.h).</param>
    public void Press(ushort key, bool pressed) => Send((EV_KEY, key, pressed ? 1 : 0));

    /// <summary>A finger comes down, or moves.</summary>
    public void Touch(int slot, int x, int y) => Send(
        (EV_ABS, ABS_MT_SLOT, slot), (EV_ABS, ABS_MT_TRACKING_ID, slot + 1), (EV_ABS, ABS_MT_POSITION_X, x), (EV_ABS, ABS_MT_POSITION_Y, y),
        (EV_KEY, BTN_TOUCH, 1), (EV_ABS, ABS_X, x), (EV_ABS, ABS_Y, y));

    /// <summary>A finger is taken away, the last of them.</summary>
    public void EndTouch(int slot) => Send((EV_ABS, ABS_MT_SLOT, slot), (EV_ABS, ABS_MT_TRACKING_ID, -1), (EV_KEY, BTN_TOUCH, 0));

    /// <summary>The device is pulled out.</summary>
    public void Dispose() => _device.Dispose();

    private void Send(params ReadOnlySpan<(ushort Type, ushort Code, int Value)> events)
    {
        Span<Event> all = stackalloc Event[events.Length + 1];
        for (int i = 0; i < events.Length; i++)
        {
            all[i] = new Event { type = events[i].Type, code = events[i].Code, value = events[i].Value };
        }
        all[^1] = new Event { type = EV_SYN };
        fixed (Event* first = all)
        {
            LinuxException.Check(LibC.write(_device, first, (nuint)(all.Length * sizeof(Event))), "write(uinput)");
        }
    }

    private void Call(nuint request, nint argument) => _device.Control(request, (void*)argument);

    /// <summary>struct input_event.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Event
    {
        public long seconds;
        public long microseconds;
        public ushort type;
        public ushort code;
        public int value;
    }

    /// <summary>struct uinput_setup.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Setup
    {
        public ushort bustype;
        public ushort vendor;
        public ushort product;
        public ushort version;
        public fixed byte name[80];
        public uint ff_effects_max;
    }

    /// <summary>struct uinput_abs_setup.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct AbsSetup
    {
        public ushort code;
        public int value;
        public int minimum;
        public int maximum;
        public int fuzz;
        public int flat;
        public int resolution;
    }
}
