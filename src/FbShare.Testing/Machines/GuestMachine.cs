using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using FbShare.Display.Client;
using FbShare.Qemu;
using FbShare.Testing.Screens;

namespace FbShare.Testing.Machines;

/// <summary>A machine under test: an FbShare device and a QEMU that uses it, started by <c>fbshare run</c>; a QEMU alone; or a display that runs already.</summary>
/// <remarks>What was started is ended when this is disposed.</remarks>
public sealed partial class GuestMachine : IAsyncDisposable
{
    private const string ProgramVariable = "FBSHARE_PROGRAM";
    private const int SIGTERM = 15;

    /// <summary>How long both may take to end before they are killed.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan LastWordsPatience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan RetryTime = TimeSpan.FromMilliseconds(50);

    private readonly StartedProgram? _program;
    private readonly SerialConsole? _serial;
    private readonly QmpClient? _monitor;
    private readonly GuestDisplay? _display;

    private GuestMachine(StartedProgram? program, SerialConsole? serial, QmpClient? monitor, GuestDisplay? display)
    {
        _program = program;
        _serial = serial;
        _monitor = monitor;
        _display = display;
    }

    /// <summary>The machine's display.</summary>
    /// <exception cref="InvalidOperationException">It was started without (<see cref="GuestMachineOptions.HasDisplay"/>).</exception>
    public GuestDisplay Display => _display ?? throw StartedWithout("display", nameof(GuestMachineOptions.HasDisplay));

    /// <summary>What FbShare and QEMU said so far, the last megabyte of it; empty where nothing was started.</summary>
    public string Log => _program?.Said ?? "";

    /// <summary>The machine's serial line.</summary>
    /// <exception cref="InvalidOperationException">It was started without (<see cref="GuestMachineOptions.HasSerialConsole"/>).</exception>
    public SerialConsole Serial => _serial ?? throw StartedWithout("serial console", nameof(GuestMachineOptions.HasSerialConsole));

    /// <summary>QEMU's monitor, for one thread at a time.</summary>
    /// <exception cref="InvalidOperationException">It was started without (<see cref="GuestMachineOptions.HasMonitor"/>).</exception>
    public QmpClient Monitor => _monitor ?? throw StartedWithout("monitor", nameof(GuestMachineOptions.HasMonitor));

    /// <summary>QEMU's process.</summary>
    /// <exception cref="InvalidOperationException">It was not started here.</exception>
    internal int QemuProcessId => Program.QemuProcessId;

    /// <summary>Starts a device and a QEMU, and waits until its display is there; the guest boots meanwhile.</summary>
    /// <param name="qemuArguments">Arguments for qemu-system-x86_64: memory, disks, CPU.</param>
    /// <exception cref="GuestMachineException">A program is missing, or one ended.</exception>
    public static Task<GuestMachine> StartAsync(params string[] qemuArguments) => StartAsync(new GuestMachineOptions { Arguments = qemuArguments });

