using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using FbShare.Display.Client;
using FbShare.Testing.Screens;

namespace FbShare.Testing.Machines;

/// <summary>A machine under test: an FbShare device and a QEMU that uses it, started by <c>fbshare run</c>, or a display that runs already.</summary>
/// <remarks>What was started is ended when this is disposed.</remarks>
public sealed partial class GuestMachine : IAsyncDisposable
{
    private const string ProgramVariable = "FBSHARE_PROGRAM";
    private const int SIGTERM = 15;

    /// <summary>How long both may take to end before they are killed.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan RetryTime = TimeSpan.FromMilliseconds(50);

    private readonly StartedProgram? _program;

    private GuestMachine(GuestDisplay display, StartedProgram? program)
    {
        Display = display;
        _program = program;
    }

    /// <summary>The machine's display.</summary>
    public GuestDisplay Display { get; }

    /// <summary>What FbShare and QEMU said so far, the last megabyte of it; empty where nothing was started.</summary>
    public string Log => _program?.Said ?? "";

    /// <summary>Starts a device and a QEMU, and waits until its display is there; the guest boots meanwhile.</summary>
    /// <param name="qemuArguments">Arguments for qemu-system-x86_64: memory, disks, CPU.</param>
    /// <exception cref="GuestMachineException">A program is missing, or one ended.</exception>
    public static Task<GuestMachine> StartAsync(params string[] qemuArguments) => StartAsync(new GuestMachineOptions { Arguments = qemuArguments });

    /// <inheritdoc cref="StartAsync(string[])"/>
    public static async Task<GuestMachine> StartAsync(GuestMachineOptions options, CancellationToken cancellation = default)
    {
        var program = new StartedProgram(options);
        try
        {
            var clock = Stopwatch.StartNew();
            while (true)
            {
                try
                {
                    return new GuestMachine(GuestDisplay.Connect(program.Display), program);
                }
                catch (DisplayException e) when (program.HasEnded || clock.Elapsed > options.Patience)
                {
                    throw new GuestMachineException(
                        program.HasEnded ? $"the machine ended before its display was there (status {program.ExitCode}):\n{program.Said}"
                            : $"the machine's display was not there within {options.Patience.TotalSeconds} s: {e.Message}\n{program.Said}",
                        e);
                }
                catch (DisplayException)
                {
                    await Task.Delay(RetryTime, cancellation).ConfigureAwait(false);
                }
            }
        }
        catch
        {
            await program.EndAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Attaches to a display that runs already.</summary>
    /// <param name="display">As for <c>--display</c>: the name of a running one (<c>fbshare list</c>), unix:PATH of fbshare, qmp:PATH of a stock QEMU, dbus:ADDRESS, libvirt:DOMAIN.</param>
    /// <exception cref="ArgumentException">It is not such a name.</exception>
    /// <exception cref="DisplayException">Nobody is there, or it is no display.</exception>
    public static GuestMachine Attach(string display) => new(GuestDisplay.Connect(display), null);

    /// <inheritdoc cref="GuestDisplay.Screen"/>
    public Screen Screen(uint output = 0) => Display.Screen(output);

    /// <summary>Waits until QEMU has ended by itself.</summary>
    /// <returns>Its exit status.</returns>
    /// <exception cref="InvalidOperationException">It was not started here.</exception>
    public Task<int> WaitForExitAsync(CancellationToken cancellation = default) =>
        _program?.WaitForExitAsync(cancellation) ?? throw new InvalidOperationException("the machine was attached to, not started here");

    /// <summary>Ends what was started.</summary>
    public async ValueTask DisposeAsync()
    {
        Display.Dispose();
        if (_program is not null)
        {
            await _program.EndAsync().ConfigureAwait(false);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);

    /// <summary>The process of <c>fbshare run</c>, with a folder for its socket.</summary>
    private sealed class StartedProgram
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fbshare-machine-");
        private readonly BoundedText _said = new();
        private readonly Process _process;

        public StartedProgram(GuestMachineOptions options)
        {
            Display = $"unix:{Path.Combine(_folder.FullName, "display")}";
            string program = options.Program ?? (Environment.GetEnvironmentVariable(ProgramVariable) is { Length: > 0 } given ? given : "fbshare");
            try
            {
                // Its stdin is not the test's: QEMU may read there.
                _process = Process.Start(new ProcessStartInfo(program, ["run", "--display", Display, .. options.DeviceArguments, "--", options.Qemu, .. options.Arguments])
                {
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                })!;
            }
            catch (Win32Exception e)
            {
                _folder.Delete();
                throw new GuestMachineException($"'{program}' cannot be started: {e.Message}; install fbshare, or name it with {ProgramVariable}", e);
            }
            _process.OutputDataReceived += (_, line) => _said.Add(line.Data);
            _process.ErrorDataReceived += (_, line) => _said.Add(line.Data);
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public string Display { get; }

        public string Said => _said.ToString();

        public bool HasEnded => _process.HasExited;

        public int ExitCode => _process.ExitCode;

        public async Task<int> WaitForExitAsync(CancellationToken cancellation)
        {
            await _process.WaitForExitAsync(cancellation).ConfigureAwait(false);
            return _process.ExitCode;
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
    }
}
