using System.Globalization;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Tests;

namespace FbShare.Fuzz;

/// <summary>A viewer of ours at a display that means harm: answers, pictures, updates and pointers that are mostly right.</summary>
internal sealed class ViewerDoor : Door
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    private readonly TemporaryFolder _folder = new("fuzz");
    private readonly EventLoop _loop = new();
    private readonly UnixListener _socket;
    private readonly EventLoop.Watch _watch;
    private HostileDisplay? _display;
    private Random _random = new(0);
    private HeldResources _early;
    private long _lives;
    private long _refused;

    public ViewerDoor()
        : base("messages")
    {
        _socket = UnixListener.Listen(_folder["display"]);
        _watch = _loop.Add(_socket.Descriptor, LoopEvents.Readable, _ =>
        {
            _display?.Dispose();
            _display = new HostileDisplay(_loop, _socket.Accept()!, _random, Tally);
        });
    }

    public override string Details => string.Create(CultureInfo.InvariantCulture, $"{_lives:N0} viewers, of which {_refused:N0} let go of the display");

    public override void Round(Random random)
    {
        Live(random);
        if (++_lives == 50)
        {
            _early = HeldResources.Now();
        }
    }

    public override void Take(ReadOnlyMemory<byte> input) => Live(new InputRandom(input));

    public override void Finish()
    {
        if (_lives > 100)
        {
            Harm.NoteGrowth(_early, spare: 2);
        }
    }

    public override void Dispose()
    {
        _display?.Dispose();
        _watch.Dispose();
        _socket.Dispose();
        _loop.Dispose();
        _folder.Dispose();
    }

    private void Live(Random random)
    {
        _random = random;
        try
        {
            using DisplayClient client = DisplayClient.Connect(_loop, new DisplayAddress(DisplayAddressKind.Unix, _socket.Path), Patience);
            foreach (RemoteConsole console in client.Consoles.Take(2))
            {
                console.Watch(new View(random), random.Next(4) > 0);
            }
            bool lost = false;
            client.Lost = _ => lost = true;
            for (int i = 0; !lost && i < 40 && !InputRandom.HasEnded(random); i++)
            {
                _display?.Send();
                while (_loop.RunOnce(0))
                {
                }
                if (random.Next(8) == 0)
                {
                    client.Consoles[0].Done();
                }
            }
            _refused += lost ? 1 : 0;
        }
        catch (DisplayException)
        {
            // Refused in a sentence, as it should be.
            _refused++;
        }
        finally
        {
            _display?.Dispose();
            _display = null;
        }
    }

    /// <summary>Looks at every pixel that it is told of.</summary>
    private sealed class View(Random random) : IDisplayView
    {
        private readonly byte[] _pixels = new byte[4 * 64 * 64];
        private RemotePicture? _picture;

        public string? Show(RemotePicture picture)
        {
            _picture = picture;
            return random.Next(16) == 0 ? "not today" : null;
        }

        public bool Update(Rect damage)
        {
            try
            {
                Read(damage);
            }
            catch (LinuxException)
            {
                // It cannot be read, in a sentence.
            }
            return random.Next(8) != 0;
        }

        private void Read(Rect damage)
        {
            for (int y = damage.Y; _picture is not null && y < damage.Bottom; y += 64)
            {
                for (int x = damage.X; x < damage.Right; x += 64)
                {
                    var part = new Rect(x, y, Math.Min(64, damage.Right - x), Math.Min(64, damage.Bottom - y));
                    _picture.CopyTo(part, _pixels, 4 * 64);
                }
            }
        }

        public void Forget(RemotePicture picture) => _picture = ReferenceEquals(_picture, picture) ? null : _picture;

        public void Disable() => _picture = null;

        public void DefineCursor(CursorImage image) => _ = image.Pixels.Length;

        public void MoveCursor(CursorPosition position)
        {
        }
    }
}
