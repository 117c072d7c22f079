using FbShare.Capture;
using FbShare.Linux;
using FbShare.Tests.Cli;
using FbShare.Tests.Device;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Keeping;

/// <summary>The device's process is killed while a driver flips; the keeper starts the next one.</summary>
public sealed class KillTests
{
    private const int Width = 64, Height = 48, Kills = 5;

    private static readonly (ulong Address, uint Length)[][] Pages =
        [.. Enumerable.Range(0, 2).Select(n => Reference.Scatter(Width * Height * 4, 1, seed: 1).Select(p => (p.Address + ((ulong)n << 23), p.Length)).ToArray())];

    [Theory]
    [InlineData(Transport.VfioUser, false)]
    [InlineData(Transport.VhostUser, false)]
    [InlineData(Transport.VfioUser, true)]
    [InlineData(Transport.VhostUser, true)]
    public void A_flipping_machine_does_not_notice_that_its_device_is_killed_or_upgraded(Transport transport, bool upgrade)
    {
        using var device = new KilledDevice(transport, "--unthrottled");
        device.Driver.Start();
        for (uint i = 0; i < 2; i++)
        {
            Reference.Draw(device.Driver.Ram, Pages[i], "BGR-", Width, Height, Width * 4, 0, seed: (int)i);
            Do(device, CreateBlob(i + 1, Width * Height * 4, Pages[i]));
        }
        Flip(device, 0);
        string[] keeperHad = [], deviceHad = [];
        var random = new Random(7);
        long longest = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            int before = device.Device!.Value;
            using var killer = new Timer(
                _ =>
                {
                    if (upgrade)
                    {
                        device.Upgrade();
                    }
                    else
                    {
                        device.Kill();
                    }
                },
                null,
                random.Next(1, 40),
                Timeout.Infinite);
            for (uint flip = 0; device.Device == before || device.Device is null; flip++)
            {
                long start = EventLoop.Now;
                Flip(device, flip % 2);
                longest = Math.Max(longest, EventLoop.Now - start);
            }
            Flip(device, 1);
            if (kill == 0)
            {
                // What the keeper says for the first time opens its stderr once more.
                SpinWait.SpinUntil(() => device.Said().Contains(upgrade ? "takes over" : "goes on", StringComparison.Ordinal), TimeSpan.FromSeconds(10));
                // And so does what the device says of its first viewer.
                Dump(device);
                keeperHad = KilledDevice.Descriptors(device.Keeper.Id);
                deviceHad = KilledDevice.Descriptors(device.Device!.Value);
            }
        }

        Assert.True(longest < 5_000_000_000, $"{longest} ns");
        Picture picture = Dump(device);
        Assert.Equal((Width, Height), (picture.Width, picture.Height));
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                (byte red, byte green, byte blue, _) = picture[x, y];
                Assert.Equal((Reference.Component('R', x, y, 1), Reference.Component('G', x, y, 1), Reference.Component('B', x, y, 1)), (red, green, blue));
            }
        }
        AssertHasNoMore(device.Keeper.Id, keeperHad);
        AssertHasNoMore(device.Device!.Value, deviceHad);
        device.Driver.StartAnew();
        Assert.Equal(Ok, TypeOf(device.Driver.Request(CreateBlob(9, Width * Height * 4, Pages[0]))));
    }

    /// <summary>A viewer that has just gone may still be counted, then or now.</summary>
    private static void AssertHasNoMore(int process, string[] than)
    {
        List<string> more = [];
        SpinWait.SpinUntil(
            () =>
            {
                more = [.. KilledDevice.Descriptors(process)];
                Array.ForEach(than, one => more.Remove(one));
                return more.Count == 0;
            },
            TimeSpan.FromSeconds(10));
        Assert.Empty(more);
    }

    private static Picture Dump(KilledDevice device)
    {
        (int exitCode, _, string error) = FbShareProgram.Run("dump", "--display", $"unix:{device.Display}", "-o", device.Display + ".png");
        Assert.True(exitCode == 0, error);
        return PictureFile.Read(device.Display + ".png");
    }

    private static void Flip(KilledDevice device, uint picture)
    {
        Do(device, SetScanoutBlob(0, picture + 1, 2, Width, Height, Width * 4));
        Do(device, Flush(picture + 1, 0, 0, Width, Height, fence: 1));
    }

    private static void Do(KilledDevice device, byte[] request) => Assert.Equal(Ok, TypeOf(device.Driver.Request(request)));
}
