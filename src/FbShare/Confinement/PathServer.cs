using System.Globalization;
using FbShare.Linux;

namespace FbShare.Confinement;

/// <summary>The other end of <see cref="PathHelper"/>: does what a device without paths asks for, and only that.</summary>
/// <param name="socket">To the device; the caller's.</param>
/// <param name="sockets">The sockets that may be removed.</param>
/// <param name="files">The files that may be written, and removed.</param>
/// <param name="removed">Told of a socket that was removed.</param>
/// <param name="write">Writes a file completely or not at all; throws an <see cref="IOException"/> with a sentence.</param>
public sealed class PathServer(UnixSocket socket, IReadOnlyCollection<string> sockets, IReadOnlyCollection<string> files, PathServer.FileWriter write, Action<string>? removed = null)
{
    /// <summary>Writes <paramref name="content"/> to <paramref name="path"/>.</summary>
    public delegate void FileWriter(string path, ReadOnlySpan<byte> content);

    /// <summary>Answers until the device is gone.</summary>
    public void Run()
    {
        var descriptors = new List<FileDescriptor>();
        try
        {
            while (PathMessage.Receive(socket, descriptors) is (var request, var text))
            {
                FileDescriptor? answered = null;
                string answer;
                try
                {
                    answer = Answer(request, text, descriptors.Count > 0 ? descriptors[0] : null, out answered);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    answer = e.Message;
                }
                using (answered)
                {
                    PathMessage.Send(socket, PathCall.Answer, answer.Length <= PathMessage.MostText / 4 ? answer : answer[..(PathMessage.MostText / 4)], answered);
                }
                Drop(descriptors);
            }
        }
        catch (LinuxException)
        {
            // The device is gone; so is the reason to be here.
        }
        Drop(descriptors);
    }

    private string Answer(PathCall request, string text, FileDescriptor? file, out FileDescriptor? answered)
    {
        answered = null;
        switch (request)
        {
            case PathCall.Remove when sockets.Contains(text) || files.Contains(text):
                if (FileStatus.At(text, followsLink: false) is { } there && (sockets.Contains(text) ? there.IsSocket : there.IsRegular))
                {
                    File.Delete(text);
                    removed?.Invoke(text);
                }
                return "";
            case PathCall.WriteFile when files.Contains(text) && file is not null:
                Write(text, file);
                return "";
            case PathCall.ReopenReadOnly when file?.GetSeals() is not null:
                answered = FileDescriptor.Open($"/proc/self/fd/{file.Number}", writable: false);
                return "";
            case PathCall.Describe when file is not null:
                return new FileInfo($"/proc/self/fd/{file.Number}").LinkTarget ?? "";
            case PathCall.NameProcess when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int process):
                return NameOf(process);
            default:
                return "this was not agreed on when the device started";
        }
    }

    private static string NameOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/comm");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is gone.
            return "";
        }
    }

    private void Write(string path, FileDescriptor memory)
    {
        long length = memory.GetStatus().Size;
        // Cut off under the mapping, it would end this process.
        if (memory.GetSeals() is not { } seals || (seals & MemFdSeals.Shrink) == 0 || length > int.MaxValue)
        {
            throw new LinuxException($"{path}: a memfd that cannot shrink was expected", (int)Errno.EINVAL);
        }
        if (length == 0)
        {
            write(path, []);
            return;
        }
        using MemoryMapping content = MemoryMapping.Map(memory, 0, length, writable: false);
        write(path, content.Slice(0, (int)length));
    }

    private static void Drop(List<FileDescriptor> descriptors)
    {
        descriptors.ForEach(d => d.Dispose());
        descriptors.Clear();
    }
}
