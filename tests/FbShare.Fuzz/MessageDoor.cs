using FbShare.Linux;

namespace FbShare.Fuzz;

/// <summary>A transport's socket, where front-ends connect.</summary>
internal abstract class MessageDoor(bool vfioUser) : SessionDoor
{
    /// <summary>The size of the memory that is offered to the device.</summary>
    protected const ulong MemoryBytes = 4 << 20;

    private readonly List<FileDescriptor> _foreign = [MemFd.Create("sealed", (long)MemoryBytes), UnixSocket.CreatePair().First.Descriptor, UnixSocket.CreatePair().Second.Descriptor, new EventFd().Descriptor, new EventFd().Descriptor];

    protected sealed override string Peers => "front-ends";

    protected sealed override int MostMessages => 200;

    protected sealed override int Spare => 4;

    public sealed override void Dispose()
    {
        base.Dispose();
        _foreign.ForEach(f => f.Dispose());
    }

    protected sealed override UnixSocket Connect() => Device.Connect(vfioUser);

    protected sealed override void Send(UnixSocket socket, int number, Random random)
    {
        (byte[] bytes, FileDescriptor[] descriptors) = Next(number, random);
        int cut = random.Next(10) == 0 ? random.Next(1, bytes.Length) : bytes.Length;
        socket.SendAll(bytes.AsSpan(0, cut), descriptors);
        if (cut < bytes.Length)
        {
            socket.SendAll(bytes.AsSpan(cut));
        }
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
        // The last two are eventfds.
        return wanted ? [memory ? _foreign[0] : _foreign[random.Next(random.Next(8) == 0 ? 1 : 3, _foreign.Count)]] : [];
    }
}
