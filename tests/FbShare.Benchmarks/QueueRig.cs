using FbShare.Memory;
using FbShare.Rig.Driver;
using FbShare.Virtio;

namespace FbShare.Benchmarks;

/// <summary>Both sides of one virtqueue in one thread, with no socket and no loop: what is measured over it is the device's
/// side, and a store into the available ring per request.</summary>
internal sealed class QueueRig : IDisposable
{
    private const ushort Size = 256;

    private readonly GuestRam _ram;
    private readonly DriverQueue _driver;
    private ulong _nextRequest = 1 << 20;

    /// <param name="ramBytes">Guest memory; what is above <see cref="FrontEndDriver.FreeMemory"/> is for pictures.</param>
    public QueueRig(long ramBytes, bool eventIdx = true)
    {
        _ram = new GuestRam(ramBytes);
        _driver = new DriverQueue(_ram, 0, Size, eventIdx);
        GuestRam.Region region = _ram.Regions[0];
        Memory.Add(MemoryRegion.Map(_ram.Descriptor.Duplicate(), region.GuestAddress, (ulong)region.Length, region.UserAddress, (ulong)region.FileOffset));
        ulong user = region.UserAddress - region.GuestAddress;
        Queue = Virtqueue.Create(
            Memory, Size, user + _driver.Descriptors, user + _driver.Available, user + _driver.Used, 0,
            VirtioFeatures.Version1 | VirtioFeatures.IndirectDesc | (eventIdx ? VirtioFeatures.EventIdx : 0));
    }

    public GuestMemoryMap Memory { get; } = new();

    public Virtqueue Queue { get; }

    /// <summary>Writes a request and its descriptors, which stay, so that it can be sent again and again.</summary>
    /// <returns>Its head, for <see cref="Send"/>.</returns>
    /// <param name="responseSize">Bytes of room for the response; 0 for none.</param>
    public ushort Prepare(ReadOnlySpan<byte> request, int responseSize = 24, bool indirect = false)
    {
        ulong address = _nextRequest;
        request.CopyTo(_ram.At(address, request.Length));
        ulong response = address + (((ulong)request.Length + 63) & ~63UL);
        ulong table = response + 2048;
        _nextRequest = table + 64;
        List<DriverQueue.Piece> pieces = [new(address, (uint)request.Length)];
        if (responseSize > 0)
        {
            pieces.Add(new(response, (uint)responseSize, DriverQueue.Piece.Write));
        }
        if (!indirect)
        {
            return _driver.Add([.. pieces]);
        }
        for (int i = 0; i < pieces.Count; i++)
        {
            bool last = i == pieces.Count - 1;
            Span<byte> entry = _ram.At(table + (16 * (ulong)i), 16);
            BitConverter.TryWriteBytes(entry, pieces[i].Address);
            BitConverter.TryWriteBytes(entry[8..], pieces[i].Length);
            BitConverter.TryWriteBytes(entry[12..], (ushort)(pieces[i].Flags | (last ? 0 : 1)));
            BitConverter.TryWriteBytes(entry[14..], (ushort)(i + 1));
        }
        return _driver.Add(new DriverQueue.Piece(table, 16 * (uint)pieces.Count, DriverQueue.Piece.Indirect));
    }

    /// <summary>Makes a prepared request available to the device.</summary>
    public void Send(ushort head) => _driver.Publish(head);

    /// <summary>Takes back whatever was made available, unanswered: preparing a request sends it once.</summary>
    public void Discard()
    {
        while (Queue.TryPop(out DescriptorChain chain))
        {
            Queue.Push(chain.Head, 0);
        }
    }

    public void Dispose()
    {
        Memory.Dispose();
        _driver.Dispose();
        _ram.Dispose();
    }
}
