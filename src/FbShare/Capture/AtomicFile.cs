using FbShare.Linux;

namespace FbShare.Capture;

/// <summary>Writes a file completely or not at all: into a temporary file in the same folder, flushed to the disk, then renamed.</summary>
public static class AtomicFile
{
    /// <summary>How long a chain of links may be, as in the kernel.</summary>
    private const int MostLinks = 40;

    /// <summary>Replaces the contents of <paramref name="path"/>. Never waits for another process. Follows a symbolic link, unless another user
    /// made it in a folder where everybody may write; writes directly to a character device such as /dev/null.</summary>
    /// <exception cref="CaptureException">The file cannot be written. Nothing is left behind.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        if (PathHelper.Current is { } helper)
        {
            WriteThere(helper, path, content);
            return;
        }
        using Replacement file = Prepare(path, content);
        file.Commit();
    }

    /// <summary>Replaces the contents of two files that belong together: if there is no room for both, both stay as they were.</summary>
    /// <exception cref="CaptureException">One cannot be written. Nothing is left behind.</exception>
    internal static void Write(string path, ReadOnlySpan<byte> content, string besidePath, ReadOnlySpan<byte> beside)
    {
        if (PathHelper.Current is { } helper)
        {
            // One after the other there, the larger one first: what fails for want of room is most often that.
            WriteThere(helper, path, content);
            try
            {
                WriteThere(helper, besidePath, beside);
            }
            catch
            {
                PathHelper.RemoveHereOrThere(path);
                throw;
            }
            return;
        }
        using Replacement first = Prepare(path, content);
        using Replacement second = Prepare(besidePath, beside);
        first.Commit();
        second.Commit();
    }

    private static void WriteThere(PathHelper helper, string path, ReadOnlySpan<byte> content)
    {
        try
        {
            if (helper.WriteFile(path, content) is { } failure)
            {
                throw new CaptureException(failure);
            }
        }
        catch (LinuxException e)
        {
            throw Fail(path, e);
        }
    }

    /// <summary>Writes what will replace a file.</summary>
    private static Replacement Prepare(string path, ReadOnlySpan<byte> content)
    {
        try
        {
            string target = Resolve(path, out FileStatus? status);
            if (Directory.Exists(target))
            {
                throw new CaptureException($"cannot write {path}: it is a folder; name a file in it");
            }
            if (status is { IsCharacterDevice: true })
            {
                WriteDevice(target, content);
                return new Replacement(path, null, target);
            }
            if (status is { IsRegular: false })
            {
                throw new CaptureException($"cannot write {path}: it is a pipe, a socket or a disk, and this program replaces files as a whole; name a file");
            }
            string temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}");
            var prepared = new Replacement(path, temporary, target);
            try
            {
                using var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
                file.Write(content);
                file.Flush(flushToDisk: true);
                return prepared;
            }
            catch
            {
                prepared.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not CaptureException)
        {
            throw Fail(path, e);
        }
    }

    /// <summary>Makes an error of the file system into a sentence.</summary>
    internal static CaptureException Fail(string path, Exception e) => new(
        e switch
        {
            UnauthorizedAccessException => $"cannot write {path}: permission denied; choose a folder that you may write to",
            DirectoryNotFoundException => $"cannot write {path}: its folder does not exist; create it first",
            PathTooLongException => $"cannot write {path}: the name is too long; choose a shorter one",
            { HResult: (int)Errno.ENOSPC } or LinuxException { Errno: Errno.ENOSPC } => $"cannot write {path}: the disk is full; free some space or choose another folder",
            _ => $"cannot write {path}: {e.Message}",
        },
        e);

    /// <summary>Follows links to the place where the file is or will be.</summary>
    /// <param name="status">What is there; null if nothing is.</param>
    internal static string Resolve(string path, out FileStatus? status)
    {
        string at = Path.GetFullPath(path);
        for (int links = 0; links < MostLinks; links++)
        {
            status = FileStatus.At(at, followsLink: false);
            if (status is not { IsSymbolicLink: true } link)
            {
                return at;
            }
            string folder = Path.GetDirectoryName(at)!;
            if (!MayFollow(link, FileStatus.At(folder)))
            {
                throw new CaptureException($"cannot write {path}: it is a link that user {link.UserId} left in {folder}, where everybody may write, and it could lead anywhere; name another file");
            }
            at = Path.GetFullPath(new FileInfo(at).LinkTarget ?? "", folder);
        }
        throw new CaptureException($"cannot write {path}: it is a link that leads in a circle or through too many links; name another file");
    }

    /// <summary>The rule of fs.protected_symlinks, which not every kernel applies: in a sticky folder where everybody may write, follow only
    /// links of this user and of the folder's owner.</summary>
    internal static bool MayFollow(FileStatus link, FileStatus? folder)
    {
        const uint open = LibC.S_ISVTX | LibC.S_IWOTH;
        return folder is { } f && ((f.Mode & open) != open || link.UserId == f.UserId || link.UserId == LibC.geteuid());
    }

    private static unsafe void WriteDevice(string path, ReadOnlySpan<byte> content)
    {
        using var device = new FileDescriptor(LinuxException.Check(
            LibC.open(path, LibC.O_WRONLY | LibC.O_NOFOLLOW | LibC.O_NONBLOCK | LibC.O_CLOEXEC, 0), "open"));
        fixed (byte* bytes = content)
        {
            for (int done = 0; done < content.Length;)
            {
                // SAFETY: pinned, and what is left of the content at most.
                done += (int)LinuxException.Check(LibC.write(device, bytes + done, (nuint)(content.Length - done)), "write");
            }
        }
    }

    /// <summary>A complete file beside the one that it will replace.</summary>
    /// <param name="given">The path as it was given, for messages.</param>
    /// <param name="temporary">Where it is; null: it was written to a device.</param>
    private sealed class Replacement(string given, string? temporary, string target) : IDisposable
    {
        private string? _temporary = temporary;

        /// <summary>Puts it in its place.</summary>
        /// <exception cref="CaptureException">It cannot be put there.</exception>
        public void Commit()
        {
            if (_temporary is null)
            {
                return;
            }
            try
            {
                File.Move(_temporary, target, overwrite: true);
                _temporary = null;
            }
            catch (Exception e) when (e is UnauthorizedAccessException or IOException)
            {
                throw Fail(given, e);
            }
        }

        public void Dispose()
        {
            if (_temporary is not null)
            {
                File.Delete(_temporary);
            }
        }
    }
}
