using System.Diagnostics;
using FbShare.VirtioGpu;
using Xunit;

namespace FbShare.Tests.VirtioGpu;

public class EdidTests
{
    public static TheoryData<int, int, double> Modes => new()
    {
        { 640, 480, 60 }, { 1024, 768, 60 }, { 1280, 800, 60 }, { 1366, 768, 60 }, { 1920, 1080, 60 }, { 1920, 1080, 144 },
        { 2560, 1440, 60 }, { 3840, 2160, 60 }, { 3840, 2160, 240 }, { 4095, 2160, 60 }, { 4096, 2160, 60 }, { 5120, 2880, 60 },
        { 7680, 4320, 60 }, { 16384, 16384, 60 }, { 1080, 1920, 60 }, { 133, 77, 59.94 }, { 1, 1, 60 }, { 1, 16384, 1 },
        { 1280, 800, 1000 }, { 641, 479, 30 },
    };

    [NeedsProgramTheory("edid-decode")]
    [MemberData(nameof(Modes))]
    public void Every_size_and_rate_is_valid_and_is_the_preferred_mode(int width, int height, double refresh)
    {
        byte[] edid = Create(width, height, refresh, output: 3);

        string said = Decode(edid);

        Assert.True(said.Contains("EDID conformity: PASS", StringComparison.Ordinal), said);
        // Nobody has registered FBS; DisplayID is where edid-decode minds.
        string minded = said[said.LastIndexOf("----", StringComparison.Ordinal)..].Replace("Unknown OUI 46-42-53 (possible PNP FBS).", "", StringComparison.Ordinal);
        Assert.DoesNotMatch("(Unknown|Mismatch|Dubious|invalid|out of range)", minded);
        Assert.Contains("Display Product Name: 'FbShare'", said, StringComparison.Ordinal);
        Assert.Contains("Display Product Serial Number: 'FBS-0004'", said, StringComparison.Ordinal);
        Assert.Matches($@"DTD.*: +{width}x{height} +", said);
        Assert.True(edid.Length is 128 or 256);
    }

    [NeedsProgramTheory("edid-decode")]
    [InlineData("640x480")]
    [InlineData("800x600")]
    [InlineData("1024x768")]
    [InlineData("1152x864")]
    [InlineData("1280x720")]
    [InlineData("1280x800")]
    [InlineData("1280x960")]
    [InlineData("1280x1024")]
    [InlineData("1400x1050")]
    [InlineData("1440x900")]
    [InlineData("1600x900")]
    [InlineData("1600x1200")]
    [InlineData("1680x1050")]
    [InlineData("1920x1080")]
    [InlineData("1920x1200")]
    [InlineData("2048x1152")]
    [InlineData("2048x1536")]
    public void A_guest_finds_the_usual_modes(string mode) =>
        Assert.Matches($@"(DMT|GTF|CVT|IBM|Apple).*\b{mode}\b +(59|60)\.", Decode(Create(801, 601)));

    [Theory]
    [InlineData(0, 600, 60)]
    [InlineData(800, 0, 60)]
    [InlineData(16385, 600, 60)]
    [InlineData(800, 600, 0.5)]
    [InlineData(800, 600, double.NaN)]
    public void A_mode_that_cannot_be_is_refused(int width, int height, double refresh) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(width, height, refresh));

    [Theory]
    [MemberData(nameof(Modes))]
    public void Every_block_sums_to_zero(int width, int height, double refresh)
    {
        byte[] edid = Create(width, height, refresh);
        Assert.All(edid.Chunk(128), block => Assert.Equal(0, block.Sum(b => b) % 256));
        Assert.Equal((edid.Length / 128) - 1, edid[126]);
    }

    [Theory]
    [InlineData(6000, 6000, 1000)]
    [InlineData(16384, 16384, 1000)]
    [InlineData(1, 16384, 1000)]
    public void The_largest_pictures_at_the_highest_rates_get_a_mode_all_the_same(int width, int height, double refresh)
    {
        var timing = VideoTiming.Of(width, height, refresh);

        Assert.InRange(timing.VerticalBlank, 1, 4095);
        Assert.InRange(timing.PixelClock, 1, 1 << 24);
        Assert.Equal(256, Create(width, height, refresh).Length);
    }

    private static byte[] Create(int width, int height, double refresh = 60, int output = 0)
    {
        byte[] edid = new byte[Edid.MaxSize];
        Array.Fill(edid, (byte)0xA5);
        return edid[..Edid.Write(edid, output, width, height, refresh)];
    }

    private static string Decode(byte[] edid)
    {
        using var process = Process.Start(new ProcessStartInfo("edid-decode", ["--check"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        process.StandardInput.BaseStream.Write(edid);
        process.StandardInput.Close();
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return said;
    }
}
