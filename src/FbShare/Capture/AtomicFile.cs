using FbShare.Linux;

namespace FbShare.Capture;

/// <summary>Writes files whole or not at all: into a temporary file beside the target, flushed to the disk, then renamed over it.</summary>
public static class AtomicFile
{
    /// <summary>Writes <paramref name="content"/> as the whole of <paramref name="path"/>. A link is followed; a device or
    /// a pipe is written to directly.</summary>
    /// <exception cref="CaptureException">It cannot be written; nothing was left behind.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        try
        {
            string target = new FileInfo(path).LinkTarget is null
                ? Path.GetFullPath(path)
                : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
            if (Directory.Exists(target))
            {
                throw new CaptureException($"cannot write {path}: it is a folder; name a file in it");
            }
            if (File.Exists(target) && !IsRegular(target))
            {
                using var device = new FileStream(target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
                device.Write(content);
                return;
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

    private static bool IsRegular(string path)
    {
        using var fd = new FileDescriptor(LibC.open(path, LibC.O_PATH | LibC.O_CLOEXEC, 0));
        return !fd.IsInvalid && fd.GetStatus().IsRegular;
    }

    private static string Describe(string path, Exception e) => e switch
    {
        UnauthorizedAccessException => $"cannot write {path}: permission denied; choose a folder that you may write to",
        DirectoryNotFoundException => $"cannot write {path}: its folder does not exist; create it first",
        PathTooLongException => $"cannot write {path}: the name is too long; choose a shorter one",
        { HResult: (int)Errno.ENOSPC } => $"cannot write {path}: no space is left on that disk; free some or choose another folder",
        _ => $"cannot write {path}: {e.Message}",
    };
}
