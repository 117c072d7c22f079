using System.Buffers.Binary;
using FbShare.Cli.Viewer;
using FbShare.Cli.Viewer.Software;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Tests.Viewer.Software;

/// <summary>Windows without OpenGL: what a window system that does just what it is asked shows in the end, pixel by pixel.</summary>
public sealed class SoftwarePainterTests : IDisposable
{
    private readonly List<IDisposable> _owned = [];
    private readonly Random _random = new(17);

    public static TheoryData<string, bool, bool, string> Windows
    {
        get
        {
            var all = new TheoryData<string, bool, bool, string>();
            foreach (string format in DrmFormats.All.ToArray().Select(f => f.ToString()))
            {
                foreach (string scale in (string[])["Fixed", "Integer", "Fit"])
                {
                    all.Add(format, true, true, scale);
                }
            }
            all.Add("XR24", true, false, "Fixed");
            all.Add("XR24", false, false, "Fixed");
            all.Add("XR24", false, true, "Fixed");
            all.Add("RX24", false, false, "Fit");
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Windows))]
    public void The_window_is_right_after_every_frame_whatever_changed_in_it(string formatName, bool takesFiles, bool takesParts, string scale)
    {
        DrmFormat format = Enum.Parse<DrmFormat>(formatName);
        using var surface = new WindowStandIn { TakesFiles = takesFiles, TakesParts = takesParts };
        using var painter = new SoftwarePainter(surface, "there is no OpenGL");
        LayerImage[] images = [Opaque(30, 20), Opaque(7, 9)];
        Guest guest = Make(format, 61, 47, padding: 3);
        (int Width, int Height) window = (100, 80);
        List<Layer> layers = [];
        for (int frame = 0; frame < 300; frame++)
        {
            Rect damage = default;
            switch (_random.Next(12))
            {
                case 0:
                    window = (_random.Next(20, 150), _random.Next(20, 150));
                    break;
                case 1:
                    guest = Make(format, _random.Next(1, 120), _random.Next(1, 120), _random.Next(4));
                    damage = guest.Picture.Layout.Bounds;
                    break;
                case 2 when layers.Count < images.Length:
                    layers.Add(new Layer(images[layers.Count], new Rect(_random.Next(-5, 60), _random.Next(-5, 60), images[layers.Count].Width, images[layers.Count].Height)));
                    break;
                case 3 when layers.Count > 0:
                    layers.RemoveAt(layers.Count - 1);
                    break;
                case 4 when layers.Count > 0:
                    layers[0] = layers[0] with { Target = layers[0].Target.Offset(_random.Next(-4, 5), _random.Next(-4, 5)) };
                    break;
                case 5:
                    images[0].Changed();
                    break;
                case 6:
                    surface.Lose();
                    painter.Invalidate();
                    break;
                default:
                    damage = guest.Draw(_random);
                    break;
            }
            FrameLayout layout = guest.Picture.Layout;
            Placement place = Placement.Of(new WindowScale(Enum.Parse<ScaleMode>(scale)), layout.Width, layout.Height, window);
            surface.Resize(window.Width, window.Height);

            painter.Draw(new Scene(guest.Picture, IsImported: false, Of(damage), place, IsSmooth: false, window, layers));
            Assert.True(painter.Present(reads: true, out _));

            AssertShows(surface, guest, place, window, layers, $"frame {frame}");
        }
    }

    [Fact]
    public void A_small_change_of_a_picture_as_it_is_is_all_that_is_put_and_nothing_is_copied()
    {
        using var surface = new WindowStandIn();
        using var painter = new SoftwarePainter(surface, "");
        Guest guest = Make(DrmFormat.XR24, 100, 80, padding: 0);
        Placement place = Placement.Of(new WindowScale(ScaleMode.Fixed), 100, 80, (100, 80));
        surface.Resize(100, 80);
        Show(guest.Picture.Layout.Bounds);
        surface.Puts.Clear();

        Assert.Equal(0, Show(new Rect(10, 20, 5, 6)));

        Assert.Equal([(guest.File, new Rect(10, 20, 5, 6))], surface.Puts);

        long Show(Rect damage)
        {
            long copied = painter.Draw(new Scene(guest.Picture, IsImported: false, Of(damage), place, IsSmooth: true, (100, 80), []));
            Assert.True(painter.Present(reads: true, out _));
            return copied;
        }
    }

    [Theory]
    [InlineData("XR24")]
    [InlineData("AB24")]
    public void What_a_guest_showed_last_is_left_when_its_memory_is_gone(string format)
    {
        using var surface = new WindowStandIn();
        using var painter = new SoftwarePainter(surface, "");
        Guest guest = Make(Enum.Parse<DrmFormat>(format), 33, 21, padding: 2);
        Placement place = Placement.Of(new WindowScale(ScaleMode.Fixed), 33, 21, (40, 30));
        surface.Resize(40, 30);
        Assert.Null(painter.Left);
        painter.Draw(new Scene(guest.Picture, IsImported: false, Of(guest.Picture.Layout.Bounds), place, IsSmooth: false, (40, 30), []));
        painter.Present(reads: true, out _);

        painter.Forget(guest.Picture, isReplaced: false);
        guest.Picture.Dispose();
        surface.Lose();
        painter.Invalidate();
        Assert.Equal((33, 21), painter.Left);
        painter.Draw(new Scene(null, IsImported: false, new Region(), place, IsSmooth: false, (40, 30), []));
        painter.Present(reads: false, out _);

        AssertShows(surface, guest, place, (40, 30), [], "afterwards");
    }

    [Fact]
    public void A_picture_that_another_one_replaces_is_not_copied()
    {
        using var surface = new WindowStandIn();
        using var painter = new SoftwarePainter(surface, "");
        surface.Resize(40, 30);
        Guest before = Make(DrmFormat.XR24, 40, 30, padding: 0), after = Make(DrmFormat.XR24, 40, 30, padding: 0);
        Placement place = Placement.Of(new WindowScale(ScaleMode.Fixed), 40, 30, (40, 30));
        painter.Draw(new Scene(before.Picture, IsImported: false, Of(before.Picture.Layout.Bounds), place, IsSmooth: false, (40, 30), []));
        painter.Present(reads: true, out _);

        painter.Forget(before.Picture, isReplaced: true);
        before.Picture.Dispose();
        Assert.Null(painter.Left);
        Assert.Equal(0, painter.Draw(new Scene(after.Picture, IsImported: false, new Region(), place, IsSmooth: false, (40, 30), [])));
        painter.Present(reads: true, out _);

        AssertShows(surface, after, place, (40, 30), [], "after the flip");
    }

    [Fact]
    public void Without_any_picture_the_window_is_black()
    {
        using var surface = new WindowStandIn();
        using var painter = new SoftwarePainter(surface, "");
        surface.Resize(20, 10);
        painter.Draw(new Scene(null, IsImported: false, new Region(), null, IsSmooth: false, (20, 10), []));
        painter.Present(reads: false, out _);
        Assert.All(Enumerable.Range(0, 200), i => Assert.Equal(0u, surface[i % 20, i / 20]));
    }

    public void Dispose() => _owned.ForEach(o => o.Dispose());

    private static void AssertShows(WindowStandIn surface, Guest guest, Placement place, (int Width, int Height) window, List<Layer> layers, string when)
    {
        for (int y = 0; y < window.Height; y++)
        {
            for (int x = 0; x < window.Width; x++)
            {
                bool isInside = x >= place.Target.X && x < place.Target.Right && y >= place.Target.Y && y < place.Target.Bottom;
                uint expected = 0;
                if (isInside)
                {
                    (int px, int py) = place.ToPicture(x + 0.5, y + 0.5);
                    if (IsTie(x - place.Target.X, place.Width, place.Target.Width) || IsTie(y - place.Target.Y, place.Height, place.Target.Height))
                    {
                        continue;
                    }
                    expected = guest[px, py];
                }
                foreach (Layer layer in layers)
                {
                    Rect target = layer.Target;
                    if (x >= target.X && x < target.Right && y >= target.Y && y < target.Bottom)
                    {
                        expected = BinaryPrimitives.ReadUInt32LittleEndian(layer.Image.Pixels[((((y - target.Y) * layer.Image.Width) + x - target.X) * 4)..]) & 0xFFFFFF;
                    }
                }
                if (surface[x, y] != expected)
                {
                    Assert.Fail($"{when}: {x},{y} is {surface[x, y]:x6} and not {expected:x6}; picture {guest.Picture.Layout} at {place.Target}");
                }
            }
        }
    }

    /// <summary>Whether a pixel's middle lies between two of the picture's: either is right.</summary>
    private static bool IsTie(int place, int picture, int target) => ((2L * place) + 1) * picture % (2L * target) == 0 && picture != target;

    private static Region Of(Rect damage)
    {
        var region = new Region();
        region.Add(damage);
        return region;
    }

    private LayerImage Opaque(int width, int height)
    {
        var pixels = new byte[width * height * 4];
        _random.NextBytes(pixels);
        for (int i = 3; i < pixels.Length; i += 4)
        {
            pixels[i] = 255;
        }
        var image = new LayerImage(width, height, pixels);
        _owned.Add(image);
        return image;
    }

    private Guest Make(DrmFormat format, int width, int height, int padding)
    {
        var guest = new Guest(format, width, height, padding, _random);
        _owned.Add(guest);
        return guest;
    }

    /// <summary>A display's picture, and what it should look like.</summary>
    private sealed class Guest : IDisposable
    {
        private readonly MemoryMapping _memory;
        private readonly byte[] _pixels;

        public Guest(DrmFormat format, int width, int height, int padding, Random random)
        {
            uint stride = (uint)((width + padding) * 4);
            const uint Offset = 64;
            long size = Offset + ((long)stride * height);
            Assert.True(FrameLayout.TryCreate(format, (uint)width, (uint)height, stride, Offset, size, out FrameLayout layout, out _));
            using FileDescriptor memfd = MemFd.Create("guest", size);
            _memory = MemoryMapping.Map(memfd, 0, size, writable: true);
            FileDescriptor file = memfd.ReopenReadOnly();
            File = file.GetStatus().Inode;
            Picture = RemotePicture.OfMap(file, layout);
            _pixels = new byte[width * height * 4];
            Draw(layout.Bounds, random);
        }

        public RemotePicture Picture { get; }

        /// <summary>Which file it is in.</summary>
        public ulong File { get; }

        /// <summary>What a pixel should look like: red, green and blue.</summary>
        public uint this[int x, int y]
        {
            get
            {
                int at = ((y * Picture.Layout.Width) + x) * 4;
                (int red, int green, int blue, _) = Picture.Layout.Format.ByteOrder();
                return ((uint)_pixels[at + red] << 16) | ((uint)_pixels[at + green] << 8) | _pixels[at + blue];
            }
        }

        public Rect Draw(Random random)
        {
            (int width, int height) = (Picture.Layout.Width, Picture.Layout.Height);
            var area = new Rect(random.Next(width), random.Next(height), random.Next(1, 30), random.Next(1, 30)).Intersect(Picture.Layout.Bounds);
            Draw(area, random);
            return area;
        }

        public void Dispose()
        {
            Picture.Dispose();
            _memory.Dispose();
        }

        private void Draw(Rect area, Random random)
        {
            for (int y = area.Y; y < area.Bottom; y++)
            {
                Span<byte> row = _pixels.AsSpan(((y * Picture.Layout.Width) + area.X) * 4, area.Width * 4);
                random.NextBytes(row);
                row.CopyTo(_memory.Slice(Picture.Layout.OffsetOf(area.X, y), row.Length));
            }
        }
    }

    /// <summary>A window system: it reads files as it is told to, and knows nothing else.</summary>
    private sealed class WindowStandIn : ISharedSurface
    {
        private uint[] _pixels = [];
        private int _width;
        private readonly HashSet<SharedPixels> _inFrame = [];
        private readonly List<(SharedPixels Pixels, Region Lacks)> _canvases = [];
        private int _turn;

        public Action? Finished { get; set; }

        public bool IsBusy => false;

        public bool IsReading => false;

        public bool TakesParts { get; init; } = true;

        public bool TakesFiles { get; init; } = true;

        public List<(ulong File, Rect Part)> Puts { get; } = [];

        public uint this[int x, int y] => _pixels[(y * _width) + x];

        public void Resize(int width, int height)
        {
            if (_width != width || _pixels.Length != width * height)
            {
                _width = width;
                _pixels = new uint[width * height];
                Lose();
            }
        }

        /// <summary>Whatever was in the window is gone.</summary>
        public void Lose() => Array.Fill(_pixels, 0xBADBADu);

        /// <summary>One for all, or two in turn where a frame is the whole of one of them.</summary>
        public SharedPixels NextCanvas((int Width, int Height) window, Region outOfDate)
        {
            foreach ((SharedPixels old, _) in _canvases.FindAll(c => (c.Pixels.Layout.Width, c.Pixels.Layout.Height) != window))
            {
                old.Dispose();
            }
            _canvases.RemoveAll(c => (c.Pixels.Layout.Width, c.Pixels.Layout.Height) != window);
            while (_canvases.Count < (TakesParts ? 1 : 2))
            {
                var pixels = new SharedPixels(window.Width, window.Height);
                var lacks = new Region();
                lacks.Add(pixels.Layout.Bounds);
                _canvases.Add((pixels, lacks));
            }
            (SharedPixels canvas, Region missing) = _canvases[_turn++ % _canvases.Count];
            if (!TakesParts)
            {
                _canvases.ForEach(c => c.Lacks.Add(outOfDate));
                outOfDate.Clear();
                outOfDate.Add(missing);
                missing.Clear();
            }
            return canvas;
        }

        public void Put(SharedPixels pixels, Rect part, int x, int y)
        {
            FrameLayout layout = pixels.Layout;
            Assert.True(layout.Bounds.Contains(part));
            Assert.True(layout.End <= pixels.FileSize);
            Puts.Add((pixels.File.GetStatus().Inode, part));
            _inFrame.Add(pixels);
            var row = new byte[part.Width * 4];
            for (int line = 0; line < part.Height; line++)
            {
                Assert.Equal(row.Length, pixels.File.Read(layout.OffsetOf(part.X, part.Y + line), row));
                for (int column = 0; column < part.Width; column++)
                {
                    _pixels[((y + line) * _width) + x + column] = BinaryPrimitives.ReadUInt32LittleEndian(row.AsSpan(column * 4)) & 0xFFFFFF;
                }
            }
        }

        public bool Commit()
        {
            Assert.True(TakesParts || _inFrame.Count <= 1, "a frame came from several memories");
            if (!TakesParts && _inFrame.Count == 1)
            {
                // It is the whole of its memory, whatever was said to have changed.
                SharedPixels all = _inFrame.Single();
                Put(all, all.Layout.Bounds, 0, 0);
            }
            _inFrame.Clear();
            return true;
        }

        public void Forget(SharedPixels pixels)
        {
        }

        public void Dispose() => _canvases.ForEach(c => c.Pixels.Dispose());
    }
}
