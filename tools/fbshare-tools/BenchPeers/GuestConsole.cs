namespace FbShare.Tools.BenchPeers;

/// <summary>The shell on a guest's serial line, which is QEMU's input and output.</summary>
internal sealed class GuestConsole(CaseProcess qemu)
{
    /// <summary>An emulated guest on a busy machine takes its time to boot.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Sends a line.</summary>
    public async Task SayAsync(string line)
    {
        await qemu.Input.WriteAsync($"{line}\n");
        await qemu.Input.FlushAsync();
    }

    /// <summary>Waits for a line that begins so.</summary>
    /// <exception cref="ToolException">It did not come, or the guest failed.</exception>
    public async Task<string> WaitForLineAsync(string words, CancellationToken stop)
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
