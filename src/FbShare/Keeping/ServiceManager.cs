using System.Globalization;
using System.Text;
using FbShare.Linux;

namespace FbShare.Keeping;

/// <summary>The service manager that started this process, systemd as a rule: what it is told (sd_notify(3)).</summary>
public sealed class ServiceManager : IDisposable
{
    private const string SocketVariable = "NOTIFY_SOCKET";
    private const string WatchdogVariable = "WATCHDOG_USEC";
    private const string WatchdogProcessVariable = "WATCHDOG_PID";

    private readonly UnixSocket _socket;

    private ServiceManager(UnixSocket socket, TimeSpan? watchdog)
    {
        _socket = socket;
        Watchdog = watchdog;
    }

    /// <summary>How often it wants to hear from this process at least; null if it does not ask for that.</summary>
    public TimeSpan? Watchdog { get; }

    /// <summary>Connects to the manager that the environment names.</summary>
    /// <returns>Null if this process was not started by one that wants to be told anything.</returns>
    /// <exception cref="LinuxException">It named a socket where nobody listens.</exception>
    /// <exception cref="PathTooLongException">The socket's path is too long.</exception>
    public static ServiceManager? Find()
    {
        string? path = Take(SocketVariable), interval = Take(WatchdogVariable), process = Take(WatchdogProcessVariable);
        bool isWatched = process is null || process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return path is not { Length: > 0 } ? null : Connect(path, isWatched ? interval : null);
    }

    /// <param name="path">Where it listens.</param>
    /// <param name="microseconds">How often it wants to hear from this process; nothing, or no number, for never.</param>
    /// <inheritdoc cref="Find" path="/exception"/>
    internal static ServiceManager Connect(string path, string? microseconds)
    {
        TimeSpan? watchdog = long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number > 0
            ? TimeSpan.FromMicroseconds(number)
            : null;
        return new ServiceManager(UnixSocket.ConnectDatagrams(path), watchdog);
    }

    /// <summary>Says that the service does its work now.</summary>
    /// <param name="status">What it does, in words for whoever asks the manager.</param>
    public void TellReady(string status) => TryTell($"READY=1\nSTATUS={status}");

    /// <summary>Says that the service is alive; at least as often as <see cref="Watchdog"/> asks for.</summary>
    public void TellAlive() => TryTell("WATCHDOG=1");

    /// <summary>Leaves a descriptor with the manager, which hands it to the next process of this service.</summary>
    /// <param name="name">What it is called then; it must differ from all others.</param>
    /// <param name="descriptor">Stays the caller's. Its open file must not be with the manager already: that would keep the first name only.</param>
    /// <exception cref="LinuxException">The manager is gone.</exception>
    internal void Leave(string name, FileDescriptor descriptor) =>
        // Whether it is of use still is not the manager's to say: a connection that was closed meanwhile is something to be told of.
        Tell($"FDSTORE=1\nFDPOLL=0\nFDNAME={name}", descriptor);

    /// <summary>The manager may close what was left with it.</summary>
    /// <exception cref="LinuxException">The manager is gone.</exception>
    internal void Remove(string name) => Tell($"FDSTOREREMOVE=1\nFDNAME={name}");

    /// <summary>Closes the connection to the manager.</summary>
    public void Dispose() => _socket.Dispose();

    /// <summary>Reads a variable that is not for what this process starts.</summary>
    internal static string? Take(string variable)
    {
        string? value = Environment.GetEnvironmentVariable(variable);
        Environment.SetEnvironmentVariable(variable, null);
        return value;
    }

    private void TryTell(string message)
    {
        try
        {
            Tell(message);
        }
        catch (LinuxException)
        {
            // A manager that is gone does not wait for this.
        }
    }

    private void Tell(string message, FileDescriptor? descriptor = null) =>
        _socket.Send(Encoding.UTF8.GetBytes(message), descriptor is null ? default : new ReadOnlySpan<FileDescriptor>(in descriptor));
}
