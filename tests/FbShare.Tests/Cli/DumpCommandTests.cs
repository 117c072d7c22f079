using FbShare.Capture;
using FbShare.Display;
using FbShare.Pictures;
using FbShare.Tests.Display;
using Xunit;

namespace FbShare.Tests.Cli;

public sealed class DumpCommandTests
{
    [Theory]
    [InlineData("png")]
    [InlineData("ppm")]
    [InlineData("raw")]
    [InlineData("webp")]
    public void A_frame_is_written_and_described_on_stdout(string format)
    {
        using var folder = new TemporaryFolder();
        using var fixture = new DisplayFixture();
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.RX24, 33, 7, 140, 12, i => (byte)(i * 5)));
        string file = folder[$"screen.{format}"];
        var (code, output, error) = Run(fixture, "-o", file);
        Assert.Equal("", error);
        Assert.Equal(0, code);
        Assert.Equal($"{file}: 33x7 RX24, resource: 2d, path: copy (a 2D resource shows what was transferred)\n", output);
        Picture picture = PictureFile.Read(file);
        Assert.Equal((33, 7), (picture.Width, picture.Height));
        for (int y = 0; y < 7; y++)
        {
            for (int x = 0; x < 33; x++)
            {
                // RX24: bytes X, B, G, R.
                int at = 12 + (y * 140) + (x * 4);
                Assert.Equal(((byte)((at + 3) * 5), (byte)((at + 2) * 5), (byte)((at + 1) * 5), (byte)255), picture[x, y]);
            }
        }
    }

    [Fact]
    public void All_outputs_are_written_to_numbered_files()
    {
        using var folder = new TemporaryFolder();
        using var fixture = new DisplayFixture(outputs: 2);
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 3, 2, 12, 0, i => 1));
        fixture.Hub.SetScanout(1, fixture.HostPicture(DrmFormat.XR24, 5, 4, 20, 0, i => 2));
        var (code, output, error) = Run(fixture, "--all", "--wait-still", "50ms", "-o", folder["s.png"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(2, output.TrimEnd().Split('\n').Length);
        Assert.Equal((3, 2), Size(folder["s-0.png"]));
        Assert.Equal((5, 4), Size(folder["s-1.png"]));
    }

    [Fact]
    public void The_pointer_is_drawn_when_asked_for()
    {
        using var folder = new TemporaryFolder();
        using var fixture = new DisplayFixture();
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 4, 4, 16, 0, i => 0));
        fixture.Hub.DefineCursor(0, new CursorImage(1, 1, 0, 0, new byte[] { 10, 20, 30, 255 }));
        fixture.Hub.MoveCursor(0, new CursorPosition(2, 1, true));
        Assert.Equal(0, Run(fixture, "--cursor", "-o", folder["with.png"]).Code);
        Assert.Equal(0, Run(fixture, "-o", folder["without.png"]).Code);
        Assert.Equal(((byte)30, (byte)20, (byte)10, (byte)255), PictureFile.Read(folder["with.png"])[2, 1]);
        Assert.Equal(((byte)0, (byte)0, (byte)0, (byte)255), PictureFile.Read(folder["without.png"])[2, 1]);
    }

    [Fact]
    public void A_part_is_written_in_the_size_and_format_asked_for()
    {
        using var folder = new TemporaryFolder();
        using var fixture = new DisplayFixture();
        // Pixels (x, y) of blue 16x, green 16y.
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 16, 8, 64, 0, i => (byte)((i % 4) switch { 0 => i % 64 / 4 * 16, 1 => i / 64 * 16, _ => 0 })));
        string file = folder["part"];
        var (code, output, error) = Run(fixture, "--crop", "3,2,8x4", "--scale", "25%", "--format", "ppm", "-o", file);
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith($"{file}: 2x1 XR24, ", output, StringComparison.Ordinal);
        // Each the mean of 4x4: x from 3 to 6 and from 7 to 10, y from 2 to 5.
        Assert.Equal([.. "P6\n2 1\n255\n"u8, 0, 56, 72, 0, 56, 136], File.ReadAllBytes(file));
    }

    [Fact]
    public void A_driver_cannot_read_what_is_copied_and_that_is_said_at_once()
    {
        using var folder = new TemporaryFolder();
        using var fixture = new DisplayFixture();
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 20, 2, 80, 0, i => 1));
        var (code, output, error) = Run(fixture, "--gl", "-o", folder["s.png"], "--timeout", "600s");
        Assert.StartsWith("fbshare: the picture cannot be read through a graphics driver: ", error, StringComparison.Ordinal);
        Assert.Equal((4, "", 1), (code, output, error.TrimEnd().Split('\n').Length));
        Assert.False(File.Exists(folder["s.png"]));
    }

    [Theory]
    [InlineData(1, "cannot write ", "--crop", "180,0,30x1")]
    [InlineData(1, "cannot write ", "--scale", "10000%")]
    public void A_part_or_a_size_that_cannot_be_is_one_sentence(int expected, string said, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        using var fixture = new DisplayFixture();
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 200, 2, 800, 0, i => 1));
        var (code, output, error) = Run(fixture, ["-o", folder["s.png"], .. arguments]);
        Assert.StartsWith($"fbshare: {said}{folder["s.png"]}: ", error, StringComparison.Ordinal);
        Assert.Equal((expected, "", 1), (code, output, error.TrimEnd().Split('\n').Length));
        Assert.False(File.Exists(folder["s.png"]));
    }

    [Theory]
    [InlineData(3, "output 0 showed nothing for 0.2 s", "--timeout", "200ms")]
    [InlineData(1, "there is no output 5: there is 0", "--output", "5")]
    public void What_does_not_come_is_one_sentence_and_a_status(int expected, string said, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        using var fixture = new DisplayFixture();
        var (code, output, error) = Run(fixture, ["-o", folder["s.png"], .. arguments]);
        Assert.Equal((expected, ""), (code, output));
        Assert.StartsWith($"fbshare: {said}", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.False(File.Exists(folder["s.png"]));
    }

    [Theory]
    [InlineData("contradict", "--display", "unix:/x", "-o", "s.png", "--all", "--output", "1")]
    [InlineData("contradict", "--display", "unix:/x", "-o", "s.png", "--wait-still", "1s", "--frame", "3")]
    [InlineData("contradict", "--display", "unix:/x", "-o", "s.png", "--gl", "--copy")]
    [InlineData("--frame 0: give a number of 1 or more", "--display", "unix:/x", "-o", "s.png", "--frame", "0")]
    [InlineData("name the file .png", "--display", "unix:/x", "-o", "s.gif")]
    [InlineData("is not a display", "--display", "vnc:1", "-o", "s.png")]
    [InlineData("name the file .png", "--display", "unix:/x", "-o", "s.gif", "--scale", "50%")]
    [InlineData("--scale half", "--display", "unix:/x", "-o", "s.png", "--scale", "half")]
    [InlineData("--scale 0%", "--display", "unix:/x", "-o", "s.png", "--scale", "0%")]
    [InlineData("--crop 0,0", "--display", "unix:/x", "-o", "s.png", "--crop", "0,0")]
    [InlineData("--crop 0x0,5,5", "--display", "unix:/x", "-o", "s.png", "--crop", "0x0,5,5")]
    [InlineData("--crop 0,0,0x5", "--display", "unix:/x", "-o", "s.png", "--crop", "0,0,0x5")]
    [InlineData("--crop -1,0,5x5", "--display", "unix:/x", "-o", "s.png", "--crop", "-1,0,5x5")]
    [InlineData("'most'", "--display", "unix:/x", "-o", "s.png", "--compress", "most")]
    [InlineData("--compress has no effect on raw files", "--display", "unix:/x", "-o", "s.png", "--format", "raw", "--compress", "best")]
    [InlineData("--wait-still soon", "--display", "unix:/x", "-o", "s.png", "--wait-still", "soon")]
    public void A_command_line_that_makes_no_sense_is_status_2(string said, params string[] arguments)
    {
        var (code, output, error) = FbShareProgram.Run(["dump", .. arguments]);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_listening_is_status_5_and_says_what_to_start()
    {
        using var folder = new TemporaryFolder();
        var (code, output, error) = FbShareProgram.Run("dump", "--display", $"unix:{folder["none"]}", "-o", folder["s.png"]);
        Assert.Equal((5, ""), (code, output));
        Assert.Contains("fbshare serve", error, StringComparison.Ordinal);
    }

    /// <summary>Runs the program while the display it looks at goes on.</summary>
    private static (int Code, string Output, string Error) Run(DisplayFixture fixture, params string[] arguments)
    {
        fixture.Hub.Commit();
        Task<(int ExitCode, string Output, string Error)> program = Task.Run(() => FbShareProgram.Run(["dump", "--display", $"unix:{fixture.Path}", .. arguments]));
        fixture.RunUntil(() => program.IsCompleted);
        return program.GetAwaiter().GetResult();
    }

    private static (int Width, int Height) Size(string file)
    {
        Picture picture = PictureFile.Read(file);
        return (picture.Width, picture.Height);
    }
}
