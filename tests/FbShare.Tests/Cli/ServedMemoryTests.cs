using System.Diagnostics;
using System.Globalization;
using FbShare.Display.Client;
using FbShare.Linux;

namespace FbShare.Tests.Cli;

/// <summary>What a device that runs for long keeps in memory.</summary>
public sealed class ServedMemoryTests : IDisposable
{
    /// <summary>KiB.</summary>
    private const long MostGrowth = 8 << 10;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Each leaves 15 KiB of garbage, and .NET collects that only once it is as much as the processor's cache, unless it is told.</summary>
    [PublishedProgramFact]
    public void Viewers_that_came_and_left_are_not_kept_in_memory()
    {
        string display = _folder["display"];
        using Process device = FbShareProgram.Start("serve", "--socket-path", _folder["gpu"], "--display", $"unix:{display}", "--quiet");
        try
        {
            Assert.True(SpinWait.SpinUntil(() => ListeningSocket.IsAt(display), TimeSpan.FromSeconds(30)));
            using var loop = new EventLoop();
            Visit(100);
            long before = PrivateKiB(device.Id);
            Visit(2000);
            Assert.InRange(PrivateKiB(device.Id) - before, long.MinValue, MostGrowth);

            void Visit(int times)
            {
                for (int i = 0; i < times; i++)
                {
                    using DisplayClient client = DisplayClient.Connect(loop, new DisplayAddress(DisplayAddressKind.Unix, display));
                    Assert.Single(client.Consoles);
                }
            }
        }
        finally
        {
            device.Kill();
            device.WaitForExit();
        }
    }

    private static long PrivateKiB(int process) => long.Parse(
        File.ReadLines($"/proc/{process}/status").Single(l => l.StartsWith("RssAnon:", StringComparison.Ordinal))[8..^2], CultureInfo.InvariantCulture);
}
