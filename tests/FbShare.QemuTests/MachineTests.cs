using FbShare.Display.Client;
using FbShare.Testing.Machines;
using FbShare.Testing.Screens;
using Machine = FbShare.Testing.Machines.GuestMachine;

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
        await using (Machine vm = await Machine.StartAsync(Options))
        {
            address = vm.Display.Address;
            Screen screen = vm.Screen();
            var patient = new WaitOptions { Timeout = TimeSpan.FromMinutes(2) };
            // The guest's console, which does not blink.
            await screen.WaitStillAsync(TimeSpan.FromSeconds(3), patient);
            ScreenCapture before = await screen.CaptureAsync();
            Assert.Equal((1024, 768), (before.Width, before.Height));
            Task<ScreenMatch> changed = screen.WaitChangedAsync(patient);
            await screen.TypeAsync("clear\n");
            await changed;
            using var other = Machine.Attach($"{address}").Display;
            Assert.Equal([0u], other.Outputs);
        }
        Assert.Throws<DisplayException>(() => GuestDisplay.Connect(address));
    }

    [QemuFact]
    public async Task A_machine_that_does_not_start_says_what_QEMU_said()
    {
        GuestMachineException failure = await Assert.ThrowsAsync<GuestMachineException>(() => Machine.StartAsync(Options with { Arguments = ["-m", "512M", "-no-such-option"] }));
        Assert.Contains("-no-such-option", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_program_it_says_how_to_name_one()
    {
        GuestMachineException failure = await Assert.ThrowsAsync<GuestMachineException>(() => Machine.StartAsync(Options with { Program = "no-such-fbshare" }));
        Assert.Contains("FBSHARE_PROGRAM", failure.Message, StringComparison.Ordinal);
    }
}
