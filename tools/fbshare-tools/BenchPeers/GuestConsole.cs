using System.Globalization;
using System.Text.RegularExpressions;

namespace FbShare.Tools.BenchPeers;

/// <summary>The shell on the test guest's serial line, which is QEMU's input and output.</summary>
internal sealed partial class GuestConsole(CaseProcess qemu)
{
    /// <summary>An emulated guest on a busy machine takes its time to boot.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public Task WaitForBootAsync(CancellationToken stop) => WaitForLineAsync("fbshare-guest ready", stop);

    /// <summary>Has the guest flip, or only compute, for so many seconds.</summary>
    public Task StartAsync(PeerSettings settings, bool onlyComputes, int seconds)
    {
        // What only computes says what the card program says.
        string command = onlyComputes
            ? $"end=$(($(date +%s) + {seconds})); echo card: flipping; while [ $(date +%s) -lt $end ]; do i=0; while [ $i -lt 9999 ]; do i=$((i + 1)); done; done; "
                + $"echo card: flipped flips={seconds} rate=1; read -r line; echo card: done"
            : $"card {settings.Card} --mode {PeerSettings.Width}x{PeerSettings.Height} --seconds {seconds}{(settings.Rate is { } rate ? $" --rate {rate}" : "")}";
        return SayAsync(command);
    }

    public Task WaitForFirstFlipAsync(CancellationToken stop) => WaitForLineAsync("card: flipping", stop);

    /// <returns>How many flips there were, and how many a second.</returns>
    public async Task<(int Flips, double Rate)> WaitForLastFlipAsync(CancellationToken stop) => Parse(await WaitForLineAsync("card: flipped", stop));

    /// <summary>Lets the card program end, which shows its last picture until then.</summary>
    public async Task LetCardEndAsync(CancellationToken stop)
    {
        await SayAsync("");
        await WaitForLineAsync("card: done", stop);
    }

    /// <summary>Reads the card program's line.</summary>
    /// <exception cref="ToolException">It has no such numbers.</exception>
    internal static (int Flips, double Rate) Parse(string line)
    {
        Match match = Flipped.Match(line);
        return match.Success
            ? (int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture), double.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture))
            : throw new ToolException($"the guest did not say how often it flipped but: {line}");
    }

    [GeneratedRegex(@"\bflips=([1-9]\d*) .*\brate=(\d+(?:\.\d+)?)")]
    private static partial Regex Flipped { get; }

    private async Task SayAsync(string line)
    {
        await qemu.Input.WriteAsync($"{line}\n");
        await qemu.Input.FlushAsync();
    }

    private async Task<string> WaitForLineAsync(string words, CancellationToken stop)
    {
        while (true)
        {
            string? line;
            try
            {
                line = await qemu.Output.ReadLineAsync(stop).AsTask().WaitAsync(Patience, stop);
            }
            catch (TimeoutException e)
            {
                throw new ToolException($"the guest did not say '{words}' in time; QEMU: {qemu.LastWords}", e);
            }
            switch (line)
            {
                case null:
                    throw new ToolException($"QEMU ended before the guest said '{words}': {qemu.LastWords}");
                case var _ when line.StartsWith(words, StringComparison.Ordinal):
                    return line;
                case var _ when line.StartsWith("card: error", StringComparison.Ordinal) || line.StartsWith("card: refused", StringComparison.Ordinal):
                    throw new ToolException($"the guest said: {line}");
            }
        }
    }
}
