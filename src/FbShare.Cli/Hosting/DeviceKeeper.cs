using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using FbShare.Display.Naming;
using FbShare.Keeping;
using FbShare.Linux;

namespace FbShare.Cli.Hosting;

/// <summary>Keeps a device alive: starts <c>fbshare serve</c> as a process of its own, holds what that leaves, and starts the next one when it dies.</summary>
/// <remarks>Does nothing else, so that it does not die itself.</remarks>
internal sealed class DeviceKeeper : IDisposable
{
    /// <summary>The signal that asks for the next device (SIGUSR2).</summary>
    private const int UpgradeSignal = 12;

    /// <summary>A device that cannot live is not started for ever: so many deaths in so much time are too many.</summary>
    private const int MostDeaths = 60;

    private const long DeathsWithin = 10_000_000_000;

    private static readonly TimeSpan TrialPatience = TimeSpan.FromSeconds(5);

    private readonly string _program;
    private readonly IReadOnlyList<string> _arguments;
    private readonly Log _log;
    private readonly DescriptorTable _table = new();
    private readonly Queue<long> _deaths = [];
    private readonly ManualResetEventSlim _listening = new();
    private Process? _device;
    private FileDescriptor? _pid;
    private EventLoop.Watch? _watch;
    private KeptDeviceLink? _link;
    private volatile bool _listens;
    private bool _stopping;
    private bool _upgrading;
    private int _exitCode;

    /// <param name="arguments">What the device is: the arguments of <c>fbshare serve</c>, with that word.</param>
    public DeviceKeeper(IReadOnlyList<string> arguments, Log log)
    {
        // Now: once the file is replaced, the kernel says that this one was deleted.
        _program = Environment.ProcessPath!;
        _arguments = arguments;
        _log = log;
        _table.ListenerKept = () =>
        {
            if (!_listens)
            {
                Listening?.Invoke();
            }
            _listens = true;
            _listening.Set();
        };
    }

    public EventLoop Loop { get; } = new();

    /// <summary>Called when the device listens for the first time.</summary>
    public Action? Listening { get; init; }

    /// <summary>What every device has under the number that it has here; owned by this object. Null for nothing.</summary>
    public FileDescriptor? Inherited { get; init; }

    /// <summary>Runs until the device ends in good order, or until <see cref="Stop"/>.</summary>
    /// <returns>The device's exit code; success after <see cref="Stop"/>.</returns>
    public int Run()
    {
        try
        {
            Start();
            Loop.Run();
            return _exitCode;
        }
        finally
        {
            // Nobody waits any longer for a device that listens.
            _listening.Set();
        }
    }

    /// <summary>Waits until the device listens for a front-end. Safe from any thread.</summary>
    /// <returns>False if it ended instead.</returns>
    public bool WaitUntilListening()
    {
        _listening.Wait();
        return _listens;
    }

    /// <summary>Asks the device to end. Safe from any thread.</summary>
    public void Stop() => Loop.Post(() =>
    {
        _stopping = true;
        if (_device is null)
        {
            Loop.Stop();
        }
        else
        {
            _ = ProcessCalls.kill(_device.Id, ProcessCalls.SIGTERM);
        }
    });

    /// <summary>Lets the next device take over, of the program as it is on the disk now. Safe from any thread.</summary>
    public void Upgrade() => Loop.Post(() =>
    {
        if (_stopping || !CanStart())
        {
            return;
        }
        _deaths.Clear();
        if (_device is null)
        {
            Start();
            return;
        }
        // It may die at any instruction, so there is no better way to end it.
        _upgrading = true;
        _ = ProcessCalls.kill(_device.Id, ProcessCalls.SIGKILL);
    });

    /// <summary>Upgrades whenever that is asked for by its signal.</summary>
    public IDisposable OnUpgradeSignal() => PosixSignalRegistration.Create((PosixSignal)UpgradeSignal, context =>
    {
        context.Cancel = true;
        Upgrade();
    });

    public void Dispose()
    {
        _watch?.Dispose();
        _pid?.Dispose();
        _link?.Dispose();
        _device?.Dispose();
        _table.Dispose();
        Inherited?.Dispose();
        // A device that was killed has left its display's socket, where nobody listens now.
        DisplayFolder.FindRunning();
        Loop.Dispose();
        _listening.Dispose();
    }

    private void Start()
    {
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        try
        {
            using (theirs)
            {
                theirs.Descriptor.SetInheritable();
                var start = new ProcessStartInfo(_program, _arguments);
                start.Environment[KeeperClient.Variable] = theirs.Descriptor.Number.ToString(CultureInfo.InvariantCulture);
                Inherited?.SetInheritable(true);
                _device = Process.Start(start)!;
                Inherited?.SetInheritable(false);
            }
            _log.Verbose($"the device is process {_device.Id}");
            _table.SendTo(ours);
        }
        catch (LinuxException)
        {
            // It died while it was told what is kept; its end is seen below.
        }
        _link = new KeptDeviceLink(Loop, ours, _table);
        try
        {
            _pid = ProcessDescriptors.Open(_device!.Id);
            _watch = Loop.Add(_pid, LoopEvents.Readable, _ => Died());
        }
        catch (LinuxException)
        {
            Loop.Post(Died);
        }
    }

    private void Died()
    {
        _watch?.Dispose();
        _pid?.Dispose();
        _device!.WaitForExit();
        int exitCode = _device.ExitCode;
        _device.Dispose();
        (_device, _watch, _pid) = (null, null, null);
        _link!.Receive();
        _link.Dispose();
        if (_stopping || IsEnd(exitCode))
        {
            _exitCode = _stopping ? ExitCodes.Success : exitCode;
            Loop.Stop();
            return;
        }
        if (_upgrading)
        {
            _upgrading = false;
            _log.Info("the next device takes over");
        }
        else if (TooManyDeaths())
        {
            _log.Error(
                $"the device died {MostDeaths} times within {DeathsWithin / 1_000_000_000} s, the last time with status {exitCode}: it is not started again, and the guest's screen stands still. "
                + $"kill -USR2 {Environment.ProcessId} tries again (with another program, if you replace {_program}), kill {Environment.ProcessId} gives up");
            return;
        }
        else
        {
            _log.Warn($"the device died (status {exitCode}): another one goes on");
        }
        Start();
    }

    /// <summary>Whether the device wanted to end: an exit code of this program that is no defect, or a signal that asks for the end.</summary>
    private static bool IsEnd(int exitCode) =>
        exitCode is (>= ExitCodes.Success and < ExitCodes.Internal) or ExitCodes.Interrupted or 128 + ProcessCalls.SIGTERM;

    private bool TooManyDeaths()
    {
        long now = EventLoop.Now;
        _deaths.Enqueue(now);
        while (_deaths.Peek() < now - DeathsWithin)
        {
            _deaths.Dequeue();
        }
        return _deaths.Count >= MostDeaths;
    }

    /// <summary>Whether the program on the disk starts at all: otherwise the old device stays.</summary>
    private bool CanStart()
    {
        try
        {
            using Process trial = Process.Start(new ProcessStartInfo(_program, ["--version"]) { RedirectStandardOutput = true })!;
            bool ended = trial.WaitForExit(TrialPatience);
            if (!ended)
            {
                trial.Kill();
            }
            if (ended && trial.ExitCode == ExitCodes.Success)
            {
                return true;
            }
            _log.Error($"{_program} --version fails: the device stays as it is");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            _log.Error($"{_program} cannot be started ({e.Message}): the device stays as it is");
        }
        return false;
    }
}
