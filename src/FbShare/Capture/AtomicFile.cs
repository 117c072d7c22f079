using FbShare.Linux;

namespace FbShare.Capture;

/// <summary>Writes files whole or not at all: into a temporary file beside the target, flushed to the disk, then renamed over it.</summary>
public static class AtomicFile
{
    /// <summary>As the kernel: a chain of links may have so many.</summary>
    private const int MostLinks = 40;

    /// <summary>Writes <paramref name="content"/> as the whole of <paramref name="path"/>, without ever waiting for another process. A link
    /// is followed, but not one that another user left in a folder open to all; a character device such as /dev/null is written to
    /// directly.</summary>
    /// <exception cref="CaptureException">It cannot be written; nothing was left behind.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        try
        {
            string target = Resolve(path, out FileStatus? status);
            if (Directory.Exists(target))
            {
                throw new CaptureException($"cannot write {path}: it is a folder; name a file in it");
            }
            if (status is { } there && (there.Mode & LibC.S_IFMT) == LibC.S_IFCHR)
            {
                WriteDevice(target, content);
                return;
            }
            if (status is { IsRegular: false })
            {
                throw new CaptureException($"cannot write {path}: it is a pipe, a socket or a disk, which is not written whole or not at all; name a file");
            }
            Replace(target, content);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not CaptureException)
        {
            throw new CaptureException(Describe(path, e), e);
        }
    }

    private static void Replace(string target, ReadOnlySpan<byte> content)
    {
        string temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}");
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Follows links to where the file is or will be.</summary>
    /// <param name="status">What is there; null for nothing.</param>
    private static string Resolve(string path, out FileStatus? status)
    {
        string at = Path.GetFullPath(path);
        for (int links = 0; links < MostLinks; links++)
        {
            status = GetStatus(at, LibC.O_NOFOLLOW);
            if (status is not { } link || (link.Mode & LibC.S_IFMT) != LibC.S_IFLNK)
            {
                return at;
            }
            string folder = Path.GetDirectoryName(at)!;
            if (!MayFollow(link, GetStatus(folder, 0)))
            {
                throw new CaptureException($"cannot write {path}: it is a link that user {link.UserId} left in {folder}, where everybody may write; name another file");
            }
            at = Path.GetFullPath(new FileInfo(at).LinkTarget ?? "", folder);
        }
        throw new CaptureException($"cannot write {path}: its links lead nowhere; name another file");
    }

    /// <summary>The rule of fs.protected_symlinks, which not every kernel has switched on: in a sticky folder open to all, only one's own
    /// links and the folder owner's.</summary>
    internal static bool MayFollow(FileStatus link, FileStatus? folder)
    {
        const uint open = LibC.S_ISVTX | LibC.S_IWOTH;
        return folder is { } f && ((f.Mode & open) != open || link.UserId == f.UserId || link.UserId == LibC.geteuid());
    }

    /// <summary>What lies at a path; null for nothing.</summary>
    private static FileStatus? GetStatus(string path, int flags)
    {
        using var fd = new FileDescriptor(LibC.open(path, LibC.O_PATH | LibC.O_CLOEXEC | flags, 0));
        return fd.IsInvalid ? null : fd.GetStatus();
    }

    private static unsafe void WriteDevice(string path, ReadOnlySpan<byte> content)
    {
        using var device = new FileDescriptor(LinuxException.Check(
            LibC.open(path, LibC.O_WRONLY | LibC.O_NOFOLLOW | LibC.O_NONBLOCK | LibC.O_CLOEXEC, 0), "open"));
        fixed (byte* bytes = content)
        {
            for (int done = 0; done < content.Length;)
            {
                done += (int)LinuxException.Check(LibC.write(device, bytes + done, (nuint)(content.Length - done)), "write");
            }
        }
    }

    private static string Describe(string path, Exception e) => e switch
    {
        UnauthorizedAccessException => $"cannot write {path}: permission denied; choose a folder that you may write to",
        DirectoryNotFoundException => $"cannot write {path}: its folder does not exist; create it first",
        PathTooLongException => $"cannot write {path}: the name is too long; choose a shorter one",
        { HResult: (int)Errno.ENOSPC } or LinuxException { Errno: Errno.ENOSPC } => $"cannot write {path}: no space is left on that disk; free some or choose another folder",
        _ => $"cannot write {path}: {e.Message}",
    };
}
