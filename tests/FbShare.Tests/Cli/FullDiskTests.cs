using System.Diagnostics;
using FbShare.Cli;
using Xunit;

namespace FbShare.Tests.Cli;

/// <summary>What is written to a disk that is full: what was there stays as it was, one sentence says so, and the machine goes on.</summary>
public sealed class FullDiskTests : IDisposable
{
    /// <summary>What is left of the disk: no uncompressed picture of 320x200 fits.</summary>
    private const string Size = "64k";

    private readonly TemporaryFolder _folder = new("full");
    private readonly List<string> _disks = [];

    public void Dispose()
    {
        foreach (string disk in _disks)
        {
            Do("umount", disk);
        }
        _folder.Dispose();
    }

    [FullDiskTheory]
    [InlineData("shot.ppm")]
    [InlineData("shot.raw")]
    public async Task A_dump_leaves_the_older_picture_and_nothing_else(string name)
    {
        using var guest = new ServedGuest();
        string disk = Mount(Size), file = Path.Combine(disk, name);
        byte[] older = Fill(file);
        // Beside raw pixels their description lies, which stays, too.
        Fill(file + ".json");

        (int exitCode, string said) = await WhileDrawing(guest, "dump", "--display", $"unix:{guest.Display}", "-o", file);

        Assert.Equal((ExitCodes.Failure, $"fbshare: cannot write {file}: the disk is full; free some space or choose another folder\n"), (exitCode, said));
        AssertUntouched(disk, [file, file + ".json"], older);
        guest.Witness.Draw();
    }

    [FullDiskTheory("ffmpeg")]
    [InlineData("film.y4m", "the disk is full; nothing was recorded")]
    [InlineData("film.mkv", "o space left on device")]
    public async Task A_recording_leaves_the_older_one_and_nothing_else(string name, string reason)
    {
        using var guest = new ServedGuest();
        // ffmpeg packs pictures of one colour to next to nothing, so for it the older one takes all there is. It writes in the end.
        string disk = Mount(name.EndsWith(".mkv", StringComparison.Ordinal) ? "4k" : Size), file = Path.Combine(disk, name);
        byte[] older = Fill(file);

        (int exitCode, string said) = await WhileDrawing(guest, "record", "--display", $"unix:{guest.Display}", "-o", file, "--every-flush", "--duration", "1s");

        Assert.Equal(ExitCodes.Failure, exitCode);
        string line = Assert.Single(said.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith($"fbshare: cannot write {file}: ", line, StringComparison.Ordinal);
        Assert.Contains(reason, line, StringComparison.Ordinal);
        AssertUntouched(disk, [file], older);
        guest.Witness.Draw();
    }

    [FullDiskFact]
    public async Task Of_a_recording_what_there_was_room_for_lies_beside_the_older_one()
    {
        using var guest = new ServedGuest();
        string disk = Mount("1m"), file = Path.Combine(disk, "film.y4m"), unfinished = Path.Combine(disk, "film.part.y4m");
        byte[] older = Fill(file);

        (int exitCode, string said) = await WhileDrawing(guest, "record", "--display", $"unix:{guest.Display}", "-o", file, "--every-flush");

        Assert.Equal(ExitCodes.Failure, exitCode);
        string line = Assert.Single(said.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("the disk is full; the 5 frames before that", line, StringComparison.Ordinal);
        Assert.EndsWith($"are in {unfinished}, and the older file is as it was", line, StringComparison.Ordinal);
        Assert.Equal(older, File.ReadAllBytes(file));
        byte[] kept = File.ReadAllBytes(unfinished);
        int header = Array.IndexOf(kept, (byte)'\n') + 1;
        Assert.Equal(0, (kept.Length - header) % 5);
        guest.Witness.Draw();
    }

    /// <summary>Runs a command to its end while the guest draws.</summary>
    private static async Task<(int ExitCode, string Said)> WhileDrawing(ServedGuest guest, params string[] command)
    {
        var run = Task.Run(() => FbShareProgram.Run(command));
        while (!run.IsCompleted)
        {
            guest.Witness.Draw();
        }
        (int exitCode, _, string said) = await run;
        return (exitCode, said);
    }

    /// <summary>Makes what was there before: 4 KiB.</summary>
    private static byte[] Fill(string file)
    {
        byte[] bytes = new byte[4096];
        new Random(7).NextBytes(bytes);
        File.WriteAllBytes(file, bytes);
        return bytes;
    }

    private static void AssertUntouched(string disk, string[] files, byte[] older)
    {
        Assert.All(files, file => Assert.Equal(older, File.ReadAllBytes(file)));
        Assert.Equal(files, Directory.GetFileSystemEntries(disk).Order());
    }

    private string Mount(string size)
    {
        string disk = Directory.CreateDirectory(_folder[$"disk{_disks.Count}"]).FullName;
        Do("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", disk);
        _disks.Add(disk);
        return disk;
    }

    private static void Do(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
