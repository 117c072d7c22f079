using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Recording;

namespace FbShare.Tests.Testing.Recording;

/// <summary>What is kept of the time before a failure.</summary>
public sealed class RecentFramesTests
{
    private const int Side = 200;

    [Fact]
    public async Task The_last_picture_is_right_and_memory_is_bounded_however_much_changes()
    {
        const long most = 20_000;
        using var folder = new TemporaryFolder();
        using var fixture = new ScreenFixture();
        ScreenFixture.Surface surface = fixture.Show(Side, Side);
        surface.Fill(new Rect(0, 0, Side, Side), 0x102030);
        await using RecentFrames recent = await RecentFrames.StartAsync(fixture.Screen, TimeSpan.FromMinutes(1), most);
        var random = new Random(5);

        // Every save takes what changed: more than fits.
        for (int i = 0; i < 20; i++)
        {
            for (int x = 0; x < Side; x++)
            {
                surface.Fill(new Rect(x, i * 10, 1, 10), (uint)random.Next(1 << 24));
            }
            surface.Fill(new Rect(Side - 1, Side - 1, 1, 1), (uint)i);
            await fixture.Screen.WaitForPixelAsync(Side - 1, Side - 1, (byte)i);
            Assert.True(await recent.SaveAsync(folder[$"{i}/%04d.png"]));
            Assert.InRange(recent.Bytes, 0, most);
        }

        string last = Directory.GetFiles(folder["19"], "*.png").Order().Last();
        Picture now = (await fixture.Screen.CaptureAsync()).Picture;
        Assert.True(PictureComparison.Compare(PictureFile.Read(last), now).AreEqual);
    }

    [Fact]
    public async Task Before_anything_was_shown_there_is_nothing_to_keep()
    {
        using var folder = new TemporaryFolder();
        using var fixture = new ScreenFixture();
        await using RecentFrames recent = await RecentFrames.StartAsync(fixture.Screen, TimeSpan.FromSeconds(5));

        Assert.False(await recent.SaveAsync(folder["out.y4m"]));
        Assert.False(File.Exists(folder["out.y4m"]));
    }

    [Fact]
    public async Task Another_size_begins_anew()
    {
        using var folder = new TemporaryFolder();
        using var fixture = new ScreenFixture();
        fixture.Show(40, 30).Fill(new Rect(0, 0, 40, 30), 0x111111);
        await using RecentFrames recent = await RecentFrames.StartAsync(fixture.Screen, TimeSpan.FromMinutes(1));
        await fixture.Screen.WaitForPixelAsync(0, 0, 0x11);
        fixture.Show(50, 20).Fill(new Rect(0, 0, 50, 20), 0x222222);
        await fixture.Screen.WaitForPixelAsync(49, 19, 0x22);

        Assert.True(await recent.SaveAsync(folder["f/%04d.png"]));

        Picture last = PictureFile.Read(Directory.GetFiles(folder["f"], "*.png").Order().Last());
        Assert.Equal((50, 20), (last.Width, last.Height));
        Assert.Equal((0x22, 0x22, 0x22, 255), last[49, 19]);
    }
}
