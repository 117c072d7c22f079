using FbShare.Cli.Viewer;
using Xunit;

namespace FbShare.Tests.Viewer;

public sealed class RateTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void What_comes_evenly_is_counted_as_it_comes()
    {
        var rate = new Rate();
        long now = 17 * Second;
        for (int i = 0; i < 180; i++)
        {
            rate.Add(1, now += Second / 60);
        }
        Assert.InRange(rate.PerSecond(now), 57, 60);
    }

    [Fact]
    public void What_is_older_than_a_second_does_not_count()
    {
        var rate = new Rate();
        rate.Add(500, 100 * Second);
        Assert.Equal(500, rate.PerSecond((100 * Second) + (Second / 2)));
        Assert.Equal(0, rate.PerSecond(101 * Second));
        Assert.Equal(0, rate.PerSecond(1000 * Second));
    }

    [Fact]
    public void Stages_are_measured_over_the_last_frames_only()
    {
        var stages = new FrameStages();
        stages.Add(new FrameTimes(0, 0, 1_000_000, 2_000_000, 3_000_000));
        for (int i = 1; i <= FrameStages.Capacity; i++)
        {
            stages.Add(new FrameTimes(0, 0, i, i * 3, i * 5));
        }
        Assert.Equal((1, 60, FrameStages.Capacity), stages.Measure(f => f.Drawn - f.Told));
        Assert.Equal((2, 121, 2 * FrameStages.Capacity), stages.Measure(f => f.Presented - f.Drawn));
        Assert.Equal(FrameStages.Capacity, stages[0].Drawn);
        Assert.Equal(1, stages[FrameStages.Capacity - 1].Drawn);
    }
}
