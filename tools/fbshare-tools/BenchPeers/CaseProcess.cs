using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FbShare.Tools.BenchPeers;

/// <summary>A program of a case that is running. What it says is kept.</summary>
internal sealed partial class CaseProcess : IAsyncDisposable
{
    private const int SIGTERM = 15;

    /// <summary>How long it has to end when it is asked to.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly List<string> _said = [];

    /// <summary>Starts it.</summary>
    /// <param name="keepsOutput">Whether its output is kept like its error output; else <see cref="Output"/> has it.</param>
    /// <exception cref="ToolException">It is not there or cannot be run.</exception>
    public CaseProcess(Role role, ProcessStartInfo program, bool keepsOutput = true)
    {
        Role = role;
        program.RedirectStandardInput = program.RedirectStandardOutput = program.RedirectStandardError = true;
        _process = Programs.Start(program);
        _process.ErrorDataReceived += Keep;
        _process.BeginErrorReadLine();
        if (keepsOutput)
        {
            _process.OutputDataReceived += Keep;
            _process.BeginOutputReadLine();
        }
    }

    public Role Role { get; }

    public int Id => _process.Id;

    public StreamWriter Input => _process.StandardInput;

    public StreamReader Output => _process.StandardOutput;

    /// <summary>What it said so far.</summary>
    public string[] Said
    {
        get
        {
            lock (_said)
            {
                return [.. _said];
            }
        }
    }

    /// <summary>The end of what it said, for messages.</summary>
    public string LastWords => string.Join("; ", Said.TakeLast(3));

    /// <exception cref="ToolException">It ended by itself.</exception>
    public void ThrowIfEnded()
    {
        if (_process.HasExited)
        {
            throw new ToolException($"{Role} ended with {_process.ExitCode}: {LastWords}");
        }
    }

    /// <summary>Waits until it has ended by itself and said everything.</summary>
    public Task WaitForEndAsync() => _process.WaitForExitAsync();

    /// <summary>Asks it to end, and ends it where it does not; after that it has said everything.</summary>
    public async Task StopAsync()
    {
        if (!_process.HasExited)
        {
            _ = kill(_process.Id, SIGTERM);
        }
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs e)
    {
        if (e.Data is { } line)
        {
            lock (_said)
            {
                _said.Add(line);
            }
        }
    }

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);
}
