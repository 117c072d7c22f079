using System.Net.Sockets;
using System.Text;
using FbShare.Keeping;
using FbShare.Linux;

namespace FbShare.Tests.Keeping;

/// <summary>A service manager's socket, and its store: keeps each open file once, as systemd does.</summary>
internal sealed class FakeManager : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly UnixSocket _messages;
    private readonly List<(string Name, FileDescriptor Descriptor)> _kept = [];
    private readonly Lock _gate = new();
    private readonly Thread _reader;
    private volatile bool _ended;
    private volatile bool _ignoresRemovals;
    private int _asked;
    private int _heard;

    public FakeManager()
    {
        _socket.Bind(new UnixDomainSocketEndPoint(_folder["notify"]));
        _messages = new UnixSocket(FileDescriptor.DuplicateOf((int)_socket.Handle));
        Manager = ServiceManager.Connect(_folder["notify"], null);
        _reader = new Thread(Read) { IsBackground = true };
        _reader.Start();
    }

    public ServiceManager Manager { get; }

    /// <summary>Whether it looks away when something is to be removed.</summary>
    public bool IgnoresRemovals
    {
        get => _ignoresRemovals;
        set
        {
            Drain();
            _ignoresRemovals = value;
        }
    }

    public int Count
    {
        get
        {
            Drain();
            lock (_gate)
            {
                return _kept.Count;
            }
        }
    }

    /// <summary>How often something was left with it.</summary>
    public int Kept { get; private set; }

    public IReadOnlyList<string> Names
    {
        get
        {
            Drain();
            lock (_gate)
            {
                return [.. _kept.Select(k => k.Name)];
            }
        }
    }

    public void Add(string name, FileDescriptor descriptor)
    {
        lock (_gate)
        {
            _kept.Add((name, descriptor.Duplicate()));
        }
    }

    /// <summary>What the next process of the service gets.</summary>
    public HandedDescriptors Hand()
    {
        Drain();
        lock (_gate)
        {
            return new HandedDescriptors([.. _kept.Select(k => (k.Name, k.Descriptor.Duplicate()))]);
        }
    }

    /// <summary>Waits until everything that was said until now was heard and acted upon.</summary>
    public void Drain()
    {
        int asked = ++_asked;
        Manager.TellReady(Mark(asked));
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _heard) >= asked, TimeSpan.FromSeconds(10)));
    }

    public void Dispose()
    {
        if (!_ended)
        {
            _ended = true;
            Manager.TellAlive();
            _reader.Join();
            _messages.Dispose();
            _socket.Dispose();
            _kept.ForEach(k => k.Descriptor.Dispose());
            _folder.Dispose();
        }
    }

    private static string Mark(int number) => $"mark {number}";

    private void Read()
    {
        var buffer = new byte[4096];
        var descriptors = new List<FileDescriptor>();
        while (!_ended)
        {
            int count = _messages.Receive(buffer, descriptors) ?? 0;
            lock (_gate)
            {
                string[] lines = Encoding.UTF8.GetString(buffer, 0, count).Split('\n');
                Handle(lines, descriptors.FirstOrDefault());
                if (lines.Contains($"STATUS={Mark(_heard + 1)}"))
                {
                    Volatile.Write(ref _heard, _heard + 1);
                }
            }
            descriptors.Clear();
        }
    }

    private void Handle(string[] lines, FileDescriptor? descriptor)
    {
        string? name = Array.Find(lines, l => l.StartsWith("FDNAME=", StringComparison.Ordinal))?[7..];
        if (lines.Contains("FDSTORE=1") && descriptor is not null && name is not null)
        {
            Assert.Contains("FDPOLL=0", lines);
            Kept++;
            if (!_kept.Exists(k => k.Descriptor.GetStatus() == descriptor.GetStatus()))
            {
                _kept.Add((name, descriptor));
                return;
            }
        }
        else if (lines.Contains("FDSTOREREMOVE=1") && !IgnoresRemovals)
        {
            foreach ((string Name, FileDescriptor Descriptor) one in _kept.FindAll(k => k.Name == name))
            {
                one.Descriptor.Dispose();
                _kept.Remove(one);
            }
        }
        descriptor?.Dispose();
    }
}
