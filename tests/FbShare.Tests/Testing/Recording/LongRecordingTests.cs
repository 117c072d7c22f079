using System.Diagnostics;
using System.Globalization;
using FbShare.Pictures;
using FbShare.Testing.Recording;
using Xunit;
using Xunit.Abstractions;

namespace FbShare.Tests.Testing.Recording;

/// <summary>Recordings that run for hours, and disks that are too small for them.</summary>
public sealed class LongRecordingTests(ITestOutputHelper output) : IDisposable
{
    private const int Width = 160;
    private const int Height = 100;

    /// <summary>How many flips are recorded: hours of them where FBSHARE_RECORDED_FLIPS says so.</summary>
    private static readonly int Flips = int.Parse(Environment.GetEnvironmentVariable("FBSHARE_RECORDED_FLIPS") ?? "6000", CultureInfo.InvariantCulture);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ScreenFixture _fixture = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _fixture.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("out.y4m", 1)]
    [InlineData("frames/%06d.png", 10)]
    public async Task A_long_recording_needs_no_more_memory_than_a_short_one(string name, int share)
    {
        int flips = Flips / share;
        ScreenFixture.Surface surface = _fixture.Show(Width, Height);
        string file = _folder[name];
        if (name == "out.y4m")
        {
            // Nothing is kept there either.
            File.CreateSymbolicLink(file, "/dev/null");
        }
        await using ScreenRecorder recorder = await _fixture.Screen.RecordAsync(file, new RecordingOptions { FramesPerSecond = null });
        Flip(0, flips / 6);
        (long heap, long resident) before = Memory();
        Flip(flips / 6, flips);
        (long heap, long resident) after = Memory();
        RecordingSummary summary = await recorder.StopAsync();

        // The empty picture before them may be among them.
        Assert.InRange(summary.Frames + summary.Dropped, flips, flips + 1);
        string said = $"{name}: {flips} flips, {summary.Dropped} of them dropped; heap {before.heap >> 20} to {after.heap >> 20} MiB, resident {before.resident >> 20} to {after.resident >> 20} MiB";
        output.WriteLine(said);
        // A picture has 64 kB, and tests beside this one have memory, too.
        Assert.True(after.heap - before.heap < Math.Min(flips * 64_000L / 4, 64 << 20), said);

        void Flip(int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                surface.Fill(new Rect(0, 0, Width, Height), (uint)i * 0x010203);
                Assert.True(SpinWait.SpinUntil(() => recorder.Progress is var now && now.Frames + now.Dropped > i, Patience), $"flip {i} is not recorded");
            }
        }
    }

    [FullDiskFact]
    public async Task A_disk_that_is_full_ends_a_recording_with_whole_frames_and_leaves_all_else_as_it_is()
    {
        string disk = Directory.CreateDirectory(_folder["disk"]).FullName;
        Do("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk);
        try
        {
            string older = Path.Combine(disk, "older.y4m"), newer = Path.Combine(disk, "newer.y4m");
            byte[] kept = new byte[100_000];
            Random.Shared.NextBytes(kept);
            File.WriteAllBytes(older, kept);
            ScreenFixture.Surface surface = _fixture.Show(Width, Height);
            await using ScreenRecorder recorder = await _fixture.Screen.RecordAsync(newer, new RecordingOptions { FramesPerSecond = null });
            uint pixel = 0;
            while (!recorder.Completion.IsCompleted)
            {
                Assert.True(pixel < 1000, "the disk is not full");
                surface.Fill(new Rect(0, 0, Width, Height), ++pixel);
            }

            RecordingException failure = await Assert.ThrowsAsync<RecordingException>(() => recorder.Completion);
            Assert.Contains($"cannot write {newer}: the disk is full; the ", failure.Message, StringComparison.Ordinal);
            Assert.Contains("can be used", failure.Message, StringComparison.Ordinal);
            Assert.Equal(kept, File.ReadAllBytes(older));
            byte[] whole = File.ReadAllBytes(newer);
            int frames = 0, at = Array.IndexOf(whole, (byte)'\n') + 1;
            for (; at < whole.Length; frames++)
            {
                Assert.True(whole.AsSpan(at).StartsWith("FRAME "u8));
                at = Array.IndexOf(whole, (byte)'\n', at) + 1 + (Width * Height * 3);
            }
            Assert.Equal(whole.Length, at);
            Assert.InRange(frames, 2, 8);
            // The machine goes on.
            surface.Fill(new Rect(0, 0, Width, Height), 0x00AABBCC);
            byte red = 0;
            for (var clock = Stopwatch.StartNew(); red != 0xAA && clock.Elapsed < Patience;)
            {
                red = (await _fixture.Screen.CaptureAsync()).Picture[3, 3].Red;
            }
            Assert.Equal(0xAA, red);
        }
        finally
        {
            Do("umount", disk);
        }
    }

    private static (long Heap, long Resident) Memory() => (GC.GetTotalMemory(forceFullCollection: true), Environment.WorkingSet);

    private static void Do(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
