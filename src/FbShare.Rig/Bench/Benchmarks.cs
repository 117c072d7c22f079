using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using FbShare.Rig.Driver;

namespace FbShare.Rig.Bench;

/// <summary>The measurements of <c>fbshare bench</c>. Each alternates between two things in one run, and takes medians.</summary>
public static class Benchmarks
{
    private const int Rounds = 9;

    /// <summary>Nanoseconds of an eventfd write, epoll and read on one thread: the least that a device needs to be kicked and to interrupt.</summary>
    public static double Floor()
    {
        using var loop = new EventLoop();
        using var eventFd = new EventFd();
        loop.Add(eventFd.Descriptor, LoopEvents.Readable, _ => eventFd.Drain());
        return Median(Rounds, () =>
        {
            const int count = 5000;
            long before = ThreadClock.CpuTime;
            for (int i = 0; i < count; i++)
            {
                eventFd.Signal();
                loop.RunOnce(-1);
            }
            return (ThreadClock.CpuTime - before) / (double)count;
        });
    }

    /// <summary>Flips of blobs while nobody watches: CPU, allocations, copied bytes, latency. Guest and device share one processor, so that the
    /// work of the device is measured and not the waking of another processor, which in a virtual machine takes several times as long.
    /// <c>two-processors</c> includes that, and <c>paced</c> also a processor that has slept in between, as with a guest that flips some
    /// hundred times a second. Each is given together with the same for a device that does nothing.</summary>
    public static IEnumerable<Figure> Flips()
    {
        ulong processors = ThreadClock.Processors;
        ulong another = First(processors ^ First(processors));
        List<Figure> figures = OnOneProcessor(FlipsHere());
        ThreadClock.Processors = First(processors);
        if (another != 0)
        {
            figures.AddRange(FlipsApart(another, "two-processors", 2000, Rounds, static () => { }));
            figures.AddRange(FlipsApart(another, "paced", 400, 3, static () => Thread.Sleep(2)));
        }
        ThreadClock.Processors = processors;
        return figures;
    }

    /// <summary>Takes measurements on the first of this thread's processors; threads that they start are there, too.</summary>
    private static List<Figure> OnOneProcessor(IEnumerable<Figure> measurements)
    {
        ulong processors = ThreadClock.Processors;
        ThreadClock.Processors = First(processors);
        List<Figure> figures = [.. measurements];
        ThreadClock.Processors = processors;
        return figures;
    }

    /// <summary>The first of some processors, as a set again; empty of none.</summary>
    private static ulong First(ulong processors) => processors & (~processors + 1);

    private static IEnumerable<Figure> FlipsApart(ulong deviceProcessor, string name, int flips, int rounds, Action pause)
    {
        using var rig = new BenchRig(64 << 20);
        rig.SetUp(1920, 1080);
        using var echo = new EchoRig();
        rig.OnLoop(() => ThreadClock.Processors = deviceProcessor);
        echo.OnLoop(() => ThreadClock.Processors = deviceProcessor);
        var floors = new List<double>();
        var cpu = new List<double>();
        for (int round = 0; round <= rounds; round++)
        {
            long echoed = echo.Cpu();
            Repeat(flips, pause + echo.Turn);
            floors.Add((echo.Cpu() - echoed) / 1000.0 / flips);
            DeviceUse before = rig.Use();
            Repeat(flips, pause + rig.Flip);
            cpu.Add((rig.Use() - before).Cpu / 1000.0 / flips);
        }
        yield return new Figure($"{name}.floor", Median(floors), "us");
        yield return new Figure($"{name}.flip.cpu", Median(cpu), "us");
        yield return new Figure($"{name}.flip.cpu/floor", Median(cpu) / Median(floors), "x");
    }

    private static IEnumerable<Figure> FlipsHere()
    {
        (string Name, int Width, int Height)[] sizes = [("640x480", 640, 480), ("1080p", 1920, 1080), ("4k", 3840, 2160), ("8k", 7680, 4320)];
        using var rig = new BenchRig(320 << 20);
        var cpu = sizes.ToDictionary(s => s.Name, _ => new List<double>());
        var floors = new List<double>();
        var latency = new List<double>();
        DeviceUse worst = default;
        for (int round = 0; round < Rounds; round++)
        {
            floors.Add(Floor());
            foreach ((string name, int width, int height) in sizes)
            {
                const int flips = 2000;
                rig.SetUp(width, height);
                Repeat(200, rig.Flip);
                DeviceUse before = rig.Use();
                for (int i = 0; i < flips; i++)
                {
                    long start = Stopwatch.GetTimestamp();
                    rig.Flip();
                    latency.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                }
                DeviceUse used = rig.Use() - before;
                cpu[name].Add(used.Cpu / 1000.0 / flips);
                worst = new DeviceUse(0, Math.Max(worst.Allocated, used.Allocated), Math.Max(worst.Copied, used.Copied));
            }
        }
        double floor = Median(floors) / 1000;
        double flip = Median(cpu["1080p"]);
        yield return new Figure("floor", floor, "us");
        yield return Figure.AtMost("flip.1080p.cpu", flip, "us", 4);
        yield return Figure.AtMost("flip.1080p.cpu/floor", flip / floor, "x", 5);
        foreach ((string name, _, _) in sizes)
        {
            yield return Figure.AtMost($"flip.{name}.cpu/1080p", Median(cpu[name]) / flip, "x", 1.1);
        }
        // Asking for the totals allocates a little itself, but less than the 2000 bytes that one byte per flip would be.
        yield return Figure.AtMost("flip.allocated", Math.Floor(worst.Allocated / 2000.0), "bytes/flip", 0);
        yield return Figure.AtMost("flip.copied", worst.Copied, "bytes/flip", 0);
        yield return new Figure("flip.kick-to-call.median", Median(latency), "us");
        yield return new Figure("flip.kick-to-call.p99", Percentile(latency, 99), "us");
    }

