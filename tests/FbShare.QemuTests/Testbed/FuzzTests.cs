using System.Diagnostics;
using Xunit;
using Xunit.Abstractions;

namespace FbShare.QemuTests.Testbed;

/// <summary>tools/fuzz where there is a real kernel's udmabuf.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
public sealed class FuzzTests(ITestOutputHelper output)
{
    /// <summary>Milliseconds: this machine may be emulated, and that on a busy one.</summary>
    private const string EmulatedTurn = "10000";

    /// <summary>Pages that are drawn on, taken away and written over under udmabufs, between any commands, some of which are wrong. In a process of its
    /// own, which may crash.</summary>
    [TestbedFact]
    public void A_hostile_guest_whose_pages_are_shared_does_no_harm_and_is_seen_as_it_is()
    {
        // FBSHARE_INPUTS: for who wants more than a few seconds.
        string inputs = Environment.GetEnvironmentVariable("FBSHARE_INPUTS") ?? "0";
        string program = Path.Combine(AppContext.BaseDirectory, "FbShare.Fuzz.dll");
        using Process fuzz = Process.Start(new ProcessStartInfo("dotnet", [program, "--door", "pages", "--seconds", "5", "--seed", "1", "--inputs", inputs, "--turn", EmulatedTurn])
        {
            RedirectStandardOutput = true,
        })!;
        string said = fuzz.StandardOutput.ReadToEnd();
        fuzz.WaitForExit();
        output.WriteLine(said);
        Assert.True(fuzz.ExitCode == 0, said);
        Assert.DoesNotContain("skipped", said, StringComparison.Ordinal);
    }
}
