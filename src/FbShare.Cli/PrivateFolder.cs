using FbShare.Linux;

namespace FbShare.Cli;

/// <summary>A folder for sockets that only this user can enter (0700), removed with what is in it.</summary>
internal sealed class PrivateFolder : IDisposable
{
    /// <summary>Makes one in XDG_RUNTIME_DIR, or in /tmp where that is not set or not this user's.</summary>
    /// <exception cref="CliException">Neither can be written.</exception>
    public PrivateFolder()
    {
        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        // It may be that of the user who started this process, which has become another one since.
        bool isOwn = runtime is { Length: > 0 } && FileStatus.At(runtime) is { IsFolder: true } status && status.UserId == ProcessCalls.geteuid();
        string parent = isOwn ? runtime! : "/tmp";
        Path = System.IO.Path.Combine(parent, $"fbshare-{Environment.ProcessId}-{System.IO.Path.GetRandomFileName()[..8]}");
        try
        {
            Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.Failure, $"cannot make a folder for sockets in {parent}: {e.Message}; set XDG_RUNTIME_DIR to a folder of your own", e);
        }
    }

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
