using System.Text.RegularExpressions;
using FbShare.Cli.Qemu;
using FbShare.Display.Client;
using FbShare.Display.DBus;
using FbShare.Display.Server;
using FbShare.Input;
using FbShare.Linux;

namespace FbShare.QemuTests;

/// <summary>A display client at a real guest's consoles: what they say of themselves, and where its pointer goes.</summary>
public sealed class GuestConsoleTests
{
    [QemuFact(Needs.Blob)]
    public void The_pointer_reaches_each_output_s_place_on_the_guest_s_desktop_and_the_console_says_where_the_gpu_is() =>
        AssertPlaces(new GuestOptions { Outputs = 2, Input = true, Gpu = GpuKind.Blob });

    [QemuFact(Needs.TwoD)]
    public void With_the_2D_device_too() => AssertPlaces(new GuestOptions { Outputs = 2, Input = true, Gpu = GpuKind.TwoD });

    private static void AssertPlaces(GuestOptions options)
    {
        using var guest = new Guest(options);
        string address = guest.Ask("echo card: at $(readlink -f /sys/class/drm/card0/device)", "card: at");
        address = Regex.Match(address, "/0000:00:([0-9a-f]{2}\\.[0-7])").Groups[1].Value;
        guest.Type("card multi --frame 40 &");
        guest.WaitForLine("card: shown output=0");
        guest.WaitForLine("card: shown output=1");
        guest.Ask("card evdev", "card: reading");
        using var loop = new EventLoop();
        using DisplayClient client = DisplayClient.Connect(loop, new DisplayAddress(DisplayAddressKind.Unix, guest.Display));
        // The guest's driver switches the tablet on, of which QEMU tells nobody: as a viewer does, ask until it has.
        RemoteConsole console = client.Consoles[0];
        XServer.WaitUntil(() =>
        {
            console.RefreshPointer();
            loop.RunOnce(100);
            return console.PointerIsAbsolute;
        }, () => "the guest does not use its tablet");

        // Two outputs of 1280x800 side by side.
        Point(1, 700, 300);
        Point(0, 700, 799);
        Point(1, 1279, 0);
        Do(() => client.Consoles[1].Button(MouseButton.Left, true));
        guest.WaitForEvent(1, 0x110, 1);
        Do(() => client.Consoles[1].Button(MouseButton.Left, false));
        guest.WaitForEvent(1, 0x110, 0);

        // REL_HWHEEL, and the tablet is the pointer as before.
        Click(MouseButton.WheelRight);
        guest.WaitForEvent(2, 6, 1);
        Click(MouseButton.WheelLeft);
        guest.WaitForEvent(2, 6, -1);
        Point(0, 5, 6);

        Assert.Equal($"pci/0000/{address}", ReadAddress());

        void Point(int output, int x, int y)
        {
            Do(() => client.Consoles[output].MoveTo(x, y));
            guest.WaitForPlace((output * 1280) + x, y, 2560, 800);
        }

        void Click(MouseButton button) => Do(() =>
        {
            client.Consoles[0].Button(button, true);
            client.Consoles[0].Button(button, false);
        });

        void Do(Action input)
        {
            input();
            while (loop.RunOnce(20))
            {
            }
        }

        string ReadAddress()
        {
            string address = "";
            using BusMessage call = client.Connection.NewCall(default, "/org/qemu/Display1/Console_1"u8, "org.freedesktop.DBus.Properties"u8, "GetAll"u8);
            call.Append("org.qemu.Display1.Console");
            client.Connection.CallAndWait(call, TimeSpan.FromSeconds(10), reply => reply.ReadProperties((name, type, value) =>
            {
                bool isIt = (name, type) == ("DeviceAddress", "s");
                address = isIt ? value.ReadString() : address;
                return isIt;
            }));
            return address;
        }
    }
}
