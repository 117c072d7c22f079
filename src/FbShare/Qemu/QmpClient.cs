using System.Text.Json;
using FbShare.Linux;

namespace FbShare.Qemu;

/// <summary>QEMU's monitor (QMP) for tools and tests, which wait for each answer.</summary>
/// <remarks>For one thread at a time.</remarks>
public sealed class QmpClient : IDisposable
{
    // A session that calls back, and a loop of its own to wait on.
    private readonly EventLoop _loop = new();
    private readonly QmpSession _session;
    private string? _closed;

    /// <param name="socket">Connected to QEMU; owned from here on.</param>
    internal QmpClient(UnixSocket socket) => _session = new QmpSession(_loop, socket) { Closed = why => _closed = why };

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Told of events with their data, valid during the call, while an answer or an event is waited for.</summary>
    public Action<string, JsonElement>? EventReceived
    {
        get => _session.EventReceived;
        set => _session.EventReceived = value;
    }

    /// <summary>Connects to the socket of a QEMU's <c>-qmp unix:PATH,server=on</c>.</summary>
    /// <param name="path">The socket.</param>
    /// <exception cref="QemuException">No monitor listens there.</exception>
    public static QmpClient Connect(string path)
    {
        try
        {
            return new QmpClient(UnixSocket.Connect(path));
        }
        catch (LinuxException e)
        {
            throw new QemuException($"no QEMU monitor at {path}: {e.Message}", e);
        }
    }

    /// <summary>Runs a command and waits for its answer.</summary>
    /// <param name="command">Its name.</param>
    /// <param name="writeArguments">Writes the properties of "arguments"; null for none.</param>
    /// <param name="fd">Sent with the command (for <c>getfd</c>); owned from here on.</param>
    /// <returns>The "return" value, the caller's to keep.</returns>
    /// <exception cref="QemuException">QEMU refused, is gone, or did not answer in <see cref="Timeout"/>.</exception>
    public JsonElement Execute(string command, Action<Utf8JsonWriter>? writeArguments = null, FileDescriptor? fd = null)
    {
        JsonElement? value = null;
        string? error = null;
        _session.Send(command, writeArguments, Answered, fd);
        long deadline = EventLoop.Now + (long)Timeout.TotalNanoseconds;
        while (value is null && error is null && _closed is null)
        {
            RunUntil(deadline, command);
        }
        return value ?? throw new QemuException(error is null ? $"QEMU's monitor closed before it answered {command}: {_closed}" : $"QEMU refused {command}: {error}");

        void Answered(QmpReply reply)
        {
            error = reply.Error;
            value = error is null ? reply.Value.Clone() : null;
        }
    }

    /// <summary>Waits for an event. It and all that come before go to <see cref="EventReceived"/> as well.</summary>
    /// <param name="name">The event's.</param>
    /// <returns>The event's data, the caller's to keep.</returns>
    /// <exception cref="QemuException">QEMU is gone, or it did not come in <see cref="Timeout"/>.</exception>
    public JsonElement WaitFor(string name)
    {
        JsonElement? data = null;
        Action<string, JsonElement>? others = EventReceived;
        EventReceived = (n, d) =>
        {
            if (n == name)
            {
                data = d.ValueKind == JsonValueKind.Undefined ? d : d.Clone();
            }
            others?.Invoke(n, d);
        };
        try
        {
            long deadline = EventLoop.Now + (long)Timeout.TotalNanoseconds;
            while (data is null && _closed is null)
            {
                RunUntil(deadline, name);
            }
            return data ?? throw new QemuException($"QEMU's monitor closed before the event {name} came: {_closed}");
        }
        finally
        {
            EventReceived = others;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        _loop.Dispose();
    }

    private void RunUntil(long deadline, string what)
    {
        long left = (deadline - EventLoop.Now) / 1_000_000;
        if (left <= 0)
        {
            throw new QemuException($"QEMU did not answer {what} within {Timeout.TotalSeconds:0.#} s");
        }
        _loop.RunOnce((int)Math.Min(left, int.MaxValue));
    }
}
