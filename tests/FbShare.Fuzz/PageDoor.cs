using System.Globalization;
using System.Runtime.InteropServices;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.Tests;

namespace FbShare.Fuzz;

/// <summary>A guest's pages under udmabufs: buffers of pages from all over the memory that are drawn on, taken away as a balloon does, drawn on again and written
/// over by another thread, while a viewer has them mapped. After every flush it must see what the guest's memory holds.</summary>
internal sealed class PageDoor : Door
{
    private const uint Output = 1;
    private const long Ram = 32 << 20;
    private const int PageSize = 4096;
    private const int MostBuffers = 12;

    /// <summary>The first buffer's. A <see cref="GuestModel"/> comes to none of them, not even where a bit of its own is wrong.</summary>
    private const uint FirstId = 0xabcde00;

    private readonly DeviceUnderFuzz _device;
    private readonly Rewriter _rewriter = new();
    private readonly Dictionary<uint, Buffer> _buffers = [];
    private QueueDriver? _driver;
    private GuestModel _others = null!;
    private Buffer? _shown;
    private HeldResources _early;
    private int _sessions;
    private long _holes;
    private long _banded;

    public PageDoor()
        : base("pictures") => _device = new DeviceUnderFuzz(Harm);

    public override string? Lacks => File.Exists(UdmaBufDevice.DevicePath) ? null : UdmaBufDevice.DevicePath;

    public override string Details => string.Create(
        CultureInfo.InvariantCulture,
        $"{_sessions:N0} sessions, {_holes:N0} holes, dma-bufs made again {_device.Healed:N0} times, {_banded:N0} pictures in several dma-bufs, {_rewriter.Written:N0} numbers were written over, longest turn {_device.Longest:0} ms");

    public override void Round(Random random)
    {
        if (_driver is null || random.Next(300) == 0)
        {
            Begin(random);
        }
        Step(random);
    }

    public override void Take(ReadOnlyMemory<byte> input)
    {
        var random = new InputRandom(input);
        Begin(random);
        while (!InputRandom.HasEnded(random))
        {
            Step(random);
        }
        End();
    }

    public override void Finish()
    {
        End();
        if (_sessions > 2)
        {
            Harm.NoteGrowth(_early);
        }
    }

    public override void Dispose()
    {
        End();
        _rewriter.Dispose();
        _device.Dispose();
    }

    /// <summary>Changes some memory and what is shown of it, tells of that, and looks at what is seen.</summary>
    private void Step(Random random)
    {
        if (_buffers.Count < 2 || (_buffers.Count < MostBuffers && random.Next(6) == 0))
        {
            Make(random);
        }
        else if (random.Next(20) == 0)
        {
            uint id = Some(random);
            _buffers.Remove(id);
            Do(Commands.Unref(id));
            // What was shown of it is gone.
            _shown = _shown?.Id == id ? null : _shown;
        }
        if (random.Next(8) == 0)
        {
            // Any other commands of a guest, some of them wrong, which change what is shown.
            for (int i = random.Next(16); i > 0; i--)
            {
                _driver!.Request(_others.Next(random) is { Length: > 0 } request ? request : new byte[1]);
            }
            _shown = null;
        }
        if (_shown is null || random.Next(3) == 0)
        {
            Show(_buffers[Some(random)], random);
        }
        bool rewrites = random.Next(8) == 0;
        if (rewrites)
        {
            _rewriter.Begin(_driver!.Ram, new Rewriter.Range(QueueDriver.FreeMemory, (int)(Ram - (long)QueueDriver.FreeMemory)));
        }
        for (int change = random.Next(5); change > 0; change--)
        {
            Change(random);
        }
        Flush(random);
        if (rewrites)
        {
            // What it wrote last is to be seen, too.
            _rewriter.Rest();
            Flush(random);
        }
        Look();
    }

    private void Make(Random random)
    {
        // Scattered page by page, a big one has more pieces than a udmabuf takes by default (list_limit), and is cut into several.
        bool isBig = random.Next(8) == 0;
        int width = isBig ? 1280 : random.Next(1, 300), height = isBig ? random.Next(700, 1024) : random.Next(1, 300);
        int longest = isBig ? 1 : 1 << random.Next(6);
        int pages = ((width * height * 4) + PageSize - 1) / PageSize;
        var entries = new List<(ulong, uint)>();
        var places = new List<ulong>(pages);
        while (places.Count < pages)
        {
            int count = Math.Min(random.Next(1, longest + 1), pages - places.Count);
            ulong at = QueueDriver.FreeMemory + (PageSize * (ulong)random.Next((int)((Ram - (long)QueueDriver.FreeMemory) / PageSize) - count));
            entries.Add((at, (uint)(count * PageSize)));
            for (int i = 0; i < count; i++)
            {
                places.Add(at + ((ulong)i * PageSize));
            }
        }
        uint id = FirstId;
        while (_buffers.ContainsKey(id))
        {
            id++;
        }
        Do(Commands.CreateBlob(id, (ulong)pages * PageSize, [.. entries]));
        _buffers.Add(id, new Buffer(id, width, height, [.. places]));
    }