    /// <summary>Only flips, on one processor, and measures nothing: for strace and perf.</summary>
    /// <param name="kept">See <see cref="BenchRig"/>.</param>
    /// <param name="watched">Whether a viewer of the guest's own pages looks on and answers each picture.</param>
    public static void JustFlip(int flips, bool kept, bool watched)
    {
        ThreadClock.Processors = First(ThreadClock.Processors);
        using var rig = new BenchRig(64 << 20, kept: kept);
        if (!watched)
        {
            rig.SetUp(1920, 1080);
            rig.FlipInStep(flips);
            return;
        }
        using BenchViewer viewer = Watch(rig, sharesPages: true);
        for (; flips > 0; flips--)
        {
            rig.Flip();
            viewer.WaitUntilTold();
        }
    }

    /// <summary>What the sandbox's filter of system calls adds to a flip: the last measurement of a process, for there is no way back.</summary>
    public static IEnumerable<Figure> Sandbox()
    {
        if (RuntimeFeature.IsDynamicCodeCompiled || !Confinement.Sandbox.Foretell().FiltersCalls)
        {
            yield break;
        }
        ThreadClock.Processors = First(ThreadClock.Processors);
        using var rig = new BenchRig(64 << 20);
        rig.SetUp(1920, 1080);
        double Flip() => Median(Rounds, () =>
        {
            const int flips = 5000;
            DeviceUse before = rig.Use();
            rig.FlipInStep(flips);
            return (rig.Use() - before).Cpu / (double)flips;
        });
        Flip();
        double free = Flip();
        Confinement.Sandbox.EnterAsDevice();
        yield return new Figure("flip.1080p.sandbox", Flip() / free, "x");
    }

    /// <summary>Many small commands. On one processor: with more, the scheduler's choice decides how often the device wakes for them, and a command takes 0.15
    /// or 0.5 us.</summary>
    public static IEnumerable<Figure> Commands() => OnOneProcessor(CommandsHere());

    private static IEnumerable<Figure> CommandsHere()
    {
        using var rig = new BenchRig(64 << 20);
        rig.SetUp(640, 480);
        const int batches = 4000;
        var rates = new List<double>();
        var cpu = new List<double>();
        for (int round = 0; round <= Rounds; round++)
        {
            DeviceUse before = rig.Use();
            long start = Stopwatch.GetTimestamp();
            rig.FlushMany(batches);
            rates.Add(batches * 16 / Stopwatch.GetElapsedTime(start).TotalSeconds);
            cpu.Add((rig.Use() - before).Cpu / 1000.0 / (batches * 16));
        }
        yield return Figure.AtLeast("commands.batches-of-16", Median(rates), "1/s", 1e6);
        yield return new Figure("command.cpu", Median(cpu), "us");
    }

    /// <summary>How long it takes until a viewer in another thread is told of a copy, over the display protocol; and until a flush is finished
    /// that waits for a viewer of the guest's own pages, which answers immediately. All on one processor, for the reason given at
    /// <see cref="Flips"/>: with more, the scheduler's choice of them decides whether this takes 35 or 100 us.</summary>
    public static IEnumerable<Figure> Told() => OnOneProcessor(ToldHere());

    private static IEnumerable<Figure> ToldHere()
    {
        (List<double> told, _) = FlipsWatched(sharesPages: false);
        yield return Figure.AtMost("told.median", Median(told), "us", 60);
        yield return Figure.AtMost("told.p99", Percentile(told, 99), "us", 300);
        (_, List<double> acknowledged) = FlipsWatched(sharesPages: true);
        yield return new Figure("flip.acknowledged.median", Median(acknowledged), "us");
        yield return new Figure("flip.acknowledged.p99", Percentile(acknowledged, 99), "us");
    }

    /// <returns>Microseconds from each kick until the viewer was told, and until the flush was finished.</returns>
    private static (List<double> Told, List<double> Back) FlipsWatched(bool sharesPages)
    {
        using var rig = new BenchRig(64 << 20);
        using BenchViewer viewer = Watch(rig, sharesPages);
        List<double> told = [], back = [];
        for (int i = 0; i < 3000; i++)
        {
            long start = Stopwatch.GetTimestamp();
            rig.Flip();
            back.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            told.Add(Stopwatch.GetElapsedTime(start, viewer.WaitUntilTold()).TotalMicroseconds);
        }
        return (told, back);
    }

