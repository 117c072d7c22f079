using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Display;

public sealed class RemotePictureTests
{
    /// <summary>A stock QEMU flips with a message for each picture, and an X server reads the file by itself: the viewer must not read 8 MB for nobody.</summary>
    [Fact]
    public void A_file_that_could_be_cut_off_is_read_when_somebody_looks_and_not_before()
    {
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, 1920, 1080);
        using FileDescriptor file = MemFd.Create("qemu", layout.End, seals: MemFdSeals.None);
        using MemoryMapping qemu = MemoryMapping.Map(file, 0, layout.End, writable: true);
        long before = GC.GetAllocatedBytesForCurrentThread();
        using RemotePicture picture = RemotePicture.OfMap(file.Duplicate(), layout);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);

        Draw(7, 9, 0x42);
        Assert.Equal(0x42, Look(7, 9));
        Draw(7, 9, 0x43);
        Draw(1900, 1079, 0x44);
        Assert.Equal(0x43, Look(7, 9));
        Assert.Equal(0x44, Look(1900, 1079));

        void Draw(int x, int y, byte value) => qemu.Slice(layout.OffsetOf(x, y), 1)[0] = value;
        byte Look(int x, int y)
        {
            Span<byte> pixel = stackalloc byte[4];
            picture.CopyTo(new Rect(x, y, 1, 1), pixel, layout.Stride);
            return pixel[0];
        }
    }
}
