using FbShare.Linux;
using FbShare.Memory;
using Xunit;

namespace FbShare.Tests.Memory;

public sealed class FrameBufferTests
{
    private const int Length = 3 * 4096;

    [Fact]
    public void Who_opens_a_picture_s_memory_again_can_neither_write_it_nor_map_it_writable_nor_take_pages_out()
    {
        using var buffer = new FrameBuffer(Length);
        buffer.From(0).Fill(7);
        // What another process of the same user does: /proc/PID/fd/N.
        using FileDescriptor again = FileDescriptor.Open($"/proc/self/fd/{buffer.ReadOnly.Number}", writable: true);

        Assert.Equal(Errno.EPERM, Assert.Throws<LinuxException>(() => MemoryMapping.Map(again, 0, Length, writable: true)).Errno);
        Assert.Equal(Errno.EPERM, Assert.Throws<LinuxException>(() => again.PunchHole(0, 4096)).Errno);
        using var stream = new FileStream($"/proc/self/fd/{buffer.ReadOnly.Number}", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        Assert.ThrowsAny<Exception>(() => stream.Write([1]));
        using MemoryMapping seen = MemoryMapping.Map(again, 0, Length, writable: false);
        Assert.Equal(Length, seen.Slice(0, Length).Count((byte)7));
    }

    [Fact]
    public void Its_owner_goes_on_writing_it_and_readers_see_that()
    {
        using var buffer = new FrameBuffer(Length);
        using MemoryMapping seen = MemoryMapping.Map(buffer.ReadOnly, 0, Length, writable: false);

        buffer.Slice(5000, 1)[0] = 9;

        Assert.Equal(9, seen.Slice(5000, 1)[0]);
    }

    [Fact]
    public void Memory_for_another_writer_can_be_mapped_writable()
    {
        using FrameBuffer buffer = FrameBuffer.CreateWritable(Length);
        using MemoryMapping other = MemoryMapping.Map(buffer.Memory, 0, Length, writable: true);

        other.Slice(0, 1)[0] = 3;

        Assert.Equal(3, buffer.Slice(0, 1)[0]);
        // It has all other seals: nobody can cut it off under a mapping, or seal it.
        Assert.Equal(MemFdSeals.Shrink | MemFdSeals.Grow | MemFdSeals.Seal, buffer.Memory.GetSeals());
    }

    [Fact]
    public void A_copy_of_what_a_process_has_left_has_its_bytes_and_is_sealed_too()
    {
        FileDescriptor left;
        using (var buffer = new FrameBuffer(Length))
        {
            buffer.From(0).Fill(7);
            left = buffer.Memory.Duplicate();
        }

        using FrameBuffer copy = FrameBuffer.CopyOf(left, Length);

        Assert.True(left.IsClosed);
        Assert.Equal(Length, copy.From(0).Count((byte)7));
        copy.From(0).Fill(8);
        Assert.Throws<LinuxException>(() => MemoryMapping.Map(copy.Memory, 0, Length, writable: true));
    }

    [Fact]
    public void What_a_process_has_left_must_be_long_enough()
    {
        FileDescriptor left = MemFd.Create("short", 4096);

        Assert.Throws<LinuxException>(() => FrameBuffer.CopyOf(left, Length));
        Assert.True(left.IsClosed);
    }
}