    /// <summary>Shows pictures on the rig and lets a viewer look on.</summary>
    private static BenchViewer Watch(BenchRig rig, bool sharesPages)
    {
        // The damage is small, so that the message is measured and not the copy.
        rig.SetUp(64, 64);
        if (sharesPages)
        {
            rig.SharePages(64, 64);
        }
        return new BenchViewer(rig.ServeDisplay(), takeDmaBuf: sharesPages);
    }

    /// <summary>Copying whole frames out of guest memory, compared with a plain copy of as many bytes.</summary>
    public static IEnumerable<Figure> Copies()
    {
        foreach ((string name, int width, int height) in ((string, int, int)[])[("1080p", 1920, 1080), ("4k", 3840, 2160)])
        {
            int bytes = width * height * 4;
            (double rate, double ratio) = Copy(width, height, [new MemoryEntry(0, (uint)bytes)]);
            yield return new Figure($"memcpy.{name}", rate, "GB/s");
            yield return Figure.AtLeast($"copy.{name}.one-piece/memcpy", ratio, "x", 1);
            // No two pages are adjacent, as in a guest that has run for a while.
            (_, ratio) = Copy(width, height, [.. Enumerable.Range(0, bytes / 4096).Select(i => new MemoryEntry((ulong)(i ^ 1) * 8192, 4096))]);
            yield return Figure.AtLeast($"copy.{name}.single-pages/memcpy", ratio, "x", 1);
        }
    }

    private static (double GigabytesPerSecond, double Ratio) Copy(int width, int height, MemoryEntry[] entries)
    {
        const int ram = 96 << 20;
        using var map = new GuestMemoryMap();
        FileDescriptor file = MemFd.Create("bench-ram", ram);
        using MemoryMapping source = MemoryMapping.Map(file, 0, ram, writable: true);
        source.Slice(0, ram).Fill(7);
        map.Add(MemoryRegion.Map(file, 0, ram, 0, 0));
        using var frame = new FrameBuffer(width * height * 4);
        if (!Backing.TryCreate(map, entries, out Backing? backing, out string? why))
        {
            throw new InvalidOperationException(why);
        }
        using (backing)
        {
            int rows = (int)(backing.Length / (width * 4));
            int bytes = rows * width * 4;
            var ratios = new List<double>();
            var rates = new List<double>();
            for (int round = 0; round < 25; round++)
            {
                long start = Stopwatch.GetTimestamp();
                source.Slice(0, bytes).CopyTo(frame.Slice(0, bytes));
                double plain = Stopwatch.GetElapsedTime(start).TotalSeconds;
                start = Stopwatch.GetTimestamp();
                backing.CopyRows(0, width * 4, width * 4, rows, frame.From(0), width * 4);
                ratios.Add(plain / Stopwatch.GetElapsedTime(start).TotalSeconds);
                rates.Add(bytes / plain / 1e9);
            }
            return (Median(rates), Median(ratios));
        }
    }

    /// <summary>How many bytes are copied for each byte of damage.</summary>
    public static Figure Damage()
    {
        using var rig = new BenchRig(64 << 20, FramePath.Copy);
        rig.SetUp(1920, 1080);
        rig.Attach(new SilentConsumer());
        rig.Flip();
        DeviceUse before = rig.Use();
        const int flips = 50;
        Repeat(flips, rig.Flip);
        double copied = (rig.Use() - before).Copied / (double)flips;
        return Figure.AtMost("copy.bytes/damage", copied / (1920 * 1080 * 4), "x", 1);
    }

    /// <summary>A resource of 8100 single pages: parsed, checked, indexed.</summary>
    public static Figure Create()
    {
        using var rig = new BenchRig(96 << 20);
        double time = Median(51, () =>
        {
            DeviceUse before = rig.Use();
            rig.CreateScattered(8100);
            double used = (rig.Use() - before).Cpu / 1e6;
            rig.DropScattered();
            return used;
        });
        return Figure.AtMost("create.8100-entries", time, "ms", 1);
    }

    private static void Repeat(int count, Action action)
    {
        for (int i = 0; i < count; i++)
        {
            action();
        }
    }

    private static double Median(int rounds, Func<double> measure)
    {
        measure();
        var values = new List<double>();
        Repeat(rounds, () => values.Add(measure()));
        return Median(values);
    }

    private static double Median(List<double> values) => Percentile(values, 50);

    private static double Percentile(List<double> values, int percent)
    {
        Span<double> sorted = CollectionsMarshal.AsSpan([.. values]);
        sorted.Sort();
        return sorted[Math.Min(sorted.Length - 1, sorted.Length * percent / 100)];
    }

    /// <summary>A consumer that watches every frame and does nothing.</summary>
    private sealed class SilentConsumer : IDisplayConsumer
    {
        public PictureForms Takes(FrameLayout picture) => PictureForms.BufferAnywhere;

        public void Present(in Frame frame)
        {
        }

        public void Disable()
        {
        }

        public void DefineCursor(CursorImage? image)
        {
        }

        public void MoveCursor(CursorPosition position)
        {
        }
    }
}