    /// <inheritdoc cref="StartAsync(string[])"/>
    public static async Task<GuestMachine> StartAsync(GuestMachineOptions options, CancellationToken cancellation = default)
    {
        var program = new StartedProgram(options);
        SerialConsole? serial = null;
        QmpClient? monitor = null;
        try
        {
            if (program.SerialSocket is { } path)
            {
                // Before anything else: QEMU waits for it, so that no line is lost.
                serial = new SerialConsole(await AwaitAsync("serial line", () => Connect(path), e => e is SocketException).ConfigureAwait(false));
            }
            await AwaitAsync("QEMU", () => File.Exists(program.QemuMark) ? true : throw new FileNotFoundException("it has not got so far"), e => e is FileNotFoundException).ConfigureAwait(false);
            if (program.MonitorSocket is { } socket)
            {
                monitor = await AwaitAsync("monitor", () => QmpClient.Connect(socket), e => e is QemuException).ConfigureAwait(false);
            }
            GuestDisplay? display = options.HasDisplay
                ? await AwaitAsync("display", () => GuestDisplay.Connect(program.Display), e => e is DisplayException).ConfigureAwait(false)
                : null;
            return new GuestMachine(program, serial, monitor, display);
        }
        catch
        {
            serial?.Dispose();
            monitor?.Dispose();
            await program.EndAsync().ConfigureAwait(false);
            throw;
        }

        async Task<T> AwaitAsync<T>(string what, Func<T> connect, Func<Exception, bool> isTooEarly)
        {
            var clock = Stopwatch.StartNew();
            while (true)
            {
                try
                {
                    return connect();
                }
                catch (Exception e) when (isTooEarly(e) && (program.HasEnded || clock.Elapsed > options.Patience))
                {
                    await program.HearLastWordsAsync().ConfigureAwait(false);
                    throw new GuestMachineException(
                        program.HasEnded ? $"the machine ended before its {what} was there (status {program.ExitCode}):\n{program.Said}"
                            : $"the machine's {what} was not there within {options.Patience.TotalSeconds} s: {e.Message}\n{program.Said}",
                        e);
                }
                catch (Exception e) when (isTooEarly(e))
                {
                    await Task.Delay(RetryTime, cancellation).ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>Attaches to a display that runs already.</summary>
    /// <param name="display">As for <c>--display</c>: the name of a running one (<c>fbshare list</c>), unix:PATH of fbshare, qmp:PATH of a stock QEMU, dbus:ADDRESS, libvirt:DOMAIN.</param>
    /// <exception cref="ArgumentException">It is not such a name.</exception>
    /// <exception cref="DisplayException">Nobody is there, or it is no display.</exception>
    public static GuestMachine Attach(string display) => new(null, null, null, GuestDisplay.Connect(display));

    /// <inheritdoc cref="GuestDisplay.Screen"/>
    public Screen Screen(uint output = 0) => Display.Screen(output);

    /// <summary>Waits until QEMU has ended by itself.</summary>
    /// <returns>Its exit status.</returns>
    /// <exception cref="InvalidOperationException">It was not started here.</exception>
    public Task<int> WaitForExitAsync(CancellationToken cancellation = default) => Program.WaitForExitAsync(cancellation);

    /// <summary>Ends what was started.</summary>
    public async ValueTask DisposeAsync()
    {
        _display?.Dispose();
        _monitor?.Dispose();
        _serial?.Dispose();
        if (_program is not null)
        {
            await _program.EndAsync().ConfigureAwait(false);
        }
    }

    private StartedProgram Program => _program ?? throw new InvalidOperationException("the machine was attached to, not started here");

    private static InvalidOperationException StartedWithout(string what, string option) => new($"the machine has no {what}: start it with {option}");

    private static Socket Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);

    /// <summary>The process of <c>fbshare run</c>, or of a QEMU alone, with a folder for its sockets.</summary>
    private sealed class StartedProgram
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fbshare-machine-");
        private readonly BoundedText _said = new();
        private readonly Process _process;

        public StartedProgram(GuestMachineOptions options)
        {
            string display = Path.Combine(_folder.FullName, "display");
            Display = options.IsStock ? $"qmp:{display}" : $"unix:{display}";
            QemuMark = Path.Combine(_folder.FullName, "qemu.pid");
            List<string> qemu = ["-pidfile", QemuMark, .. options.Arguments];
            if (options.HasSerialConsole)
            {
                SerialSocket = Path.Combine(_folder.FullName, "serial");
                qemu.AddRange(["-serial", $"unix:{SerialSocket},server=on,wait=on"]);
            }
            if (options.HasMonitor)
            {
                MonitorSocket = Path.Combine(_folder.FullName, "monitor");
                qemu.AddRange(["-qmp", $"unix:{MonitorSocket},server=on,wait=off"]);
            }
            if (options is { IsStock: true, HasDisplay: true })
            {
                qemu.AddRange(["-display", "dbus,p2p=yes", "-qmp", $"unix:{display},server=on,wait=off"]);
            }
            try
            {
                _process = options.IsStock
                    ? Start(options.Qemu, [.. qemu], $"install it, or name another one ({nameof(GuestMachineOptions.Qemu)})")
                    : Start(FindProgram(options), ["run", "--display", Display, .. options.DeviceArguments, "--", options.Qemu, .. qemu], $"install fbshare, or name it with {ProgramVariable}");
            }
            catch (GuestMachineException)
            {
                _folder.Delete();
                throw;
            }
            _process.OutputDataReceived += (_, line) => _said.Add(line.Data);
            _process.ErrorDataReceived += (_, line) => _said.Add(line.Data);
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public string Display { get; }

        /// <summary>Where QEMU waits for who takes the serial line; null: it has none.</summary>
        public string? SerialSocket { get; }

        /// <summary>Where QEMU's monitor listens; null: it has none.</summary>
        public string? MonitorSocket { get; }

        public int QemuProcessId => int.Parse(File.ReadAllText(QemuMark), CultureInfo.InvariantCulture);

        /// <summary>A file that is there once QEMU has understood its arguments. The display may be there before, and QEMU never.</summary>
        public string QemuMark { get; }

        public string Said => _said.ToString();

        public bool HasEnded => _process.HasExited;

        public int ExitCode => _process.ExitCode;

        public async Task<int> WaitForExitAsync(CancellationToken cancellation)
        {
            await _process.WaitForExitAsync(cancellation).ConfigureAwait(false);
            return _process.ExitCode;
        }

        /// <summary>Waits until all that it said is there, if it has ended and left nobody who may say more.</summary>
        public async Task HearLastWordsAsync()
        {
            if (HasEnded)
            {
                using var late = new CancellationTokenSource(LastWordsPatience);
                await _process.WaitForExitAsync(late.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        public async Task EndAsync()
        {
            if (!_process.HasExited)
            {
                _ = Signal(_process.Id, SIGTERM);
                using var late = new CancellationTokenSource(EndPatience);
                await _process.WaitForExitAsync(late.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (!_process.HasExited)
                {
                    _process.Kill(entireProcessTree: true);
                    await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
                }
            }
            _process.Dispose();
            _folder.Delete(recursive: true);
        }

        private static string FindProgram(GuestMachineOptions options) =>
            options.Program ?? (Environment.GetEnvironmentVariable(ProgramVariable) is { Length: > 0 } given ? given : "fbshare");

        private static Process Start(string program, string[] arguments, string cure)
        {
            try
            {
                // Its stdin is not the test's: QEMU may read there.
                return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
            }
            catch (Win32Exception e)
            {
                throw new GuestMachineException($"'{program}' cannot be started: {e.Message}; {cure}", e);
            }
        }
    }
}
