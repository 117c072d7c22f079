using FbShare.Display;
using FbShare.Display.Client;
using FbShare.Display.DBus;
using FbShare.Display.Server;
using FbShare.Input;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using FbShare.Tests.Memory;
using Xunit;

namespace FbShare.Tests.Display;

/// <summary>A display server and its hub on one loop with the clients that a test makes, over a real socket.</summary>
internal sealed class DisplayFixture : IDisposable, IScanoutSource
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<IDisposable> _owned = [];
    private readonly TemporaryFolder _folder = new();
    private readonly UnixListener _socket;

    public DisplayFixture(int outputs = 1, IInputSink? input = null)
    {
        Path = _folder["display"];
        Hub = new DisplayHub(outputs) { Source = this };
        _socket = UnixListener.Listen(Path);
        Server = new DisplayServer(Loop, Hub, _socket, new VirtualMachineName("test vm", new Guid("01234567-89ab-cdef-0123-456789abcdef")), input, Log) { InputCure = "plug one in" };
    }

    public EventLoop Loop { get; } = new();

    public DisplayHub Hub { get; }

    public DisplayServer Server { get; }

    public string Path { get; }

    public RecordingLogger Log { get; } = new();

    /// <summary>How often each output's picture was read by all.</summary>
    public Dictionary<int, int> Consumed { get; } = [];

    public List<(int Output, int Width, int Height)> Resizes { get; } = [];

    public bool AllowsResize { get; set; } = true;

    public DisplayAddress Address => new(DisplayAddressKind.Unix, Path);

    public DisplayClient Connect() => Own(DisplayClient.Connect(Loop, Address));

    /// <summary>A new client that watches one output.</summary>
    public (RemoteConsole Console, RecordingView View) Watch(int output = 0, bool takeDmaBuf = false)
    {
        var view = new RecordingView();
        RemoteConsole console = Connect().Consoles[output];
        console.Watch(view, takeDmaBuf);
        return (console, view);
    }

    /// <summary>A client's connection without our client.</summary>
    public BusConnection ConnectRaw()
    {
        BusConnection connection = BusConnection.OverSocket(Loop, UnixSocket.Connect(Path).Descriptor, authenticates: false);
        using BusMessage ping = connection.NewCall(default, "/"u8, "org.freedesktop.DBus.Peer"u8, "Ping"u8);
        connection.CallAndWait(ping, Patience);
        return connection;
    }

    /// <summary>A picture in host memory whose byte at i is <paramref name="pattern"/>(i).</summary>
    public Scanout HostPicture(DrmFormat format, int width, int height, int stride, int offset, Func<int, byte> pattern, uint resource = 1)
    {
        int length = offset + (stride * height);
        var buffer = Own(new FrameBuffer(length));
        Span<byte> bytes = buffer.Slice(0, length);
        for (int i = 0; i < length; i++)
        {
            bytes[i] = pattern(i);
        }
        Assert.True(FrameLayout.TryCreate(format, (uint)width, (uint)height, (uint)stride, (ulong)offset, length, out FrameLayout layout, out _));
        return Own(Scanout.OfHost(layout, buffer, resource));
    }

    /// <summary>A picture in guest pages from <paramref name="offset"/> on, XR24, with dma-bufs over them; the guest's file itself stands in
    /// for a dma-buf, whose protocol is the same.</summary>
    public Scanout DmaBufPicture(TestPages pages, int offset, int width, int height, int bands)
    {
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, width, height);
        Backing backing = Own(pages.Make(((ulong)offset, (uint)((layout.End + 4095) / 4096 * 4096))));
        Scanout scanout = Own(Scanout.OfGuest(layout, backing, 1, ScanoutKind.Blob));
        var made = new List<DmaBufBand>();
        int y = 0;
        for (int i = 0; i < bands; i++)
        {
            int rows = i == bands - 1 ? height - y : (height / bands) + 1;
            made.Add(new DmaBufBand(pages.File.Duplicate(), y, rows, layout.Stride, offset + ((long)y * layout.Stride), 1 << 20));
            y += rows;
        }
        scanout.Export = new DmaBufExport(new DmaBufFrame(layout.Format, width, height, made));
        return scanout;
    }

    /// <summary>Fills the guest's memory with a pattern that <see cref="Expected"/> knows.</summary>
    public static void Fill(TestPages pages, int seed)
    {
        using MemoryMapping all = MemoryMapping.Map(pages.File, 0, 1 << 20, writable: true);
        Span<byte> bytes = all.Slice(0, 1 << 20);
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = Byte(seed, i);
        }
    }

    /// <summary>The packed pixels of a <see cref="DmaBufPicture"/> over filled memory.</summary>
    public static byte[] Expected(int seed, int offset, int width, int height) =>
        [.. Enumerable.Range(offset, width * height * 4).Select(i => Byte(seed, i))];

    private static byte Byte(int seed, int i) => (byte)((i * 31) + (i >> 8) + (i >> 13) + seed);

    public T Own<T>(T thing)
        where T : IDisposable
    {
        _owned.Add(thing);
        return thing;
    }

    /// <summary>Runs the loop until something is so.</summary>
    public void RunUntil(Func<bool> isSo)
    {
        long end = EventLoop.Now + (long)Patience.TotalNanoseconds;
        while (!isSo())
        {
            Assert.True(EventLoop.Now < end, $"it did not happen; the log: {string.Join("; ", Log)}");
            Loop.RunOnce(100);
        }
    }

    /// <summary>Runs the loop until nothing is left to do.</summary>
    public void Settle()
    {
        while (Loop.RunOnce(20))
        {
        }
    }

    /// <summary>The guest flushes.</summary>
    /// <returns>Whether it has to wait for somebody who reads its pages.</returns>
    public bool Flush(int output, Rect damage, bool isFenced = true)
    {
        if (!isFenced)
        {
            Hub.Flush(output, damage);
            return false;
        }
        var fence = new ReadFence(() => Consumed[output] = Consumed.GetValueOrDefault(output) + 1);
        Hub.Flush(output, damage, fence);
        return !fence.IsPassed;
    }

    HostBudget IScanoutSource.HostMemory { get; } = new(1L << 30);

    bool IScanoutSource.Resize(int output, int width, int height)
    {
        Resizes.Add((output, width, height));
        return AllowsResize;
    }

    void IScanoutSource.PictureWanted(int output)
    {
    }

    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }
        Server.Dispose();
        Hub.Dispose();
        _socket.Dispose();
        Loop.Dispose();
        _folder.Dispose();
    }
}

