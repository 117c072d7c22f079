using System.Buffers;
using System.Runtime.CompilerServices;

namespace FbShare.Linux;

/// <summary>/dev/udmabuf, opened once: makes dma-bufs over ranges of sealed memfds (linux/udmabuf.h).</summary>
/// <remarks>A dma-buf made here keeps its pages pinned for as long as it exists. When the memfd gets other pages later, the dma-buf still
/// has the old ones (<c>PageWatch</c> notices that).</remarks>
public sealed class UdmaBufDevice : IDisposable
{
    /// <summary>Where the kernel has the device.</summary>
    public const string DevicePath = "/dev/udmabuf";

    private readonly FileDescriptor _fd;
    private readonly UdmaBufParameters _parameters;

    private UdmaBufDevice(FileDescriptor fd, UdmaBufParameters parameters)
    {
        _fd = fd;
        _parameters = parameters;
    }

    /// <summary>The kernel's limits at this moment: root may change them at any time.</summary>
    public UdmaBufLimits Limits => _parameters.Read();

    /// <summary>Opens the device.</summary>
    /// <param name="path">The device node.</param>
    /// <param name="parameters">The folder that the limits are read from.</param>
    /// <exception cref="UdmaBufException">There is no such device, or this user may not open it.</exception>
    public static UdmaBufDevice Open(string path = DevicePath, string parameters = UdmaBufLimits.ParametersDirectory)
    {
        try
        {
            return Adopt(FileDescriptor.Open(path, writable: true), parameters);
        }
        catch (LinuxException e)
        {
            throw UdmaBufException.OfOpen(path, e.Errno);
        }
    }

    /// <summary>Takes over the opened device node.</summary>
    internal static UdmaBufDevice Adopt(FileDescriptor fd, string parameters = UdmaBufLimits.ParametersDirectory) => new(fd, new UdmaBufParameters(parameters));

    /// <summary>Makes one dma-buf whose bytes are <paramref name="ranges"/> in order.</summary>
    /// <param name="ranges">Page-aligned; their files stay the caller's.</param>
    /// <returns>The owner of the dma-buf's descriptor (O_CLOEXEC).</returns>
    /// <exception cref="UdmaBufException">The kernel refused.</exception>
    public FileDescriptor Create(ReadOnlySpan<FileRange> ranges)
    {
        int fd = ranges.Length == 1 ? CreateOne(ranges[0]) : CreateList(ranges);
        if (fd < 0)
        {
            var errno = (Errno)System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
            throw UdmaBufException.OfCreate(errno, ranges, Limits);
        }
        return new FileDescriptor(fd);
    }

    /// <summary>Closes the device. Dma-bufs that it made live on.</summary>
    public void Dispose()
    {
        _fd.Dispose();
        _parameters.Dispose();
    }

    private unsafe int CreateOne(FileRange range)
    {
        var request = new LibC.UdmabufCreate
        {
            memfd = (uint)range.File.Number,
            flags = LibC.UDMABUF_FLAGS_CLOEXEC,
            offset = (ulong)range.Offset,
            size = (ulong)range.Length,
        };
        // SAFETY: the kernel reads one udmabuf_create, the local.
        int fd = LibC.ioctl(_fd, LibC.UDMABUF_CREATE, &request);
        GC.KeepAlive(range.File);
        return fd;
    }

    private unsafe int CreateList(ReadOnlySpan<FileRange> ranges)
    {
        int length = sizeof(LibC.UdmabufCreateList) + (ranges.Length * sizeof(LibC.UdmabufCreateItem));
        byte[] request = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            fixed (byte* bytes = request)
            {
                // SAFETY: pinned; the array has room for the header and as many items as are written, which the kernel then reads.
                Unsafe.WriteUnaligned(bytes, new LibC.UdmabufCreateList { flags = LibC.UDMABUF_FLAGS_CLOEXEC, count = (uint)ranges.Length });
                byte* item = bytes + sizeof(LibC.UdmabufCreateList);
                foreach (FileRange range in ranges)
                {
                    Unsafe.WriteUnaligned(item, new LibC.UdmabufCreateItem
                    {
                        memfd = (uint)range.File.Number,
                        offset = (ulong)range.Offset,
                        size = (ulong)range.Length,
                    });
                    item += sizeof(LibC.UdmabufCreateItem);
                }
                return LibC.ioctl(_fd, LibC.UDMABUF_CREATE_LIST, bytes);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(request);
        }
    }
}
