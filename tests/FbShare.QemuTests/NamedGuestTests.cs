using System.Diagnostics;
using System.Text.Json;
using FbShare.Testing.Machines;
using FbShare.Testing.Screens;
using FbShare.Tests;

namespace FbShare.QemuTests;

/// <summary>A real guest that is found by the name that QEMU gives it.</summary>
public sealed class NamedGuestTests : IDisposable
{
    private readonly TemporaryFolder _folder = new("named");

    public void Dispose() => _folder.Dispose();

    [QemuFact]
    public async Task A_guest_is_listed_viewed_and_waited_for_by_its_name_and_has_its_terminal_to_itself()
    {
        string log = _folder["log"], picture = _folder["screen.png"];
        using Process run = Start(
        [
            "run", "--log", log, "--size", "1024x768", "--dump-to", picture, "--dump-when", "still:2s", "--", TestMachine.Qemu, .. TestMachine.Accelerator,
            "-name", "guest=a test,debug-threads=on", "-m", "512M", "-nodefaults", "-kernel", TestMachine.Kernel,
            "-initrd", Path.Combine(TestMachine.Guest, "initrd.img"), "-append", TestMachine.CommandLine, "-serial", "stdio",
        ]);
        Task<string> said = run.StandardError.ReadToEndAsync();
        try
        {
            Assert.Contains("ready", await ReadUntilReadyAsync(run), StringComparison.Ordinal);
            Assert.Equal(0, await RunAsync("wait", "a-test", "--still", "2s", "--timeout", "2m"));
            // Without a name: the only one.
            Assert.Equal(0, await RunAsync("dump", "-o", _folder["again.png"]));
            using JsonDocument list = JsonDocument.Parse(await OutputAsync("list", "--json"));
            JsonElement only = Assert.Single(list.RootElement.EnumerateArray());
            Assert.Equal(("a-test", "a test", run.Id), (only.GetProperty("name").GetString(), only.GetProperty("guest").GetString(), only.GetProperty("pid").GetInt32()));
            JsonElement output = Assert.Single(only.GetProperty("outputs").EnumerateArray());
            Assert.Equal((1024, 768), (output.GetProperty("width").GetInt32(), output.GetProperty("height").GetInt32()));
            Assert.Equal(0, only.GetProperty("viewers").GetInt32());

            await using (GuestMachine machine = GuestMachine.Attach(only.GetProperty("display").GetString()!))
            {
                Assert.Equal(1024, (await machine.Screen().CaptureAsync()).Width);
                Assert.Matches(@"(?m)^a-test +1024x768 +\w+ +1 +\d+$", await OutputAsync("list"));
            }
            // A quarter of a minute at the most after the guest stood still.
            XServer.WaitUntil(() => File.Exists(picture), () => $"{picture} was not written: {File.ReadAllText(log)}");
        }
        finally
        {
            run.StandardInput.WriteLine("poweroff");
            await run.WaitForExitAsync();
        }
        Assert.Equal("", await said);
        Assert.DoesNotContain("fbshare", await run.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Contains($"fbshare: {picture}: 1024x768", File.ReadAllText(log), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["fbshare"]));
    }

    private static async Task<string> ReadUntilReadyAsync(Process run)
    {
        string text = "";
        while (!text.Contains("fbshare-guest ready", StringComparison.Ordinal) && await run.StandardOutput.ReadLineAsync() is { } line)
        {
            text += line + "\n";
        }
        return text;
    }

    private async Task<int> RunAsync(params string[] words)
    {
        using Process process = Start(words);
        Task<string> said = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await said);
        return process.ExitCode;
    }

    private async Task<string> OutputAsync(params string[] words)
    {
        using Process process = Start(words);
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output;
    }

    private Process Start(string[] words)
    {
        var start = new ProcessStartInfo(TestedProgram.Path, words) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["XDG_RUNTIME_DIR"] = _folder.Path;
        return Process.Start(start)!;
    }
}
