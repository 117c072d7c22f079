using FbShare.Display.Client;
using FbShare.Testing.Machines;
using FbShare.Testing.Screens;

namespace FbShare.QemuTests;

/// <summary>Machines as the kit starts them: the program and a real QEMU.</summary>
public sealed class MachineTests
{
    private static readonly GuestMachineOptions Options = new()
    {
        Program = TestedProgram.Path,
        Qemu = TestMachine.Qemu,
        DeviceArguments = ["--size", "1024x768"],
        Arguments =
        [
            .. TestMachine.Accelerator, "-m", "512M", "-kernel", TestMachine.Kernel, "-initrd", Path.Combine(TestMachine.Guest, "initrd.img"),
            "-append", TestMachine.CommandLine, "-monitor", "none",
        ],
    };

    [QemuFact]
    public async Task A_machine_is_started_typed_into_and_ended_with_all_that_belongs_to_it()
    {
        DisplayAddress address;
        await using (GuestMachine vm = await GuestMachine.StartAsync(Options with { HasSerialConsole = true, HasMonitor = true }))
        {
            address = vm.Display.Address;
            Screen screen = vm.Screen();
            var patient = new WaitOptions { Timeout = TimeSpan.FromMinutes(2) };
            await vm.Serial.WaitForLineAsync("fbshare-guest ready");
            await vm.Serial.SendAsync("echo $((6 * 7)) is the answer");
            Assert.Equal("42 is the answer", await vm.Serial.WaitForLineAsync("42"));
            Assert.Equal("running", vm.Monitor.Execute("query-status").GetProperty("status").GetString());
            // The guest's console, which does not blink.
            await screen.WaitStillAsync(TimeSpan.FromSeconds(1), patient);
            ScreenCapture before = await screen.CaptureAsync();
            Assert.Equal((1024, 768), (before.Width, before.Height));
            Task<ScreenMatch> changed = screen.WaitChangedAsync(patient);
            await screen.TypeAsync("clear\n");
            await changed;
            using var other = GuestMachine.Attach($"{address}").Display;
            Assert.Equal([0u], other.Outputs);
        }
        Assert.Throws<DisplayException>(() => GuestDisplay.Connect(address));
    }

    [QemuFact]
    public async Task What_a_guest_does_not_say_is_told_with_what_it_said_and_a_machine_without_a_serial_line_says_how_to_get_one()
    {
        await using GuestMachine vm = await GuestMachine.StartAsync(Options with { HasSerialConsole = true });
        await vm.Serial.WaitForLineAsync("fbshare-guest ready");
        GuestMachineException failure = await Assert.ThrowsAsync<GuestMachineException>(() => vm.Serial.WaitForLineAsync("something else", TimeSpan.FromMilliseconds(100)));
        Assert.Contains("did not say 'something else' within 0.1 s", failure.Message, StringComparison.Ordinal);
        Assert.Contains("fbshare-guest ready", failure.Message, StringComparison.Ordinal);

        await using var other = GuestMachine.Attach($"{vm.Display.Address}");
        Assert.Contains(nameof(GuestMachineOptions.HasSerialConsole), Assert.Throws<InvalidOperationException>(() => other.Serial).Message, StringComparison.Ordinal);
        Assert.Contains(nameof(GuestMachineOptions.HasMonitor), Assert.Throws<InvalidOperationException>(() => vm.Monitor).Message, StringComparison.Ordinal);
        await vm.Serial.SendAsync("poweroff");
        Assert.Equal(0, await vm.WaitForExitAsync());
        GuestMachineException gone = await Assert.ThrowsAsync<GuestMachineException>(() => vm.Serial.WaitForLineAsync("anything"));
        Assert.Contains("QEMU is gone", gone.Message, StringComparison.Ordinal);
    }

    [QemuFact]
    public async Task A_QEMU_whose_screen_goes_elsewhere_is_started_without_a_display()
    {
        await using GuestMachine vm = await GuestMachine.StartAsync(Options with
        {
            IsStock = true,
            HasDisplay = false,
            HasSerialConsole = true,
            Arguments = [.. Options.Arguments, "-display", "none"],
        });
        Assert.StartsWith("fbshare-guest", await vm.Serial.WaitForAnyLineAsync(["no such line", "fbshare-guest ready"]), StringComparison.Ordinal);
        Assert.Contains(nameof(GuestMachineOptions.HasDisplay), Assert.Throws<InvalidOperationException>(() => vm.Display).Message, StringComparison.Ordinal);
    }

    [QemuFact]
    public async Task A_machine_that_does_not_start_says_what_QEMU_said()
    {
        GuestMachineException failure = await Assert.ThrowsAsync<GuestMachineException>(() => GuestMachine.StartAsync(Options with { Arguments = ["-m", "512M", "-no-such-option"] }));
        Assert.Contains("-no-such-option", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_program_it_says_how_to_name_one()
    {
        GuestMachineException failure = await Assert.ThrowsAsync<GuestMachineException>(() => GuestMachine.StartAsync(Options with { Program = "no-such-fbshare" }));
        Assert.Contains("FBSHARE_PROGRAM", failure.Message, StringComparison.Ordinal);
    }
}
