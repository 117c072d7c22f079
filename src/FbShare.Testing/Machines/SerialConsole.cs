using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace FbShare.Testing.Machines;

/// <summary>A machine's first serial line, if <see cref="GuestMachineOptions.HasSerialConsole"/> asked for one: lines of text, both ways.</summary>
/// <remarks>May be used from any thread.</remarks>
public sealed class SerialConsole : IDisposable
{
    /// <summary>Lines that nobody has asked for yet; older ones are dropped.</summary>
    private const int MostLines = 1 << 16;

    /// <summary>A guest that never ends its line.</summary>
    private const int LongestLine = 1 << 16;

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(2);

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(new BoundedChannelOptions(MostLines) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly BoundedText _said = new();
    private readonly NetworkStream _stream;

    /// <param name="socket">Connected to QEMU; owned from here on.</param>
    internal SerialConsole(Socket socket)
    {
        _stream = new NetworkStream(socket, ownsSocket: true);
        _ = ReadAsync();
    }

    /// <summary>What the guest said so far, the last megabyte of it.</summary>
    public string Said => _said.ToString();

    /// <summary>Sends a line, as if somebody typed it and Enter.</summary>
    /// <exception cref="GuestMachineException">QEMU is gone.</exception>
    public async Task SendAsync(string line)
    {
        try
        {
            await _stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\n")).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw Failure("QEMU is gone", e);
        }
    }

    /// <summary>Waits for a line that begins with <paramref name="start"/>. Those before it are passed over, and none is looked at twice.</summary>
    /// <param name="start">How it begins.</param>
    /// <param name="timeout">How long to wait; null: two minutes.</param>
    /// <param name="cancellation">Ends the wait with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The whole line, without its end.</returns>
    /// <exception cref="GuestMachineException">It did not come in time, or QEMU is gone; the message says what came last.</exception>
    public Task<string> WaitForLineAsync(string start, TimeSpan? timeout = null, CancellationToken cancellation = default) =>
        WaitForAnyLineAsync([start], timeout, cancellation);

    /// <summary>Waits for a line that begins with one of several texts, such as the one that tells of a failure.</summary>
    /// <param name="starts">How it may begin.</param>
    /// <param name="timeout">How long to wait; null: two minutes.</param>
    /// <param name="cancellation">Ends the wait with an <see cref="OperationCanceledException"/>.</param>
    /// <inheritdoc cref="WaitForLineAsync"/>
    public async Task<string> WaitForAnyLineAsync(IReadOnlyList<string> starts, TimeSpan? timeout = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(starts.Count, nameof(starts));
        string wanted = string.Join(" or ", starts.Select(s => $"'{s}'"));
        TimeSpan patience = timeout ?? DefaultTimeout;
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(patience);
        try
        {
            while (true)
            {
                string line = await _lines.Reader.ReadAsync(late.Token).ConfigureAwait(false);
                if (starts.Any(s => line.StartsWith(s, StringComparison.Ordinal)))
                {
                    return line;
                }
            }
        }
        catch (ChannelClosedException e)
        {
            throw Failure($"QEMU is gone, and the guest has not said {wanted}", e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw Failure($"the guest did not say {wanted} within {patience.TotalSeconds:0.###} s", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private async Task ReadAsync()
    {
        try
        {
            using var reader = new StreamReader(_stream, Encoding.UTF8);
            var line = new StringBuilder();
            char[] buffer = new char[4096];
            int count;
            while ((count = await reader.ReadAsync(buffer).ConfigureAwait(false)) > 0)
            {
                for (int i = 0; i < count; i++)
                {
                    if (buffer[i] == '\n' || line.Length == LongestLine)
                    {
                        string whole = line.ToString().TrimEnd('\r');
                        line.Clear();
                        _said.Add(whole);
                        _lines.Writer.TryWrite(whole);
                    }
                    if (buffer[i] != '\n')
                    {
                        line.Append(buffer[i]);
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // QEMU ended, or this was disposed: whoever waits is told by the end of the lines.
        }
        _lines.Writer.TryComplete();
    }

    private GuestMachineException Failure(string what, Exception cause)
    {
        string said = Said;
        return new GuestMachineException($"{what}; the end of what it said:\n{said[Math.Max(0, said.Length - 4000)..]}", cause);
    }
}
