using FbShare.Linux;
using Microsoft.Win32.SafeHandles;

namespace FbShare.Capture;

/// <summary>A file that grows for a while, such as a recording, and takes the place of an older one only when it is complete.</summary>
/// <remarks>Where there is no older one it grows right in its place: whatever ends the program, what there is of it bears its name. Otherwise it
/// grows beside the older one, as NAME.part.ENDING, and is left there if it is never completed.</remarks>
public sealed class PartialFile : IDisposable
{
    /// <summary>How many unfinished files of one name are left alone.</summary>
    private const int MostLeft = 100;

    private readonly string _given;
    private readonly string _target;
    private readonly bool _isMade;
    private bool _isComplete;

    private PartialFile(string given, string target, string path, bool isMade)
    {
        _given = given;
        _target = target;
        Path = path;
        _isMade = isMade;
    }

    /// <summary>Where to write. The file is there and empty, unless it is a pipe or a device.</summary>
    public string Path { get; }

    /// <summary>Whether an older file is in its place until it is complete.</summary>
    public bool HasOlder => Path != _target;

    /// <summary>Makes the file. A symbolic link is followed by the rules of <see cref="AtomicFile"/>.</summary>
    /// <exception cref="CaptureException">It cannot be made.</exception>
    public static PartialFile Create(string path)
    {
        try
        {
            string target = AtomicFile.Resolve(path, out FileStatus? there);
            if (there is null)
            {
                new FileStream(target, FileMode.CreateNew, FileAccess.Write).Dispose();
                return new PartialFile(path, target, target, isMade: true);
            }
            return there switch
            {
                { IsRegular: true } => new PartialFile(path, target, MakeBeside(target), isMade: true),
                { IsFolder: true } => throw new CaptureException($"cannot write {path}: it is a folder; name a file in it"),
                _ => new PartialFile(path, target, target, isMade: false),
            };
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not CaptureException)
        {
            throw AtomicFile.Fail(path, e);
        }
    }

    /// <summary>It is whole, and whoever writes it has finished: puts it on the disk and in its place.</summary>
    /// <exception cref="CaptureException">That cannot be done. It is still there.</exception>
    public void Complete()
    {
        try
        {
            if (HasOlder)
            {
                using (SafeFileHandle file = File.OpenHandle(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
                {
                    RandomAccess.FlushToDisk(file);
                }
                File.Move(Path, _target, overwrite: true);
            }
            _isComplete = true;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw AtomicFile.Fail(_given, e);
        }
    }

    /// <summary>Takes an empty file away that was not completed.</summary>
    public void Dispose()
    {
        if (_isMade && !_isComplete && FileStatus.At(Path, followsLink: false) is { IsRegular: true, Size: 0 })
        {
            File.Delete(Path);
        }
    }

    private static string MakeBeside(string target)
    {
        string ending = System.IO.Path.GetExtension(target);
        string stem = target[..^ending.Length];
        for (int i = 1; ; i++)
        {
            string path = $"{stem}.part{(i == 1 ? "" : i)}{ending}";
            try
            {
                new FileStream(path, FileMode.CreateNew, FileAccess.Write).Dispose();
                return path;
            }
            catch (IOException) when (i < MostLeft && FileStatus.At(path, followsLink: false) is not null)
            {
                // What an earlier recording has left.
            }
        }
    }
}
