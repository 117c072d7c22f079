using System.Net.Sockets;

namespace FbShare.Tools.BenchPeers;

/// <summary>A machine's keyboard, by QEMU's monitor (QMP).</summary>
internal sealed class QemuKeyboard : IDisposable
{
    private readonly NetworkStream _stream;
    private readonly StreamReader _reader;

    private QemuKeyboard(Socket socket)
    {
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new StreamReader(_stream);
    }

    public static async Task<QemuKeyboard> ConnectAsync(string path, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new ToolException($"QEMU's monitor does not answer: {e.Message}", e);
        }
        var keyboard = new QemuKeyboard(socket);
        await keyboard.ExecuteAsync("""{"execute":"qmp_capabilities"}""", stop);
        return keyboard;
    }

    /// <summary>Presses and releases a key.</summary>
    /// <param name="letter">a to z, a space, or a line feed for Enter.</param>
    public Task PressAsync(char letter, CancellationToken stop)
    {
        string key = letter switch
        {
            ' ' => "spc",
            '\n' => "ret",
            // Where they lie on the guest's German keyboard.
            'y' => "z",
            'z' => "y",
            _ => $"{letter}",
        };
        return ExecuteAsync($$$"""{"execute":"input-send-event","arguments":{"events":[{{{Event(true)}}},{{{Event(false)}}}]}}""", stop);

        string Event(bool isDown) => $$$$"""{"type":"key","data":{"down":{{{{(isDown ? "true" : "false")}}}},"key":{"type":"qcode","data":"{{{{key}}}}"}}}""";
    }

    public void Dispose() => _reader.Dispose();

    /// <summary>Sends a command and waits for its answer.</summary>
    private async Task ExecuteAsync(string command, CancellationToken stop)
    {
        await _stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(command + "\n"), stop);
        while (true)
        {
            // Its greeting and events come, too.
            string line = await _reader.ReadLineAsync(stop) ?? throw new ToolException("QEMU's monitor is gone");
            if (line.StartsWith("{\"error\"", StringComparison.Ordinal))
            {
                throw new ToolException($"QEMU refused {command}: {line}");
            }
            if (line.StartsWith("{\"return\"", StringComparison.Ordinal))
            {
                return;
            }
        }
    }
}