    private void Show(Buffer buffer, Random random)
    {
        int x = random.Next(4) == 0 ? random.Next(buffer.Width) : 0, y = random.Next(4) == 0 ? random.Next(buffer.Height) : 0;
        _shown = buffer with { X = x, Y = y };
        Do(Commands.SetScanoutBlob(Output, buffer.Id, 2, (uint)buffer.Width, (uint)buffer.Height, (uint)buffer.Width * 4, 0, ((uint)x, (uint)y, (uint)_shown.ShownWidth, (uint)_shown.ShownHeight)));
    }

    /// <summary>Draws on some of what is shown, or takes pages away from anywhere.</summary>
    private void Change(Random random)
    {
        if (random.Next(3) == 0)
        {
            int count = random.Next(1, 65);
            long at = (long)QueueDriver.FreeMemory + ((long)PageSize * random.Next((int)((Ram - (long)QueueDriver.FreeMemory) / PageSize) - count));
            _driver!.Ram.Descriptor.PunchHole(at, (long)count * PageSize);
            _holes++;
            return;
        }
        ulong page = _shown!.Pages[random.Next(_shown.Pages.Length)];
        int start = random.Next(PageSize);
        random.NextBytes(_driver!.Ram.At(page + (ulong)start, random.Next(1, PageSize - start + 1)));
    }

    private void Flush(Random random)
    {
        Buffer shown = _shown!;
        // Of one row only, often: what else has changed must be seen all the same.
        bool isWhole = random.Next(2) == 0;
        Do(Commands.Flush(shown.Id, (uint)shown.X, (uint)shown.Y, (uint)shown.ShownWidth, isWhole ? (uint)shown.ShownHeight : 1, fence: 7));
    }

    private void Look()
    {
        Buffer shown = _shown!;
        Tally.Sent++;
        _device.OnLoop(() =>
        {
            Tally.Answered++;
            if (!_device.Viewer.TryLook(out int width, out int height, out byte[] pixels, out int bands))
            {
                Harm.Note("copy", $"{shown.ShownWidth}x{shown.ShownHeight} at {shown.X},{shown.Y} of {shown.Pages.Length} pages are shown by copying");
                return;
            }
            if ((width, height) != (shown.ShownWidth, shown.ShownHeight))
            {
                Harm.Note("size", $"{shown.ShownWidth}x{shown.ShownHeight} are shown, and {width}x{height} are seen");
                return;
            }
            for (int y = 0; y < height; y++)
            {
                if (!IsRow(shown, y, pixels.AsSpan(y * width * 4, width * 4)))
                {
                    Harm.Note("stale", $"row {y} of {width}x{height} at {shown.X},{shown.Y} is not what the guest's memory holds (in {bands} dma-bufs)");
                    return;
                }
            }
            Tally.Ok++;
            _banded += bands > 1 ? 1 : 0;
        });
    }

    /// <summary>Whether a row that is seen is what the guest's memory holds.</summary>
    private bool IsRow(Buffer shown, int y, ReadOnlySpan<byte> seen)
    {
        for (int at = (((shown.Y + y) * shown.Width) + shown.X) * 4; !seen.IsEmpty;)
        {
            int within = at % PageSize, count = Math.Min(seen.Length, PageSize - within);
            if (!_driver!.Ram.At(shown.Pages[at / PageSize] + (ulong)within, count).SequenceEqual(seen[..count]))
            {
                return false;
            }
            at += count;
            seen = seen[count..];
        }
        return true;
    }

    private uint Some(Random random) => _buffers.Keys.ElementAt(random.Next(_buffers.Count));

    private void Do(byte[] request)
    {
        uint type = Commands.TypeOf(_driver!.Request(request));
        if (type != Commands.Ok)
        {
            Harm.Note("refused", $"a command that is right (0x{MemoryMarshal.Read<uint>(request):x}) was answered with 0x{type:x}");
        }
    }

    private void Begin(Random random)
    {
        End();
        var ram = new GuestRam(Ram);
        _driver = random.Next(2) == 0 ? new VfioUserDriver(_device.Connect(true), ram) : new FrontEndDriver(_device.Connect(false), ram);
        _driver.Start();
        _others = new GuestModel(QueueDriver.FreeMemory, (ulong)Ram - QueueDriver.FreeMemory);
        if (++_sessions == 3)
        {
            _early = HeldResources.Now();
        }
    }

    private void End()
    {
        _rewriter.Rest();
        if (_driver is { } driver)
        {
            _driver = null;
            driver.Dispose();
            driver.Ram.Dispose();
        }
        _buffers.Clear();
        _shown = null;
        _device.Settle();
    }

    /// <summary>A buffer of the guest, and what of it is shown: all from a pixel on.</summary>
    /// <param name="Pages">Where each of its pages is.</param>
    private sealed record Buffer(uint Id, int Width, int Height, ulong[] Pages)
    {
        public int X { get; init; }

        public int Y { get; init; }

        public int ShownWidth => Width - X;

        public int ShownHeight => Height - Y;
    }
}
