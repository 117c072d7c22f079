using System.Diagnostics;
using FbShare.Capture;
using Xunit;

namespace FbShare.Tests.Capture;

public sealed class PartialFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Where_nothing_is_a_file_grows_under_its_own_name_and_stays_there_whatever_happens()
    {
        using (PartialFile film = PartialFile.Create(_folder["film.mkv"]))
        {
            Assert.Equal((_folder["film.mkv"], false), (film.Path, film.HasOlder));
            File.WriteAllText(film.Path, "half");
        }

        Assert.Equal("half", File.ReadAllText(_folder["film.mkv"]));
    }

    [Fact]
    public void An_older_file_stays_until_the_newer_one_is_complete()
    {
        File.WriteAllText(_folder["film.mkv"], "older");
        using PartialFile film = PartialFile.Create(_folder["film.mkv"]);
        File.WriteAllText(film.Path, "newer");
        Assert.Equal((_folder["film.part.mkv"], true), (film.Path, film.HasOlder));
        Assert.Equal("older", File.ReadAllText(_folder["film.mkv"]));

        film.Complete();

        Assert.Equal("newer", File.ReadAllText(_folder["film.mkv"]));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void What_was_not_completed_stays_beside_the_older_one_and_the_next_one_leaves_it_alone()
    {
        File.WriteAllText(_folder["film.mkv"], "older");
        for (int i = 0; i < 2; i++)
        {
            using PartialFile film = PartialFile.Create(_folder["film.mkv"]);
            File.WriteAllText(film.Path, $"half {i}");
        }

        Assert.Equal(["half 0", "half 1", "older"], new[] { "film.part.mkv", "film.part2.mkv", "film.mkv" }.Select(name => File.ReadAllText(_folder[name])));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_empty_file_is_not_left_behind(bool hasOlder)
    {
        if (hasOlder)
        {
            File.WriteAllText(_folder["film.mkv"], "older");
        }

        PartialFile.Create(_folder["film.mkv"]).Dispose();

        Assert.Equal(hasOlder ? [_folder["film.mkv"]] : [], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_link_is_followed_and_stays_one()
    {
        File.WriteAllText(_folder["film.mkv"], "older");
        File.CreateSymbolicLink(_folder["link.mkv"], "film.mkv");
        using PartialFile film = PartialFile.Create(_folder["link.mkv"]);
        File.WriteAllText(film.Path, "newer");

        film.Complete();

        Assert.Equal("newer", File.ReadAllText(_folder["film.mkv"]));
        Assert.Equal("film.mkv", new FileInfo(_folder["link.mkv"]).LinkTarget);
    }

    [NeedsRootFact]
    public void A_link_that_somebody_else_left_where_everybody_may_write_is_not_followed()
    {
        Directory.CreateDirectory(_folder["tmp"]);
        File.WriteAllText(_folder["precious.mkv"], "older");
        File.CreateSymbolicLink(_folder["tmp/film.mkv"], _folder["precious.mkv"]);
        using (var changed = Process.Start("/bin/sh", ["-c", $"chmod 1777 {_folder["tmp"]}; chown -h 65534 {_folder["tmp/film.mkv"]}"]))
        {
            changed.WaitForExit();
        }

        var e = Assert.Throws<CaptureException>(() => PartialFile.Create(_folder["tmp/film.mkv"]));

        Assert.Contains("it is a link that user 65534 left", e.Message, StringComparison.Ordinal);
        Assert.Equal("older", File.ReadAllText(_folder["precious.mkv"]));
    }

    [Fact]
    public void What_is_no_file_is_written_as_it_is()
    {
        using PartialFile device = PartialFile.Create("/dev/null");
        Assert.Equal(("/dev/null", false), (device.Path, device.HasOlder));
        device.Complete();

        Assert.Contains("it is a folder", Assert.Throws<CaptureException>(() => PartialFile.Create(_folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("its folder does not exist", Assert.Throws<CaptureException>(() => PartialFile.Create(_folder["no/film.mkv"])).Message, StringComparison.Ordinal);
    }
}
