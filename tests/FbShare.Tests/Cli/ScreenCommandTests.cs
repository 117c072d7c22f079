using System.Text.Json;
using FbShare.Capture;
using FbShare.Display;
using FbShare.Pictures;
using FbShare.Tests.Testing;
using Xunit;

namespace FbShare.Tests.Cli;

/// <summary>wait, match, text and hash, as the program.</summary>
public sealed class ScreenCommandTests
{
    [Fact]
    public void A_picture_matches_itself_and_another_is_status_6_with_the_difference_in_a_file()
    {
        using var folder = new TemporaryFolder();
        Picture golden = NeedleTests.Striped(40, 30);
        PictureFile.Write(folder["golden.png"], golden);
        byte[] pixels = golden.Pixels.ToArray();
        pixels[((12 * 40) + 7) * 4] ^= 0x81;
        PictureFile.Write(folder["screen.png"], new Picture(golden.Format, 40, 30, pixels));

        Assert.Equal(
            (0, $"{folder["golden.png"]}: matches: every pixel is equal\n", ""),
            FbShareProgram.Run("match", folder["golden.png"], folder["golden.png"]));
        var (code, output, error) = FbShareProgram.Run("match", folder["golden.png"], folder["screen.png"], "-o", folder["d.png"], "--json");

        Assert.Equal((6, ""), (code, error));
        using JsonDocument json = JsonDocument.Parse(output);
        JsonElement root = json.RootElement;
        Assert.False(root.GetProperty("matches").GetBoolean());
        Assert.Equal(1, root.GetProperty("areas")[0].GetProperty("differentPixels").GetInt32());
        Picture difference = PictureFile.Read(folder["d.png"]);
        Assert.Equal((255, 32, 32, 255), difference[7, 12]);
        Assert.Equal(difference[8, 12].Red, difference[8, 12].Blue);
        Assert.Equal(0, FbShareProgram.Run("match", folder["golden.png"], folder["screen.png"], "--exclude", "7,12,1x1").ExitCode);
        Assert.Equal(0, FbShareProgram.Run("match", folder["golden.png"], folder["screen.png"], "--area", "0,0,40x12").ExitCode);
        Assert.Equal(0, FbShareProgram.Run("match", folder["golden.png"], folder["screen.png"], "--differing", "0.1%").ExitCode);
    }

    [Fact]
    public void An_update_says_how_the_pictures_differ_and_makes_the_new_one_the_golden_one()
    {
        using var folder = new TemporaryFolder();
        PictureFile.Write(folder["golden.png"], new Picture(DrmFormat.XR24, 2, 1, new byte[8]));
        PictureFile.Write(folder["screen.png"], new Picture(DrmFormat.XR24, 2, 1, [0, 0, 0, 0, 9, 9, 9, 0]));
        var (code, output, _) = FbShareProgram.Run("match", folder["golden.png"], folder["screen.png"], "--update");
        Assert.Equal(0, code);
        Assert.Contains("1 pixels differ by up to 9", output, StringComparison.Ordinal);
        Assert.Equal(0, FbShareProgram.Run("match", folder["golden.png"], folder["screen.png"]).ExitCode);
        Assert.Equal(0, FbShareProgram.Run("match", folder["new.png"], folder["screen.png"], "--update").ExitCode);
        Assert.True(PictureComparison.Compare(PictureFile.Read(folder["new.png"]), PictureFile.Read(folder["screen.png"])).AreEqual);
    }

