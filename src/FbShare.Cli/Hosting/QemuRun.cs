using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FbShare.Cli.Hosting;

/// <summary>One QEMU beside one device: neither outlives the other.</summary>
/// <param name="runDevice">Runs the device until it is stopped, and returns its exit code.</param>
/// <param name="waitForDevice">Waits until it listens; false if it ended instead.</param>
/// <param name="stopDevice">Safe from any thread.</param>
/// <param name="started">Called once QEMU has started, and nothing else will be that must be as free as this process.</param>
internal sealed partial class QemuRun(Func<int> runDevice, Func<bool> waitForDevice, Action stopDevice, Action? started, Log log)
{
    private const int Sigterm = 15;

    /// <summary>How long QEMU may take to end when asked to.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private Process? _qemu;
    private Timer? _force;
    private bool _stopping;
    private bool _ended;
    private Exception? _deviceFailure;
    private int _deviceExitCode;

    /// <summary>Runs QEMU in the foreground, with this process's stdin, stdout and stderr, and the device on a thread of its own.</summary>
    /// <returns>QEMU's exit code; after a signal to this process that signal's.</returns>
    /// <exception cref="CliException">The device failed.</exception>
    public int Run(string program, IReadOnlyList<string> arguments)
    {
        var device = new Thread(RunDevice) { Name = "device" };
        using var signals = new StopSignals(_ => StopQemu());
        device.Start();
        int exitCode = ExitCodes.Success;
        try
        {
            if (waitForDevice())
            {
                exitCode = RunQemu(program, arguments);
            }
        }
        finally
        {
            stopDevice();
            device.Join();
        }
        return _deviceFailure is null
            ? signals.ExitCode ?? (_deviceExitCode == ExitCodes.Success ? exitCode : _deviceExitCode)
            : throw new CliException(ExitCodes.Failure, _deviceFailure.Message, _deviceFailure);
    }

    private int RunQemu(string program, IReadOnlyList<string> arguments)
    {
        lock (_gate)
        {
            if (_stopping)
            {
                return ExitCodes.Interrupted;
            }
            // Nothing is redirected: QEMU's console and monitor stay the user's. Started by the main thread, which lives as
            // long as this process: QEMU's exit-with-parent looks at the thread.
            _qemu = Process.Start(program, arguments);
        }
        log.Verbose($"QEMU is process {_qemu.Id}");
        try
        {
            started?.Invoke();
        }
        catch
        {
            StopQemu();
            throw;
        }
        _qemu.WaitForExit();
        int exitCode = _qemu.ExitCode;
        lock (_gate)
        {
            _ended = true;
            _force?.Dispose();
            _qemu.Dispose();
        }
        return exitCode;
    }

    private void RunDevice()
    {
        try
        {
            _deviceExitCode = runDevice();
            if (_deviceExitCode != ExitCodes.Success)
            {
                StopQemu();
            }
        }
        catch (Exception e)
        {
            _deviceFailure = e;
            StopQemu();
        }
    }

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);

    /// <summary>Asks QEMU to end; by force if it does not. Ctrl-C in a terminal has reached QEMU as well, which does no harm.</summary>
    private void StopQemu()
    {
        lock (_gate)
        {
            _stopping = true;
            if (_qemu is not null && !_ended)
            {
                _ = kill(_qemu.Id, Sigterm);
                _force ??= new Timer(_ => Kill(), null, Patience, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Kill()
    {
        lock (_gate)
        {
            if (!_ended)
            {
                log.Warn($"QEMU did not end within {Patience.TotalSeconds:0} s: it is killed");
                _qemu!.Kill();
            }
        }
    }
}
