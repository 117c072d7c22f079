using System.Globalization;
using System.Text.RegularExpressions;

namespace FbShare.Tools.BenchPeers;

/// <summary>The test guest flips pictures (tools/guest/CARD.md), or only computes.</summary>
internal sealed partial class CardWork(GuestConsole console, PeerSettings settings, bool onlyComputes) : IGuestWork
{
    public Task WaitForBootAsync(CancellationToken stop) => console.WaitForLineAsync("fbshare-guest ready", stop);

    public Task StartAsync(int seconds, CancellationToken stop)
    {
        // What only computes says what the card program says.
        string command = onlyComputes
            ? $"end=$(($(date +%s) + {seconds})); echo card: flipping; while [ $(date +%s) -lt $end ]; do i=0; while [ $i -lt 9999 ]; do i=$((i + 1)); done; done; "
                + $"echo card: flipped flips={seconds} rate=1; read -r line; echo card: done"
            : $"card {settings.Card} --mode {PeerSettings.Width}x{PeerSettings.Height} --seconds {seconds}{(settings.Rate is { } rate ? $" --rate {rate}" : "")}";
        return console.SayAsync(command);
    }

    public Task WaitForFirstAsync(CancellationToken stop) => console.WaitForLineAsync("card: flipping", stop);

    public async Task<(int Count, double Rate)> WaitForLastAsync(CancellationToken stop) => Parse(await console.WaitForLineAsync("card: flipped", stop));

    /// <summary>Lets the card program end, which shows its last picture until then.</summary>
    public async Task EndAsync(CancellationToken stop)
    {
        await console.SayAsync("");
        await console.WaitForLineAsync("card: done", stop);
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
}
