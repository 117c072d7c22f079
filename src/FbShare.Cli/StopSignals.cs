using System.Runtime.InteropServices;

namespace FbShare.Cli;

/// <summary>Ctrl-C, SIGTERM and SIGHUP as a request to end in good order.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _exitCode;

    /// <param name="stop">Called on another thread at every such signal; must not block.</param>
    /// <param name="onlyTerminate">Whether only SIGTERM asks for the end, because whoever started this process has got the others too.</param>
    public StopSignals(Action<PosixSignal> stop, bool onlyTerminate = false)
    {
        foreach (PosixSignal signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                if (onlyTerminate && context.Signal != PosixSignal.SIGTERM)
                {
                    return;
                }
                Interlocked.CompareExchange(ref _exitCode, ExitCodeOf(context.Signal), 0);
                stop(context.Signal);
            }));
        }
    }

    /// <summary>128 and the first signal's number, as shells count; null before a signal came.</summary>
    public int? ExitCode => Volatile.Read(ref _exitCode) is var code and not 0 ? code : null;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private static int ExitCodeOf(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => 129,
        PosixSignal.SIGTERM => 143,
        _ => ExitCodes.Interrupted,
    };
}