    [Fact]
    public async Task A_frame_is_a_line_and_every_flush_another()
    {
        using var fixture = new ScreenFixture();
        ScreenFixture.Surface surface = fixture.Show(8, 4);
        var (code, output, error) = FbShareProgram.Run("hash", "--display", fixture.Address);
        Assert.Equal((0, ""), (code, error));
        Assert.Matches($@"^\d+ \d+\.\d{{6}} 0 8x4 XR24 {Hash(0):x16}\n$", output);

        Task<(int ExitCode, string Output, string Error)> program = Task.Run(() => FbShareProgram.Run("hash", "--display", fixture.Address, "--every-flush", "--count", "5", "--json"));
        for (uint i = 1; !program.IsCompleted; i++)
        {
            surface.Fill(new Rect(0, 0, 8, 4), i);
        }
        string[] lines = (await program).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5, lines.Length);
        // 0 before the guest's first flush.
        long last = -1;
        foreach (string line in lines)
        {
            using JsonDocument json = JsonDocument.Parse(line);
            long sequence = json.RootElement.GetProperty("sequence").GetInt64();
            Assert.True(sequence > last);
            last = sequence;
        }
    }

    [Fact]
    public async Task The_first_thing_that_comes_is_printed_and_its_frame_written()
    {
        using var folder = new TemporaryFolder();
        using var fixture = new ScreenFixture();
        ScreenFixture.Surface surface = fixture.Show(64, 48);
        Picture wanted = new(DrmFormat.XR24, 3, 2, [.. Enumerable.Repeat<byte[]>([1, 2, 3, 0], 6).SelectMany(p => p)]);
        PictureFile.Write(folder["button.png"], wanted);
        Task<(int ExitCode, string Output, string Error)> program = Task.Run(() => FbShareProgram.Run(
            "wait", "--display", fixture.Address, "--still", "1m", "--match", folder["button.png"], "-o", folder["seen.png"], "--json"));
        fixture.AwaitViewer();
        surface.Fill(new Rect(10, 20, 3, 2), 0x030201);

        var (code, output, error) = await program;
        Assert.Equal((0, ""), (code, error));
        using JsonDocument json = JsonDocument.Parse(output);
        Assert.Equal("the picture button", json.RootElement.GetProperty("found").GetString());
        Assert.Equal((10, 20), (json.RootElement.GetProperty("area").GetProperty("x").GetInt32(), json.RootElement.GetProperty("area").GetProperty("y").GetInt32()));
        Assert.Equal((3, 2, 1, 255), PictureFile.Read(folder["seen.png"])[11, 21]);
    }

    [Fact]
    public void A_screen_that_never_comes_is_status_3_with_three_pictures_and_the_reason()
    {
        using var folder = new TemporaryFolder();
        using var fixture = new ScreenFixture();
        fixture.Show(64, 48).Fill(new Rect(5, 6, 20, 10), 0xFFFFFF);
        byte[] pixels = new byte[64 * 48 * 4];
        pixels[((30 * 64) + 40) * 4] = 200;
        PictureFile.Write(folder["golden.png"], new Picture(DrmFormat.XR24, 64, 48, pixels));

        var (code, output, error) = FbShareProgram.Run(
            "wait", "--display", fixture.Address, "--match", folder["golden.png"], "--timeout", "1200ms", "-o", folder["out.png"]);

        Assert.Equal((3, ""), (code, output));
        Assert.Contains("201 pixels differ by up to 255, the first at (5, 6)", error, StringComparison.Ordinal);
        Assert.Contains("the screen was still: it last changed", error, StringComparison.Ordinal);
        Picture actual = PictureFile.Read(folder["out.actual.png"]);
        Assert.Equal((255, 255, 255, 255), actual[5, 6]);
        Assert.Equal((0, 0, 200, 255), PictureFile.Read(folder["out.expected.png"])[40, 30]);
        Picture difference = PictureFile.Read(folder["out.diff.png"]);
        Assert.Equal(((255, 32, 32, 255), (255, 32, 32, 255), (12, 12, 12, 255)), (difference[5, 6], difference[40, 30], difference[41, 30]));
        Assert.False(File.Exists(folder["out.png"]));
    }

    [Fact]
    public void What_a_console_says_is_printed()
    {
        using var folder = new TemporaryFolder();
        PictureFile.Write(folder["blank.png"], new Picture(DrmFormat.XR24, 64, 32, new byte[64 * 32 * 4]));
        Assert.Equal((0, "\n", ""), FbShareProgram.Run("text", folder["blank.png"]));
    }

    [Theory]
    [InlineData("give either the file of a picture or --display", "text", "s.png", "--display", "unix:/x")]
    [InlineData("--output has no effect on the file of a picture", "text", "s.png", "--output", "1")]
    [InlineData("contradicts", "match", "golden.png", "s.png", "--similarity", "90%", "--tolerance", "3")]
    [InlineData("--margin has no effect", "match", "golden.png", "s.png", "--margin", "3")]
    [InlineData("says itself", "match", "golden.json", "s.png", "--tolerance", "3")]
    [InlineData("says itself which areas", "match", "golden.json", "s.png", "--area", "0,0,1x1")]
    [InlineData("--similarity 101%", "match", "golden.png", "s.png", "--similarity", "101%")]
    [InlineData("--exclude 1,1: give", "match", "golden.png", "s.png", "--exclude", "1,1")]
    [InlineData("name the file .png", "match", "golden.png", "s.png", "-o", "diff.gif")]
    [InlineData("give --still, --changed, --match or --text", "wait", "--display", "unix:/x")]
    [InlineData("name the file .png", "wait", "--display", "unix:/x", "--changed", "-o", "x")]
    [InlineData("--count has no effect", "hash", "--display", "unix:/x", "--count", "3")]
    public void A_command_line_that_makes_no_sense_is_status_2(string said, params string[] arguments)
    {
        var (code, output, error) = FbShareProgram.Run(arguments);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    /// <summary>Of 8x4 pixels of one colour.</summary>
    private static ulong Hash(uint pixel)
    {
        byte[] bytes = new byte[8 * 4 * 4];
        for (int at = 0; at < bytes.Length; at += 4)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(at), pixel | 0xFF000000);
        }
        return System.IO.Hashing.XxHash3.HashToUInt64(bytes);
    }
}
