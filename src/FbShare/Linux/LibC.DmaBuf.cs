using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>ioctls of /dev/udmabuf and of dma-bufs (linux/udmabuf.h, linux/dma-buf.h).</summary>
internal static partial class LibC
{
    public const nuint UDMABUF_CREATE = 0x40187542;
    public const nuint UDMABUF_CREATE_LIST = 0x40087543;
    public const uint UDMABUF_FLAGS_CLOEXEC = 1;

    public const nuint DMA_BUF_IOCTL_SYNC = 0x40086200;
    public const nuint DMA_BUF_SET_NAME_B = 0x40086201;
    public const ulong DMA_BUF_SYNC_READ = 1;
    public const ulong DMA_BUF_SYNC_START = 0;
    public const ulong DMA_BUF_SYNC_END = 4;
    public const int DMA_BUF_NAME_LEN = 32;

    /// <summary>struct udmabuf_create, 24 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct UdmabufCreate
    {
        public uint memfd;
        public uint flags;
        public ulong offset;
        public ulong size;
    }

    /// <summary>struct udmabuf_create_item, 24 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct UdmabufCreateItem
    {
        public uint memfd;
        public uint pad;
        public ulong offset;
        public ulong size;
    }

    /// <summary>struct udmabuf_create_list without its items, 8 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct UdmabufCreateList
    {
        public uint flags;
        public uint count;
    }
}
