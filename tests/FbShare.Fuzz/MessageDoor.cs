using FbShare.Linux;

namespace FbShare.Fuzz;

/// <summary>A transport's socket: one front-end after the other connects, sends messages, and leaves.</summary>
internal abstract class MessageDoor(bool vfioUser) : Door
{
    /// <summary>The size of the memory that is offered to the device.</summary>
    protected const ulong MemoryBytes = 4 << 20;

    private readonly List<FileDescriptor> _foreign = [MemFd.Create("sealed", (long)MemoryBytes), UnixSocket.CreatePair().First.Descriptor, UnixSocket.CreatePair().Second.Descriptor, new EventFd().Descriptor, new EventFd().Descriptor];
    private readonly List<FileDescriptor> _received = [];
    private DeviceUnderFuzz? _device;
    private Resources _early;
    private long _messages;
    private long _sessions;
    private long _dismissed;

    public override string Did => $"{_messages} messages of {_sessions} front-ends, of which {_dismissed} were dismissed, longest turn {_device?.Longest:0} ms";

    public override void Round(Random random)
    {
        _device ??= new DeviceUnderFuzz(Harm);
        using (UnixSocket socket = _device.Connect(vfioUser))
        {
            try
            {
                int messages = random.Next(1, 200);
                for (int i = 0; i < messages; i++)
                {
                    (byte[] bytes, FileDescriptor[] descriptors) = Next(i, random);
                    _messages++;
                    int cut = random.Next(10) == 0 ? random.Next(1, bytes.Length) : bytes.Length;
                    socket.SendAll(bytes.AsSpan(0, cut), descriptors);
                    if (cut < bytes.Length)
                    {
                        socket.SendAll(bytes.AsSpan(cut));
                    }
                    TakeReplies(socket);
                }
            }
            catch (LinuxException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
            {
                _dismissed++;
            }
        }
        _device.Settle();
        if (++_sessions == 50)
        {
            _early = Resources.Now();
        }
    }

    public override void Finish()
    {
        if (_sessions > 100)
        {
            Resources.Now().NoteGrowth(_early, Harm, spare: 4);
        }
    }

    public override void Dispose()
    {
        _device?.Dispose();
        _foreign.ForEach(f => f.Dispose());
    }

    /// <summary>The next message of a session.</summary>
    protected abstract (byte[] Bytes, FileDescriptor[] Descriptors) Next(int number, Random random);

    protected static byte[] Words(params uint[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    protected static byte[] Numbers(params ulong[] numbers) => [.. numbers.SelectMany(BitConverter.GetBytes)];

    protected static byte[] Number(ulong number) => BitConverter.GetBytes(number);

    protected static byte[] Noise(Random random, int most)
    {
        var noise = new byte[random.Next(most)];
        random.NextBytes(noise);
        return noise;
    }

    protected static byte[] Spoil(byte[] payload, Random random)
    {
        switch (random.Next(20))
        {
            case 0: return payload[..random.Next(payload.Length + 1)];
            case 1: return [.. payload, .. Noise(random, 32)];
            case 2 when payload.Length > 0:
                payload[random.Next(payload.Length)] ^= (byte)(1 << random.Next(8));
                return payload;
            default: return payload;
        }
    }

    /// <summary>Descriptors for a message: mostly those that it wants.</summary>
    protected FileDescriptor[] Pick(bool wanted, bool memory, Random random)
    {
        if (random.Next(20) == 0)
        {
            return [.. Enumerable.Range(0, random.Next(1, UnixSocket.MaxDescriptors + 1)).Select(_ => _foreign[random.Next(_foreign.Count)])];
        }
        return wanted ? [memory ? _foreign[0] : _foreign[random.Next(1, _foreign.Count)]] : [];
    }

    private void TakeReplies(UnixSocket socket)
    {
        Span<byte> replies = stackalloc byte[4096];
        try
        {
            while (socket.Receive(replies, _received, wait: false) > 0)
            {
            }
        }
        finally
        {
            _received.ForEach(r => r.Dispose());
            _received.Clear();
        }
    }
}
