using FbShare.Linux;

namespace FbShare.Display.Naming;

/// <summary>Where the displays of one user listen that are found by their names: a folder with a socket for each.</summary>
/// <remarks>Nobody else can enter it (0700). Whoever makes or removes a socket in it holds its lock, so that none is taken for a dead one's while it is made.</remarks>
public sealed class DisplayFolder
{
    private const string RuntimeVariable = "XDG_RUNTIME_DIR";
    private const string FolderName = "fbshare";

    /// <summary>More machines of one name than anybody starts.</summary>
    private const int MostOfOneName = 1000;

    private DisplayFolder(string path) => Path = path;

    internal string Path { get; }

    /// <summary>In XDG_RUNTIME_DIR. Where that is not set, or not this user's: in /run/user, if the user is logged in, and in /tmp.</summary>
    /// <returns>Where displays may be; a new one goes to the first.</returns>
    internal static IReadOnlyList<DisplayFolder> OfThisUser()
    {
        uint user = LibC.geteuid();
        if (Environment.GetEnvironmentVariable(RuntimeVariable) is { Length: > 0 } runtime && IsOwn(runtime, user))
        {
            return [new DisplayFolder(System.IO.Path.Combine(System.IO.Path.GetFullPath(runtime), FolderName))];
        }
        var temporary = new DisplayFolder($"/tmp/{FolderName}-{user}");
        string session = $"/run/user/{user}";
        return IsOwn(session, user) ? [new DisplayFolder(System.IO.Path.Combine(session, FolderName)), temporary] : [temporary];
    }

    /// <summary>The names of the displays that run, in order. What a dead one has left is removed.</summary>
    public static IReadOnlyList<DisplayName> FindRunning()
    {
        var running = new SortedDictionary<string, DisplayName>(StringComparer.Ordinal);
        foreach (DisplayFolder folder in OfThisUser())
        {
            foreach (DisplayName name in folder.Sweep())
            {
                running.TryAdd(name.Text, name);
            }
        }
        return [.. running.Values];
    }

    /// <summary>The socket of a display that may be running; null if there is none of that name.</summary>
    public static string? Find(DisplayName name)
    {
        foreach (DisplayFolder folder in OfThisUser())
        {
            if (folder.IsPrivate() && FileStatus.At(folder.PathOf(name), followsLink: false) is { IsSocket: true })
            {
                return folder.PathOf(name);
            }
        }
        return null;
    }

    /// <summary>Listens under a name, where this user's programs find it.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isWish">Whether another name will do if a running display has this one: it gets a number then.</param>
    /// <param name="taken">The name in the end.</param>
    /// <exception cref="IOException">The folder cannot be made, or is not this user's alone.</exception>
    /// <exception cref="PathTooLongException">The folder's path is too long for sockets.</exception>
    /// <exception cref="LinuxException">EADDRINUSE: a running display has the name; others: the socket cannot be made.</exception>
    public static UnixListener Listen(DisplayName name, bool isWish, out DisplayName taken) => OfThisUser()[0].Make(name, isWish, out taken);

    private UnixListener Make(DisplayName name, bool isWish, out DisplayName taken)
    {
        using FileDescriptor held = MakeAndLock();
        taken = name;
        for (int number = 2; ; number++)
        {
            try
            {
                return UnixListener.Listen(PathOf(taken));
            }
            catch (LinuxException e) when (e.Errno == Errno.EADDRINUSE && isWish && number <= MostOfOneName)
            {
                taken = name.Numbered(number);
            }
        }
    }

    /// <summary>Removes the folder of a socket that is gone, if it was the last one. A confined process leaves that to its helper (<see cref="PathHelper"/>).</summary>
    /// <param name="socket">Its path.</param>
    public static void Tidy(string socket)
    {
        if (PathHelper.Current is not null)
        {
            return;
        }
        var folder = new DisplayFolder(System.IO.Path.GetDirectoryName(socket)!);
        if (folder.TryLock() is { } held)
        {
            using (held)
            {
                folder.RemoveIfEmpty();
            }
        }
    }

    internal string PathOf(DisplayName name) => System.IO.Path.Combine(Path, name.Text);

    private List<DisplayName> Sweep()
    {
        var running = new List<DisplayName>();
        if (!IsPrivate() || TryLock() is not { } held)
        {
            return running;
        }
        using (held)
        {
            foreach (string file in Directory.EnumerateFiles(Path))
            {
                if (!DisplayName.TryParse(System.IO.Path.GetFileName(file), out DisplayName? name) || FileStatus.At(file, followsLink: false) is not { IsSocket: true })
                {
                    continue;
                }
                if (UnixListener.IsLeftOver(file))
                {
                    File.Delete(file);
                }
                else
                {
                    running.Add(name);
                }
            }
            RemoveIfEmpty();
        }
        return running;
    }

    /// <summary>Called with the lock held.</summary>
    private void RemoveIfEmpty() => _ = LibC.rmdir(Path);

    /// <exception cref="IOException">It cannot be made, or is not this user's alone.</exception>
    private FileDescriptor MakeAndLock()
    {
        while (true)
        {
            try
            {
                Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
            catch (UnauthorizedAccessException e)
            {
                throw new IOException($"the folder {Path} cannot be made: {e.Message}", e);
            }
            if (FileStatus.At(Path, followsLink: false) is not null && !IsPrivate())
            {
                throw new IOException($"{Path} is not a folder of this user's that nobody else can enter: remove it, or set {RuntimeVariable} to a folder of your own");
            }
            // Null where the last display of before has just removed it.
            if (TryLock() is { } held)
            {
                return held;
            }
        }
    }

    /// <summary>Whether it is there, a folder and no link to one, this user's, and closed to others: /tmp is open to all.</summary>
    private bool IsPrivate() =>
        FileStatus.At(Path, followsLink: false) is { IsFolder: true } status && status.UserId == LibC.geteuid() && (status.Mode & LibC.S_IRWXGO) == 0;

    private static bool IsOwn(string path, uint user) => FileStatus.At(path) is { IsFolder: true } status && status.UserId == user;

    /// <summary>Waits until nobody else makes or removes anything.</summary>
    /// <returns>Held until it is disposed, or its process ends; null where the folder is not there any more.</returns>
    private FileDescriptor? TryLock()
    {
        FileDescriptor? folder = null;
        try
        {
            folder = FileDescriptor.Open(Path, writable: false);
            while (LibC.flock(folder, LibC.LOCK_EX) < 0)
            {
                var failure = new LinuxException($"flock({Path})");
                if (failure.Errno != Errno.EINTR)
                {
                    folder.Dispose();
                    throw failure;
                }
            }
            if (FileStatus.At(Path, followsLink: false) is { } now && IsSame(now, folder.GetStatus()))
            {
                return folder;
            }
            folder.Dispose();
            return null;
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            folder?.Dispose();
            return null;
        }
    }

    private static bool IsSame(FileStatus one, FileStatus other) => (one.Device, one.Inode) == (other.Device, other.Inode);
}
