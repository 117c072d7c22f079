using System.Runtime.InteropServices;
using System.Text;

namespace FbShare.Linux;

/// <summary>What can be done with any dma-buf's descriptor (linux/dma-buf.h).</summary>
public static class DmaBuf
{
    /// <summary>The dma-buf's size in bytes.</summary>
    /// <exception cref="LinuxException">Not a dma-buf.</exception>
    public static long GetSize(FileDescriptor dmaBuf) => LinuxException.Check(LibC.lseek(dmaBuf, 0, LibC.SEEK_END), "lseek(dma-buf)");

    /// <summary>Names it for debugging (/sys/kernel/debug/dma_buf/bufinfo, /proc/PID/fdinfo). A name of more than 31 bytes, or
    /// a kernel that knows no names, leaves it without one.</summary>
    public static unsafe void SetName(FileDescriptor dmaBuf, string name)
    {
        Span<byte> bytes = stackalloc byte[LibC.DMA_BUF_NAME_LEN];
        bytes.Clear();
        Encoding.UTF8.TryGetBytes(name, bytes[..^1], out _);
        fixed (byte* text = bytes)
        {
            // SAFETY: a string that ends in zero, pinned during the call.
            _ = LibC.ioctl(dmaBuf, LibC.DMA_BUF_SET_NAME_B, text);
        }
    }

    /// <summary>Starts reading through a mapping: makes the caches coherent and waits for pending writes.</summary>
    /// <exception cref="LinuxException">Not a dma-buf, or its exporter failed.</exception>
    public static void BeginRead(FileDescriptor dmaBuf) => Sync(dmaBuf, LibC.DMA_BUF_SYNC_START);

    /// <summary>Ends what <see cref="BeginRead"/> started.</summary>
    /// <inheritdoc cref="BeginRead"/>
    public static void EndRead(FileDescriptor dmaBuf) => Sync(dmaBuf, LibC.DMA_BUF_SYNC_END);

    private static unsafe void Sync(FileDescriptor dmaBuf, ulong edge)
    {
        ulong flags = LibC.DMA_BUF_SYNC_READ | edge;
        // SAFETY: the kernel reads struct dma_buf_sync, which is this one number.
        while (LibC.ioctl(dmaBuf, LibC.DMA_BUF_IOCTL_SYNC, &flags) < 0)
        {
            // linux/dma-buf.h: to be called again after EINTR and EAGAIN.
            int errno = Marshal.GetLastPInvokeError();
            if ((Errno)errno is not (Errno.EINTR or Errno.EAGAIN))
            {
                throw new LinuxException("ioctl(DMA_BUF_IOCTL_SYNC)", errno);
            }
        }
    }
}