/// <summary>A view that writes down what it is told.</summary>
internal sealed class RecordingView : IDisplayView
{
    public List<string> Calls { get; } = [];

    public List<RemotePicture> Shown { get; } = [];

    public List<Rect> Updates { get; } = [];

    public CursorImage? Cursor { get; private set; }

    public CursorPosition? Position { get; private set; }

    /// <summary>Why the next dma-bufs are refused.</summary>
    public string? RefuseDmaBuf { get; set; }

    /// <summary>Whether updates are answered by the test, later.</summary>
    public bool IsSlow { get; set; }

    public int Disables { get; private set; }

    public int Forgotten { get; private set; }

    public string? Show(RemotePicture picture)
    {
        Calls.Add($"show {picture.Source}");
        Shown.Add(picture);
        return picture.Source == RemotePictureSource.DmaBuf ? RefuseDmaBuf : null;
    }

    public bool Update(Rect damage)
    {
        Calls.Add($"update {damage}");
        Updates.Add(damage);
        return !IsSlow;
    }

    public void Forget(RemotePicture picture) => Forgotten++;

    public void Disable() => Disables++;

    public void DefineCursor(CursorImage image) => Cursor = image;

    public void MoveCursor(CursorPosition position) => Position = position;

    /// <summary>The present picture's packed bytes.</summary>
    public static byte[] Pixels(RemotePicture picture)
    {
        byte[] pixels = new byte[picture.Layout.RowBytes * picture.Layout.Height];
        picture.CopyTo(picture.Layout.Bounds, pixels, picture.Layout.RowBytes);
        return pixels;
    }
}
