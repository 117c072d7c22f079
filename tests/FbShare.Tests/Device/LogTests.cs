using FbShare.Linux;
using FbShare.Logging;
using FbShare.Rig.Driver;
using Microsoft.Extensions.Logging;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

/// <summary>What a device says, how loudly, and how much a guest and a machine can make it say.</summary>
public class LogTests
{
    /// <summary>Of each kind of message, if the test takes longer than a minute: the lines of two minutes.</summary>
    private const int Most = 2 * (LogLimit.MostPerMinute + 2);

    private const int Unknown = 60_000;

    [Theory]
    [InlineData(Transport.VhostUser)]
    [InlineData(Transport.VfioUser)]
    public void A_guest_that_sends_unknown_requests_gets_one_line(Transport transport)
    {
        using var device = new DeviceUnderTest(transport: transport);
        for (uint i = 0; i < Unknown; i++)
        {
            Assert.Equal(Unspec, device.Do(Bytes(0x10000 + i, 0)));
        }
        Assert.Single(device.Log, l => l.Contains("not offered by this device", StringComparison.Ordinal));
        Assert.Equal(LogLevel.Warning, device.Log.LevelOf("request 0x10000 is not offered"));
        Assert.Equal(1, device.OnLoop(() => device.Device.ErrorKindsTold));
    }

    [Fact]
    public void A_guest_that_resets_the_device_to_be_heard_again_cannot_fill_the_log()
    {
        using var device = new DeviceUnderTest();
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(InvalidResource, device.Do(Unref(1)));
            Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(34, []));
            device.Driver.StartAnew();
        }
        Assert.InRange(device.Log.Count(l => l.Contains("ResourceUnref", StringComparison.Ordinal)), 1, Most);
    }

    [Fact]
    public void A_front_end_that_sends_unknown_messages_cannot_fill_the_log()
    {
        using var device = new DeviceUnderTest();
        for (uint i = 0; i < Unknown; i++)
        {
            Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(1000 + i, new byte[8]));
        }
        Assert.InRange(device.Log.Count(l => l.Contains("refused", StringComparison.Ordinal)), 1, Most);
    }

    [Fact]
    public void A_client_that_sends_unknown_commands_gets_one_line()
    {
        using var device = new DeviceUnderTest(transport: Transport.VfioUser);
        for (int i = 0; i < Unknown; i++)
        {
            Assert.Equal(Errno.EOPNOTSUPP, device.Machine.Send((VfioUserDriver.Command)(1000 + i), []).Error);
        }
        Assert.Single(device.Log, l => l.Contains(" refused: EOPNOTSUPP", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Transport.VhostUser)]
    [InlineData(Transport.VfioUser)]
    public void Ten_thousand_front_ends_that_are_turned_away_cannot_fill_the_log(Transport transport)
    {
        using var device = new DeviceUnderTest(transport: transport);
        for (int i = 0; i < 10_000; i++)
        {
            device.Offer().Dispose();
        }
        Assert.InRange(device.Log.Count(l => l.Contains("turned away", StringComparison.Ordinal)), 1, Most);
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    [Theory]
    [InlineData(Transport.VhostUser)]
    [InlineData(Transport.VfioUser)]
    public void Front_ends_that_come_again_to_be_dismissed_cannot_fill_the_log(Transport transport)
    {
        using var device = new DeviceUnderTest(transport: transport, start: false);
        device.Driver.Socket.Dispose();
        for (int i = 0; i < 500; i++)
        {
            while (device.IsConnected())
            {
                // The loop sees the one before go at its next turn.
            }
            using UnixSocket next = device.Offer();
            next.SendAll(Enumerable.Repeat((byte)0xff, 64).ToArray());
        }
        while (device.IsConnected())
        {
            // The last one.
        }
        Assert.InRange(device.Log.Count, 1, 4 * Most);
        Assert.InRange(device.Log.Count(l => l.StartsWith("front-end dismissed: ", StringComparison.Ordinal)), 1, Most);
    }

    [Fact]
    public void What_a_user_should_know_is_a_warning_and_who_comes_and_goes_a_detail()
    {
        using var device = new DeviceUnderTest();
        using (FileDescriptor unsealed = MemFd.Create("unsealed", 1 << 20, seals: MemFdSeals.Grow))
        {
            byte[] region = [.. new byte[8], .. BitConverter.GetBytes(1UL << 40), .. BitConverter.GetBytes(1UL << 20), .. BitConverter.GetBytes(1UL << 40), .. new byte[8]];
            Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(37, region, unsealed));
        }
        device.Driver.Socket.SendAll(Enumerable.Repeat((byte)0xff, 64).ToArray());
        while (device.IsConnected())
        {
            // Until the loop has read it.
        }
        Assert.Equal(LogLevel.Warning, device.Log.LevelOf("sealed against shrinking"));
        Assert.Equal(LogLevel.Warning, device.Log.LevelOf("front-end dismissed"));
        Assert.Equal(LogLevel.Debug, device.Log.LevelOf("front-end connected"));
        Assert.Equal(LogLevel.Debug, device.Log.LevelOf("front-end gone"));
    }
}
