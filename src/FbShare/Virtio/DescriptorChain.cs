using System.Diagnostics.CodeAnalysis;
using FbShare.Memory;

namespace FbShare.Virtio;

/// <summary>One request on a virtqueue: a device-readable part, then a device-writable part, each scattered over guest memory.</summary>
/// <remarks>Every piece was checked to be guest memory. Valid until the next pop or until the memory map changes.</remarks>
internal sealed class DescriptorChain
{
    /// <summary>The most pieces a chain may have, as in QEMU.</summary>
    public const int MaxSegments = 1024;

    private readonly GuestMemoryMap _memory;
    private readonly Segment[] _segments = new Segment[MaxSegments];
    private int _count;
    private int _readableCount;

    internal DescriptorChain(GuestMemoryMap memory) => _memory = memory;

    /// <summary>The number by which the entry is given back to the driver.</summary>
    public ushort Head { get; private set; }

    /// <summary>How many bytes the device may read.</summary>
    public long ReadableLength { get; private set; }

    /// <summary>How many bytes the device may write.</summary>
    public long WritableLength { get; private set; }

    /// <summary>Copies from the readable part.</summary>
    /// <returns>How many bytes were copied: fewer than asked for if the part ends before.</returns>
    public unsafe int Read(long offset, Span<byte> destination)
    {
        int done = 0;
        for (int i = 0; i < _readableCount && done < destination.Length; i++)
        {
            ref readonly Segment segment = ref _segments[i];
            if (offset >= segment.Length)
            {
                offset -= segment.Length;
                continue;
            }
            int count = (int)Math.Min(destination.Length - done, segment.Length - offset);
            // SAFETY: the segment was checked to be guest memory when the chain was read, and offset + count is inside it.
            new ReadOnlySpan<byte>(segment.Pointer + offset, count).CopyTo(destination[done..]);
            done += count;
            offset = 0;
        }
        return done;
    }

    /// <summary>Copies into the writable part, from its start.</summary>
    /// <returns>How many bytes were copied: fewer than given if the part ends before.</returns>
    public unsafe int Write(ReadOnlySpan<byte> source)
    {
        int done = 0;
        for (int i = _readableCount; i < _count && done < source.Length; i++)
        {
            ref readonly Segment segment = ref _segments[i];
            int count = (int)Math.Min(source.Length - done, segment.Length);
            // SAFETY: as in Read; count is the segment's length at most.
            source.Slice(done, count).CopyTo(new Span<byte>(segment.Pointer, count));
            done += count;
        }
        return done;
    }

    /// <summary>Walks a chain from its head and checks every descriptor.</summary>
    /// <param name="table">Guest memory of <paramref name="size"/> descriptors.</param>
    internal unsafe bool TryRead(Virtqueue.Descriptor* table, int size, ushort head, bool indirectAllowed, [NotNullWhen(false)] out string? why)
    {
        Head = head;
        _count = 0;
        _readableCount = 0;
        ReadableLength = 0;
        WritableLength = 0;
        uint index = head;
        bool indirect = false;
        int left = size;
        while (true)
        {
            if (index >= (uint)size)
            {
                why = $"descriptor {index} is outside of its table of {size}";
                return false;
            }
            if (left-- == 0)
            {
                why = "a descriptor chain is longer than its table: a loop";
                return false;
            }
            // Each field is read once, because the guest may change it while it is checked.
            // SAFETY: index < size, as just checked, and the table has size descriptors.
            ulong address = Volatile.Read(ref table[index].Address);
            uint length = Volatile.Read(ref table[index].Length);
            ushort flags = Volatile.Read(ref table[index].Flags);
            ushort next = Volatile.Read(ref table[index].NextIndex);
            if ((flags & Virtqueue.Descriptor.Indirect) != 0)
            {
                if (!indirectAllowed || indirect || (flags & Virtqueue.Descriptor.Next) != 0 || length == 0 || length % 16 != 0 || length / 16 > Virtqueue.MaxSize)
                {
                    why = $"an indirect descriptor of {length} bytes with flags {flags} breaks the rules of virtio";
                    return false;
                }
                table = (Virtqueue.Descriptor*)_memory.Translate(address, length);
                if (table is null)
                {
                    why = $"an indirect table at 0x{address:x} is not guest memory";
                    return false;
                }
                size = (int)(length / 16);
                left = size;
                index = 0;
                indirect = true;
                continue;
            }
            if (!TryAdd(address, length, (flags & Virtqueue.Descriptor.Write) != 0, out why))
            {
                return false;
            }
            if ((flags & Virtqueue.Descriptor.Next) == 0)
            {
                return true;
            }
            index = next;
        }
    }

    private unsafe bool TryAdd(ulong address, uint length, bool writable, [NotNullWhen(false)] out string? why)
    {
        if (!writable && _readableCount < _count)
        {
            why = "a device-readable descriptor follows a writable one";
            return false;
        }
        ulong left = length;
        while (left > 0)
        {
            MemoryRegion? region = _memory.Find(address);
            if (region is null)
            {
                why = $"descriptor at 0x{address:x} is not guest memory";
                return false;
            }
            if (_count == MaxSegments)
            {
                why = $"a descriptor chain has more than {MaxSegments} pieces";
                return false;
            }
            ulong offset = address - region.GuestAddress;
            ulong count = Math.Min(left, region.Size - offset);
            // SAFETY: offset + count is inside the region.
            _segments[_count++] = new Segment { Pointer = region.Pointer + offset, Length = (long)count };
            address += count;
            left -= count;
        }
        if (writable)
        {
            WritableLength += length;
        }
        else
        {
            ReadableLength += length;
            _readableCount = _count;
        }
        why = null;
        return true;
    }

    private struct Segment
    {
        public unsafe byte* Pointer;
        public long Length;
    }
}
