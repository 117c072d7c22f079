using FbShare.Capture;
using FbShare.Cli;
using FbShare.Pictures;
using FbShare.Tests.Display;
using FbShare.Tests.Testing;

namespace FbShare.Tests.Cli;

/// <summary>type, key, click, move, drag, scroll and record, as a user runs them.</summary>
public sealed class InputCommandTests : IDisposable
{
    private readonly RecordingSink _sink = new();
    private readonly ScreenFixture _fixture;
    private readonly ScreenFixture.Surface _surface;
    private readonly TemporaryFolder _folder = new();

    public InputCommandTests()
    {
        _fixture = new ScreenFixture(_sink);
        _surface = _fixture.Show(100, 50);
        _surface.Fill(new Rect(0, 0, 100, 50), 0x123456);
    }

    public void Dispose()
    {
        _fixture.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Text_is_typed_by_the_layout_and_told_of_as_JSON()
    {
        Assert.Equal((0, "{\"layout\":\"de\",\"characters\":2,\"keys\":2}\n", ""), Run("type", "--layout", "de", "--delay", "1ms", "--json", @"z\n"));
        Assert.Equal(["key 21 down", "key 21 up", "key 28 down", "key 28 up"], _sink.Events);
    }

    [Fact]
    public void Chords_are_pressed_in_turn()
    {
        Assert.Equal((0, "", ""), Run("key", "--delay", "1ms", "ctrl-alt-f2", "esc"));
        Assert.Equal(
            ["key 29 down", "key 56 down", "key 60 down", "key 60 up", "key 56 up", "key 29 up", "key 1 down", "key 1 up"], _sink.Events);
    }

    [Fact]
    public void The_pointer_is_moved_clicked_dragged_and_its_wheel_turned()
    {
        Assert.Equal((0, "", ""), Run("move", "1", "2"));
        Assert.Equal((0, "{\"x\":3,\"y\":4}\n", ""), Run("click", "--button", "right", "--json", "3", "4"));
        Assert.Equal((0, "", ""), Run("drag", "5", "6", "7", "8"));
        Assert.Equal((0, "", ""), Run("scroll", "up", "2"));
        Assert.Equal(
            [
                "to 1,2 of 100x50", "to 3,4 of 100x50", "Right down", "Right up", "to 5,6 of 100x50", "Left down", "to 7,8 of 100x50", "Left up",
                "WheelUp down", "WheelUp up", "WheelUp down", "WheelUp up",
            ],
            _sink.Events);
    }

    [Fact]
    public void A_button_is_clicked_where_its_picture_is_found()
    {
        string button = _folder["button.png"];
        PictureFile.Write(button, new Picture(DrmFormat.XR24, 10, 6, [.. Enumerable.Repeat((byte)0xAB, 10 * 6 * 4)]));
        _surface.Fill(new Rect(30, 20, 10, 6), 0xABABAB);

        Assert.Equal((0, "{\"x\":35,\"y\":23}\n", ""), Run("click", "--needle", button, "--json"));
        Assert.Equal(["to 35,23 of 100x50", "Left down", "Left up"], _sink.Events);

        _surface.Fill(new Rect(30, 20, 10, 6), 0);
        var late = Run("click", "--needle", button, "--timeout", "200ms");
        Assert.Equal(ExitCodes.Timeout, late.ExitCode);
        Assert.Contains("button", late.Error, StringComparison.Ordinal);
        Assert.Equal(3, _sink.Events.Length);
    }

    [Theory]
    [InlineData(ExitCodes.Usage, "Give either X and Y, or --needle", "click")]
    [InlineData(ExitCodes.Usage, "a place is two numbers", "click", "3")]
    [InlineData(ExitCodes.Usage, "cannot type character 2, 'ö' (U+00F6)", "type", "xö")]
    [InlineData(ExitCodes.Usage, "no keyboard layout 'xx'", "type", "--layout", "xx", "a")]
    [InlineData(ExitCodes.Usage, "begins an escape that means nothing", "type", @"\q")]
    [InlineData(ExitCodes.Usage, "there is no key 'nokey'", "key", "ctrl-nokey")]
    [InlineData(ExitCodes.Usage, "X -1: give a pixel", "move", "--", "-1", "3")]
    [InlineData(ExitCodes.Usage, "steps 0: give a number from 1 to 1000", "scroll", "down", "0")]
    [InlineData(ExitCodes.Failure, "no pixel 100,3 on output 0: its picture has 100x50", "click", "100", "3")]
    [InlineData(ExitCodes.Failure, "there is no output 4: there is 0", "key", "--output", "4", "a")]
    [InlineData(ExitCodes.Usage, "--fps and --every-flush contradict each other", "record", "-o", "x.y4m", "--fps", "3", "--every-flush")]
    [InlineData(ExitCodes.Failure, "a single picture", "record", "-o", "x.png")]
    public void What_does_not_work_says_why(int code, string said, params string[] arguments)
    {
        var result = Run(arguments);
        Assert.Equal(code, result.ExitCode);
        Assert.Contains(said, result.Error, StringComparison.Ordinal);
        Assert.Empty(_sink.Events);
    }

    [Fact]
    public void Where_xkb_has_no_data_the_package_is_named()
    {
        string nowhere = _folder["nowhere"];
        using var process = FbShareProgram.Start(With("type", "a"), ("XKB_CONFIG_ROOT", nowhere), ("XKB_CONFIG_EXTRA_PATH", nowhere), ("HOME", nowhere), ("XDG_CONFIG_HOME", nowhere));
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(ExitCodes.Unfit, process.ExitCode);
        Assert.Contains("install the package xkb-data (Debian)", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recording_ends_after_its_time_and_says_what_it_has()
    {
        string file = _folder["out.y4m"];
        var (code, output, error) = Run("record", "-o", file, "--fps", "10", "--duration", "250ms", "--json");
        Assert.Equal(0, code);
        Assert.Contains("\"dropped\":0", output, StringComparison.Ordinal);
        Assert.Contains("\"width\":100,\"height\":50", output, StringComparison.Ordinal);
        Assert.Contains("frames of 100x50", error, StringComparison.Ordinal);
        Assert.True(new FileInfo(file).Length > 2 * 100 * 50 * 3);
    }

    [Fact]
    public void A_signal_completes_a_recording()
    {
        string file = _folder["frames/%03d.png"];
        using var process = FbShareProgram.Start(With("record", "-o", file));
        // A frame is written when the next one comes; the list has its head before the first.
        var times = new FileInfo(_folder["frames/times.txt"]);
        uint[] colors = [0x123456, 0x654321];
        int fills = 0;
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                _surface.Fill(new Rect(0, 0, 100, 50), colors[++fills % 2]);
                times.Refresh();
                return times.Exists && times.Length > "# timestamp format v2\n".Length;
            },
            TimeSpan.FromSeconds(20)));
        using (var kill = System.Diagnostics.Process.Start("kill", ["-INT", $"{process.Id}"]))
        {
            kill.WaitForExit();
        }
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(ExitCodes.Interrupted, process.ExitCode);
        Assert.Contains("frames of 100x50", error, StringComparison.Ordinal);
        Assert.Contains(PictureFile.Read(_folder["frames/001.png"])[99, 49], ((byte, byte, byte, byte)[])[(0x12, 0x34, 0x56, 255), (0x65, 0x43, 0x21, 255)]);
    }

    private (int ExitCode, string Output, string Error) Run(params string[] arguments) => FbShareProgram.Run(With(arguments));

    private string[] With(params string[] arguments) => [arguments[0], "--display", _fixture.Address, .. arguments[1..]];
}
