using System.Runtime.InteropServices;
using System.Text;

namespace FbShare.Linux;

/// <summary>What can be done with any dma-buf's descriptor (linux/dma-buf.h).</summary>
public static unsafe class DmaBuf
{
    /// <summary>Bytes of the dma-buf.</summary>
    /// <exception cref="LinuxException">Not a dma-buf.</exception>
    public static long GetSize(FileDescriptor dmaBuf) => LinuxException.Check(LibC.lseek(dmaBuf, 0, LibC.SEEK_END), "lseek(dma-buf)");

    /// <summary>Names it for debugging (/sys/kernel/debug/dma_buf/bufinfo, /proc/PID/fdinfo). A name of more than 31 bytes, or
    /// a kernel without names, leaves it nameless.</summary>
    public static void SetName(FileDescriptor dmaBuf, string name)
    {
        Span<byte> bytes = stackalloc byte[LibC.DMA_BUF_NAME_LEN];
        bytes.Clear();
        Encoding.UTF8.TryGetBytes(name, bytes[..^1], out _);
        fixed (byte* text = bytes)
        {
            _ = LibC.ioctl(dmaBuf, LibC.DMA_BUF_SET_NAME_B, text);
        }
    }

    /// <summary>Begins reading through a mapping: caches are made coherent, pending writes waited for.</summary>
    /// <exception cref="LinuxException">Not a dma-buf, or its exporter failed.</exception>
    public static void BeginRead(FileDescriptor dmaBuf) => Sync(dmaBuf, LibC.DMA_BUF_SYNC_START);

    /// <summary>Ends what <see cref="BeginRead"/> began.</summary>
    /// <inheritdoc cref="BeginRead"/>
    public static void EndRead(FileDescriptor dmaBuf) => Sync(dmaBuf, LibC.DMA_BUF_SYNC_END);

    /// <summary>A sync_file that becomes readable when every write queued on the dma-buf so far is done (Linux 6.0).</summary>
    /// <returns>The owner of its descriptor, to be watched for <see cref="LoopEvents.Readable"/>; null where the kernel has no such thing.</returns>
    public static FileDescriptor? ExportSyncFile(FileDescriptor dmaBuf)
    {
        var request = new LibC.DmaBufExportSyncFile { flags = (uint)LibC.DMA_BUF_SYNC_READ, fd = -1 };
        return LibC.ioctl(dmaBuf, LibC.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &request) == 0 ? new FileDescriptor(request.fd) : null;
    }

    private static void Sync(FileDescriptor dmaBuf, ulong edge)
    {
        ulong flags = LibC.DMA_BUF_SYNC_READ | edge;
        while (LibC.ioctl(dmaBuf, LibC.DMA_BUF_IOCTL_SYNC, &flags) < 0)
        {
            // linux/dma-buf.h: to be restarted when interrupted or when a fence asks for it.
            int errno = Marshal.GetLastPInvokeError();
            if ((Errno)errno is not (Errno.EINTR or Errno.EAGAIN))
            {
                throw new LinuxException("ioctl(DMA_BUF_IOCTL_SYNC)", errno);
            }
        }
    }
}
