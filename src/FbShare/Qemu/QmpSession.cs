using System.Buffers;
using System.Text.Json;
using FbShare.Linux;

namespace FbShare.Qemu;

/// <summary>QEMU's monitor (QMP, docs/interop/qmp-spec.rst) on an event loop: never blocks.</summary>
/// <remarks>Used on its loop only. Commands may be sent immediately: they wait for QEMU's greeting and are sent in order.</remarks>
public sealed class QmpSession : IDisposable
{
    /// <summary>The longest message taken from QEMU, in bytes.</summary>
    private const int MaxMessage = 16 << 20;

    /// <summary>How many commands may be unanswered before QEMU counts as stopped (<see cref="IsFull"/>).</summary>
    private const int MostUnanswered = 256;

    /// <summary>How many unanswered commands are kept at most; further ones fail.</summary>
    private const int MostKept = 8192;

    private readonly UnixSocket _socket;
    private readonly EventLoop.Watch _watch;
    private readonly Queue<Outgoing> _outgoing = [];
    private readonly Queue<Action<QmpReply>?> _awaited = [];
    private readonly ArrayBufferWriter<byte> _command = new(256);
    private byte[] _incoming = new byte[4096];
    private int _received;
    private int _sent;
    private bool _ready;
    private bool _closed;

