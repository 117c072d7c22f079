using FbShare.Testing.Machines;
using FbShare.Testing.Recording;
using FbShare.Testing.Screens;
using FbShare.Testing.Typing;
using Xunit;

[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

public class LoginTests
{
    [Fact]
    public async Task Root_can_log_in()
    {
        // A disk of your own: its console has a German keyboard.
        await using var vm = await GuestMachine.StartAsync("-m", "1G", "-snapshot", Environment.GetEnvironmentVariable("TEST_DISK") ?? "disk.qcow2");
        Screen screen = vm.Screen();
        await using ScreenRecorder recorder = await screen.RecordAsync("login.y4m");

        // A failure says what was there instead, and where pictures of it lie.
        await screen.WaitStillAsync(TimeSpan.FromSeconds(3), new WaitOptions { Timeout = TimeSpan.FromMinutes(2) });
        await screen.TypeAsync("root\n", KeyboardLayout.Load("de"));
        await screen.WaitStillAsync(TimeSpan.FromSeconds(1));
        (await screen.CaptureAsync()).Save("login.png");
        await screen.PressAsync("ctrl-alt-del");
    }
}
