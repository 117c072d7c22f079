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
        const int Last = FrameStages.Capacity;
        Assert.Equal((Last - 60, Last - 1, Last), stages.Measure(f => f.Drawn - f.Told));
        Assert.Equal((2 * (Last - 60), 2 * (Last - 1), 2 * Last), stages.Measure(f => f.Presented - f.Drawn));
        Assert.Equal(Last, stages[0].Drawn);
        Assert.Equal(1, stages[Last - 1].Drawn);
    }

    [Fact]
    public void Few_stages_are_measured_as_they_are()
    {
        var stages = new FrameStages();
        Assert.Equal((0, 0, 0), stages.Measure(f => f.Drawn - f.Told));
        stages.Add(new FrameTimes(0, 10, 12, 15, 16));
        stages.Add(new FrameTimes(0, 20, 26, 31, 40));
        Assert.Equal((2, 6, 6), stages.Measure(f => f.Drawn - f.Told));
    }

    [Fact]
    public void The_description_has_the_median_the_99th_of_a_hundred_and_the_most()
    {
        var stages = new FrameStages();
        for (int i = 1; i <= 200; i++)
        {
            long told = (1000L * i) + 1;
            stages.Add(new FrameTimes(told - 1_000_000, told, told + (i * 10_000), told + (i * 20_000), told + (i * 30_000)));
        }
        Assert.Equal(
            "the last 200, since the guest's flush (median, 99 of 100 within, most): told 1.00 1.00 1.00, drawn 2.00 2.98 3.00, presented 3.00 4.96 5.00, acknowledged 4.00 6.94 7.00 ms",
            stages.Describe());
    }
}