    /// <param name="loop">The loop that all of it runs on.</param>
    /// <param name="socket">Connected to QEMU; owned from here on.</param>
    public QmpSession(EventLoop loop, UnixSocket socket)
    {
        _socket = socket;
        try
        {
            socket.Descriptor.SetNonBlocking();
            _watch = loop.Add(socket.Descriptor, LoopEvents.Readable, OnReady);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Called for every event with its name (<c>SHUTDOWN</c>) and data, which is valid during the call.</summary>
    public Action<string, JsonElement>? EventReceived { get; set; }

    /// <summary>Called once when QEMU has gone or sends something that is not QMP. Commands that are unanswered then stay so.</summary>
    public Action<string>? Closed { get; set; }

    /// <summary>How many commands QEMU has not answered.</summary>
    public int Unanswered => _awaited.Count;

    /// <summary>Whether QEMU does not answer at the moment (it was stopped, or does not read): send only what is necessary.</summary>
    public bool IsFull => _awaited.Count >= MostUnanswered;

    /// <summary>Sends a command. If too many are unanswered already, it fails immediately.</summary>
    /// <param name="command">Its name, such as <c>input-send-event</c>.</param>
    /// <param name="writeArguments">Writes the properties of "arguments"; null for none.</param>
    /// <param name="done">Called with QEMU's answer.</param>
    /// <param name="fd">Sent with the command (for <c>getfd</c>); owned from here on, closed once sent.</param>
    public void Send(string command, Action<Utf8JsonWriter>? writeArguments = null, Action<QmpReply>? done = null, FileDescriptor? fd = null)
    {
        if (_closed)
        {
            fd?.Dispose();
            return;
        }
        if (_awaited.Count >= MostKept)
        {
            fd?.Dispose();
            done?.Invoke(new QmpReply(default, $"QEMU has left {MostKept} commands unanswered"));
            return;
        }
        _outgoing.Enqueue(new Outgoing(Encode(command, writeArguments), fd));
        _awaited.Enqueue(done);
        Flush();
    }

    /// <summary>Disconnects from the monitor.</summary>
    public void Dispose() => Close(null);

    private byte[] Encode(string command, Action<Utf8JsonWriter>? writeArguments)
    {
        _command.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_command))
        {
            json.WriteStartObject();
            json.WriteString("execute", command);
            if (writeArguments is not null)
            {
                json.WriteStartObject("arguments");
                writeArguments(json);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        _command.Write("\n"u8);
        return _command.WrittenSpan.ToArray();
    }

    private void OnReady(LoopEvents events)
    {
        try
        {
            if (events != LoopEvents.Writable)
            {
                Receive();
            }
            if (!_closed)
            {
                Flush();
            }
        }
        catch (Exception e) when (e is LinuxException or JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            Close(e.Message);
        }
    }

    private void Flush()
    {
        while (_ready && _outgoing.TryPeek(out Outgoing next))
        {
            ReadOnlySpan<FileDescriptor> descriptors = next.Descriptor is { } fd && _sent == 0 ? [fd] : [];
            int count;
            try
            {
                count = _socket.Send(next.Data.AsSpan(_sent), descriptors, wait: false);
            }
            catch (LinuxException e)
            {
                Close(e.Message);
                return;
            }
            if (count == 0)
            {
                _watch.Change(LoopEvents.Readable | LoopEvents.Writable);
                return;
            }
            _sent += count;
            if (_sent == next.Data.Length)
            {
                _outgoing.Dequeue().Descriptor?.Dispose();
                _sent = 0;
            }
        }
        if (!_closed)
        {
            _watch.Change(LoopEvents.Readable);
        }
    }

    private void Receive()
    {
        if (_received == _incoming.Length)
        {
            if (_received >= MaxMessage)
            {
                Close($"QEMU sent a message longer than {MaxMessage} bytes");
                return;
            }
            Array.Resize(ref _incoming, _incoming.Length * 2);
        }
        if (_socket.Receive(_incoming.AsSpan(_received), wait: false) is not { } count)
        {
            return;
        }
        if (count == 0)
        {
            Close("QEMU closed its monitor");
            return;
        }
        int scanned = _received;
        _received += count;
        int start = 0;
        while (!_closed && _incoming.AsSpan(scanned, _received - scanned).IndexOf((byte)'\n') is var at and >= 0)
        {
            Take(_incoming.AsMemory(start, scanned + at - start));
            start = scanned += at + 1;
        }
        _incoming.AsSpan(start, _received - start).CopyTo(_incoming);
        _received -= start;
    }

    private void Take(ReadOnlyMemory<byte> line)
    {
        if (line.Span.Trim(" \r"u8).IsEmpty)
        {
            return;
        }
        using JsonDocument message = JsonDocument.Parse(line);
        JsonElement root = message.RootElement;
        if (root.TryGetProperty("event", out JsonElement name))
        {
            EventReceived?.Invoke(name.GetString()!, root.TryGetProperty("data", out JsonElement data) ? data : default);
        }
        else if (root.TryGetProperty("QMP", out _))
        {
            // Only for the first greeting: the answer goes ahead of everything that waits, however much that is.
            if (!_ready)
            {
                SendCapabilities();
            }
        }
        else if (_awaited.TryDequeue(out Action<QmpReply>? done))
        {
            done?.Invoke(root.TryGetProperty("error", out JsonElement error)
                ? new QmpReply(default, PeerText.Line(error.GetProperty("desc").GetString() ?? "unknown error"))
                : new QmpReply(root.GetProperty("return"), null));
        }
    }

    /// <summary>Ends the negotiation mode, ahead of the commands that wait to be sent.</summary>
    private void SendCapabilities()
    {
        Outgoing[] waiting = [.. _outgoing];
        Action<QmpReply>?[] awaited = [.. _awaited];
        _outgoing.Clear();
        _awaited.Clear();
        _ready = true;
        Send("qmp_capabilities");
        foreach (Outgoing command in waiting)
        {
            _outgoing.Enqueue(command);
        }
        foreach (Action<QmpReply>? done in awaited)
        {
            _awaited.Enqueue(done);
        }
    }

    private void Close(string? why)
    {
        if (_closed)
        {
            return;
        }
        _closed = true;
        _watch.Dispose();
        _socket.Dispose();
        foreach (Outgoing command in _outgoing)
        {
            command.Descriptor?.Dispose();
        }
        if (why is not null)
        {
            Closed?.Invoke(PeerText.Line(why));
        }
    }

    private readonly record struct Outgoing(byte[] Data, FileDescriptor? Descriptor);
}

/// <summary>What QEMU answered.</summary>
/// <param name="Value">The "return" value, valid during the call; undefined after an error.</param>
/// <param name="Error">QEMU's description of what went wrong; null after success.</param>
public readonly record struct QmpReply(JsonElement Value, string? Error);
