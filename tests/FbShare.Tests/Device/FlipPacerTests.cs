using FbShare.VirtioGpu;

namespace FbShare.Tests.Device;

public class FlipPacerTests
{
    [Fact]
    public void A_guest_that_flips_as_soon_as_it_may_flips_once_a_period_however_late_it_wakes()
    {
        var pacer = new FlipPacer(1000);
        long now = 5;
        Assert.Equal(5, pacer.Take(now));
        for (int i = 1; i <= 100; i++)
        {
            now = 5 + ((i - 1) * 1000) + (i * 7 % 900);
            Assert.Equal(5 + (i * 1000), pacer.Take(now));
        }
    }

    [Fact]
    public void A_slow_guest_never_waits()
    {
        var pacer = new FlipPacer(1000);
        for (long now = 0; now < 100_000; now += 1500)
        {
            Assert.Equal(now, pacer.Take(now));
        }
    }

    [Fact]
    public void A_guest_that_asked_for_a_hundred_slots_at_once_does_not_pay_for_them_later()
    {
        var pacer = new FlipPacer(1000);
        for (int i = 0; i < 100; i++)
        {
            pacer.Take(0);
        }
        Assert.Equal(1500, pacer.Take(500));
        pacer.Reset();
        Assert.Equal(600, pacer.Take(600));
    }

    [Fact]
    public void Without_a_period_nobody_waits()
    {
        var pacer = new FlipPacer(0);
        Assert.Equal(3, pacer.Take(3));
        Assert.Equal(3, pacer.Take(3));
    }
}
