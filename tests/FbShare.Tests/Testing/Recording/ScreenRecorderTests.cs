using System.Diagnostics;
using System.Globalization;
using System.Text;
using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Recording;

namespace FbShare.Tests.Testing.Recording;

/// <summary>What a recording of a screen has in it.</summary>
public sealed class ScreenRecorderTests : IDisposable
{
    private const int Width = 66;
    private const int Height = 34;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly RecordingOptions EveryFlush = new() { FramesPerSecond = null };

    private readonly ScreenFixture _fixture = new();
    private readonly TemporaryFolder _folder = new();
    private readonly ScreenFixture.Surface _surface;

    public ScreenRecorderTests()
    {
        _surface = _fixture.Show(Width, Height);
        Draw(0);
    }

    public void Dispose()
    {
        _fixture.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Every_flush_is_in_the_file_once_and_in_order_with_its_time()
    {
        string file = _folder["out.y4m"];
        await using ScreenRecorder recorder = await _fixture.Screen.RecordAsync(file, EveryFlush);
        DrawOneByOne(recorder, 12);

        RecordingSummary summary = await recorder.StopAsync();

        Assert.Equal((13, 0, Width, Height), (summary.Frames, summary.Dropped, summary.Width, summary.Height));
        List<(double Time, byte Luma)> frames = ReadY4m(file);
        // Grey g is (66 + 129 + 25) g / 256 + 16 in BT.601's limited range.
        Assert.Equal(Enumerable.Range(0, 13).Select(n => (byte)((((220 * n * 10) + 128) >> 8) + 16)), frames.Select(f => f.Luma));
        Assert.Equal(0, frames[0].Time);
        Assert.Equal(frames.Select(f => f.Time).Order(), frames.Select(f => f.Time));
        Assert.Equal(summary.Length.TotalSeconds, frames[^1].Time, 5);
    }

    [Fact]
    public async Task An_even_rate_shows_a_still_picture_as_long_as_it_was_there()
    {
        string file = _folder["out.y4m"];
        await using ScreenRecorder recorder = await _fixture.Screen.RecordAsync(file, new RecordingOptions { FramesPerSecond = 50 });
        var clock = Stopwatch.StartNew();
        Draw(7);
        Assert.True(SpinWait.SpinUntil(() => clock.Elapsed > TimeSpan.FromMilliseconds(300), Patience));

        RecordingSummary summary = await recorder.StopAsync();

        List<(double Time, byte Luma)> frames = ReadY4m(file);
        Assert.Equal(summary.Frames, frames.Count);
        Assert.True(frames.Count >= 15, $"{frames.Count} frames of 20 ms in 300 ms");
        Assert.Equal(summary.Length.TotalSeconds, frames.Count / 50.0, 1);
        Assert.Equal(76, frames[^1].Luma);
    }

    [Fact]
    public async Task Numbered_pictures_are_exact_and_their_times_lie_beside_them()
    {
        await using ScreenRecorder recorder = await _fixture.Screen.RecordAsync(_folder["frames/%04d.png"], EveryFlush);
        DrawOneByOne(recorder, 3);
        await recorder.StopAsync();

        Assert.Equal(["0001.png", "0002.png", "0003.png", "0004.png", "times.txt"], Directory.GetFiles(_folder["frames"]).Select(Path.GetFileName).Order());
        Assert.Equal((30, 30, 30, 255), PictureFile.Read(_folder["frames/0004.png"])[Width - 1, Height - 1]);
        string[] times = File.ReadAllLines(_folder["frames/times.txt"]);
        Assert.Equal("# timestamp format v2", times[0]);
        Assert.Equal(4, times.Length - 1);
        Assert.Equal("0.000", times[1]);
    }

    [Fact]
    public async Task A_video_keeps_its_first_size_and_says_how_many_pictures_had_another()
    {
        string file = _folder["out.y4m"];
        await using ScreenRecorder recorder = await _fixture.Screen.RecordAsync(file, EveryFlush);
        WaitForFrames(recorder, 1);
        _fixture.Show(Width * 2, Height / 2).Fill(new Rect(0, 0, Width * 2, Height / 2), 0xFFFFFF);
        WaitForFrames(recorder, 2);

        RecordingSummary summary = await recorder.StopAsync();

        Assert.Equal((Width, Height), (summary.Width, summary.Height));
        Assert.True(summary.OtherSizes >= 1);
        byte[] last = File.ReadAllBytes(file)[^(Width * Height * 3)..];
        Assert.Equal((235, 16), (last[0], last[(Width * Height) - 1]));
    }

    [Fact]
    public async Task A_full_disk_ends_the_recording_with_one_sentence_and_the_screen_goes_on()
    {
        File.CreateSymbolicLink(_folder["out.y4m"], "/dev/full");
        await using ScreenRecorder recorder = await _fixture.Screen.RecordAsync(_folder["out.y4m"], EveryFlush);

        RecordingException failure = await Assert.ThrowsAsync<RecordingException>(() => recorder.Completion.WaitAsync(Patience));

        Assert.Contains("the disk is full", failure.Message, StringComparison.Ordinal);
        Assert.Contains("nothing was recorded", failure.Message, StringComparison.Ordinal);
        Draw(9);
        byte seen = 0;
        for (var clock = Stopwatch.StartNew(); seen != 90 && clock.Elapsed < Patience;)
        {
            seen = (await _fixture.Screen.CaptureAsync()).Picture[0, 0].Red;
        }
        Assert.Equal(90, seen);
    }

    [Fact]
    public async Task A_writer_that_does_not_keep_up_costs_frames_that_are_counted_and_no_more_memory()
    {
        string pipe = _folder["out.y4m"];
        using (Process made = Process.Start("mkfifo", pipe))
        {
            made.WaitForExit();
        }
        // A pipe opens when both ends are there.
        RecordingOptions narrow = EveryFlush with { MostPending = 1, Patience = TimeSpan.FromMilliseconds(1) };
        Task<ScreenRecorder> starting = Task.Run(() => _fixture.Screen.RecordAsync(pipe, narrow));
        await using FileStream reader = File.OpenRead(pipe);
        await using ScreenRecorder recorder = await starting;
        // A pipe takes 64 KiB, which is 9 of these pictures; 4 are kept besides.
        for (int n = 1; recorder.Progress.Dropped < 5; n++)
        {
            Assert.True(n < 1000, "nothing was dropped");
            Draw(n % 25);
        }
        Task<RecordingSummary> stopping = recorder.StopAsync();
        var read = new MemoryStream();
        await reader.CopyToAsync(read);
        RecordingSummary summary = await stopping;

        Assert.True(summary.Dropped >= 5);
        Assert.Equal(summary.Frames, ReadY4m(read.ToArray()).Count);
    }

    [Fact]
    public async Task A_display_that_is_lost_leaves_a_whole_file()
    {
        string file = _folder["out.y4m"];
        await using ScreenRecorder recorder = await _fixture.Screen.RecordAsync(file, EveryFlush);
        DrawOneByOne(recorder, 2);
        _fixture.StopDisplay();

        RecordingSummary summary = await recorder.Completion.WaitAsync(Patience);

        Assert.NotNull(recorder.Loss);
        Assert.Equal(3, summary.Frames);
        Assert.Equal(3, ReadY4m(file).Count);
    }

    [Fact]
    public async Task An_older_recording_of_the_name_stays_until_the_newer_one_is_whole()
    {
        string file = _folder["out.y4m"];
        File.WriteAllText(file, "older");
        await using ScreenRecorder recorder = await _fixture.Screen.RecordAsync(file, EveryFlush);
        DrawOneByOne(recorder, 2);
        Assert.Equal("older", File.ReadAllText(file));

        await recorder.StopAsync();

        Assert.Equal(3, ReadY4m(file).Count);
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("screen.png", "%06d.png")]
    [InlineData("screen", "no ending")]
    [InlineData("missing/screen.y4m", "folder does not exist")]
    public async Task A_name_that_cannot_be_recorded_to_says_what_to_do(string name, string said)
    {
        RecordingException refused = await Assert.ThrowsAsync<RecordingException>(() => _fixture.Screen.RecordAsync(_folder[name]));
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
    }

    [NeedsProgramFact("ffmpeg")]
    public async Task Ffmpeg_is_given_every_flush_at_its_time()
    {
        string file = _folder["out.mkv"];
        await using ScreenRecorder recorder = await _fixture.Screen.RecordAsync(file, EveryFlush);
        DrawOneByOne(recorder, 12);
        RecordingSummary summary = await recorder.StopAsync();

        byte[] gray = Read("ffmpeg", "-loglevel", "error", "-i", file, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-");
        Assert.Equal(13, gray.Length / (Width * Height));
        Assert.All(Enumerable.Range(0, 13), n => Assert.InRange(gray[(n * Width * Height) + (Width * 7) + 9], (n * 10) - 3, (n * 10) + 3));
        string[] times = Encoding.UTF8.GetString(Read("ffprobe", "-loglevel", "error", "-show_entries", "frame=pts_time", "-of", "csv=p=0", file)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(summary.Length.TotalSeconds, double.Parse(times[^1].TrimEnd(','), CultureInfo.InvariantCulture), tolerance: 0.002);
    }

    [NeedsProgramFact("ffmpeg")]
    public async Task What_ffmpeg_cannot_do_is_told_in_its_words()
    {
        await _fixture.Screen.CaptureAsync();
        await using ScreenRecorder recorder = await _fixture.Screen.RecordAsync(_folder["out.nosuchkind"]);
        RecordingException failure = await Assert.ThrowsAsync<RecordingException>(() => recorder.StopAsync().WaitAsync(Patience));
        Assert.Contains("ffmpeg says: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("out.nosuchkind", failure.Message, StringComparison.Ordinal);
    }

    private void Draw(int number) => _surface.Fill(new Rect(0, 0, Width, Height), (uint)(number * 10 * 0x010101));

    /// <summary>So that none is merged with the one before.</summary>
    private void DrawOneByOne(ScreenRecorder recorder, int count)
    {
        WaitForFrames(recorder, 1);
        for (int n = 1; n <= count; n++)
        {
            Draw(n);
            WaitForFrames(recorder, n + 1);
        }
    }

    private static void WaitForFrames(ScreenRecorder recorder, int count) => Assert.True(
        SpinWait.SpinUntil(() => recorder.Progress.Frames >= count || recorder.Completion.IsCompleted, Patience) && !recorder.Completion.IsFaulted,
        $"{recorder.Progress.Frames} frames of {count}; {recorder.Completion.Exception?.InnerException?.Message}");

    private static byte[] Read(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output.ToArray();
    }

    private static List<(double Time, byte Luma)> ReadY4m(string file) => ReadY4m(File.ReadAllBytes(file));

    /// <summary>Each picture's time and its first pixel's brightness; fails where the file does not add up.</summary>
    private static List<(double Time, byte Luma)> ReadY4m(byte[] bytes)
    {
        var frames = new List<(double, byte)>();
        int at = Array.IndexOf(bytes, (byte)'\n') + 1;
        Assert.StartsWith($"YUV4MPEG2 W{Width} H{Height} F", Encoding.ASCII.GetString(bytes, 0, at), StringComparison.Ordinal);
        while (at < bytes.Length)
        {
            int end = Array.IndexOf(bytes, (byte)'\n', at);
            string header = Encoding.ASCII.GetString(bytes, at, end - at);
            Assert.StartsWith("FRAME", header, StringComparison.Ordinal);
            frames.Add((header.Split("XTIME=") is [_, var time] ? double.Parse(time, CultureInfo.InvariantCulture) : 0, bytes[end + 1]));
            at = end + 1 + (Width * Height * 3);
        }
        Assert.Equal(bytes.Length, at);
        return frames;
    }
}
