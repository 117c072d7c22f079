using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Display;
using FbShare.Pictures;

namespace FbShare.VirtioGpu;

/// <summary>enum virtio_gpu_ctrl_type (virtio 1.3, section 5.7.6.7; linux/virtio_gpu.h).</summary>
internal enum CommandType : uint
{
    GetDisplayInfo = 0x0100,
    ResourceCreate2D,
    ResourceUnref,
    SetScanout,
    ResourceFlush,
    TransferToHost2D,
    ResourceAttachBacking,
    ResourceDetachBacking,
    GetCapsetInfo,
    GetCapset,
    GetEdid,
    ResourceAssignUuid,
    ResourceCreateBlob,
    SetScanoutBlob,

    UpdateCursor = 0x0300,
    MoveCursor,
}

/// <summary>Response types, likewise.</summary>
internal enum ResponseType : uint
{
    OkNoData = 0x1100,
    OkDisplayInfo = 0x1101,
    OkEdid = 0x1104,

    ErrUnspec = 0x1200,
    ErrOutOfMemory,
    ErrInvalidScanoutId,
    ErrInvalidResourceId,
    ErrInvalidContextId,
    ErrInvalidParameter,
}

/// <summary>Device feature bits (section 5.7.3).</summary>
[Flags]
internal enum GpuFeatures : ulong
{
    None = 0,
    Virgl = 1 << 0,
    Edid = 1 << 1,
    ResourceUuid = 1 << 2,
    ResourceBlob = 1 << 3,
    ContextInit = 1 << 4,
}

/// <summary>The structures of the control and cursor queues as they lie in guest memory (little endian).</summary>
internal static class Protocol
{
    public const int MaxScanouts = 16;
    public const int MaxEdid = 1024;
    public const uint FlagFence = 1;
    public const uint EventDisplay = 1;
    public const uint BlobMemGuest = 1;

    /// <summary>virtio_gpu_formats to DRM's names; false for any number but those eight.</summary>
    public static bool TryGetFormat(uint format, out DrmFormat drm)
    {
        drm = format switch
        {
            1 => DrmFormat.AR24,
            2 => DrmFormat.XR24,
            3 => DrmFormat.BA24,
            4 => DrmFormat.BX24,
            67 => DrmFormat.AB24,
            68 => DrmFormat.RX24,
            121 => DrmFormat.RA24,
            134 => DrmFormat.XB24,
            _ => 0,
        };
        return drm != 0;
    }

    /// <summary>struct virtio_gpu_ctrl_hdr, 24 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Header
    {
        public uint Type;
        public uint Flags;
        public ulong FenceId;
        public uint ContextId;
        public uint RingIndexAndPadding;
    }

    /// <summary>struct virtio_gpu_rect, 16 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Rectangle
    {
        public uint X;
        public uint Y;
        public uint Width;
        public uint Height;

        /// <summary>Whether it lies wholly in a picture of the given size; it may be empty.</summary>
        public readonly bool IsWithin(int width, int height) =>
            X <= (uint)width && Width <= (uint)width - X && Y <= (uint)height && Height <= (uint)height - Y;

        /// <summary>The same where it lies wholly in a picture of the given size and is not empty.</summary>
        public readonly bool TryWithin(int width, int height, out Rect rect)
        {
            rect = IsWithin(width, height) ? ClipTo(width, height) : default;
            return !rect.IsEmpty;
        }

        /// <summary>The part of it that lies in a picture of the given size; empty where none does.</summary>
        public readonly Rect ClipTo(int width, int height)
        {
            ulong right = Math.Min((ulong)X + Width, (ulong)width);
            ulong bottom = Math.Min((ulong)Y + Height, (ulong)height);
            return X < right && Y < bottom ? new Rect((int)X, (int)Y, (int)(right - X), (int)(bottom - Y)) : default;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceCreate2D
    {
        public Header Header;
        public uint ResourceId;
        public uint Format;
        public uint Width;
        public uint Height;
    }

    /// <summary>RESOURCE_UNREF and RESOURCE_DETACH_BACKING.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceOnly
    {
        public Header Header;
        public uint ResourceId;
        public uint Padding;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SetScanout
    {
        public Header Header;
        public Rectangle Rectangle;
        public uint ScanoutId;
        public uint ResourceId;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceFlush
    {
        public Header Header;
        public Rectangle Rectangle;
        public uint ResourceId;
        public uint Padding;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TransferToHost2D
    {
        public Header Header;
        public Rectangle Rectangle;
        public ulong Offset;
        public uint ResourceId;
        public uint Padding;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceAttachBacking
    {
        public Header Header;
        public uint ResourceId;
        public uint EntryCount;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct GetEdid
    {
        public Header Header;
        public uint ScanoutId;
        public uint Padding;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceCreateBlob
    {
        public Header Header;
        public uint ResourceId;
        public uint BlobMem;
        public uint BlobFlags;
        public uint EntryCount;
        public ulong BlobId;
        public ulong Size;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SetScanoutBlob
    {
        public Header Header;
        public Rectangle Rectangle;
        public uint ScanoutId;
        public uint ResourceId;
        public uint Width;
        public uint Height;
        public uint Format;
        public uint Padding;
        public Planes Strides;
        public Planes Offsets;
    }

    [InlineArray(4)]
    public struct Planes
    {
        private uint _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct DisplayOne
    {
        public Rectangle Rectangle;
        public uint Enabled;
        public uint Flags;
    }

    [InlineArray(MaxScanouts)]
    public struct Displays
    {
        private DisplayOne _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct DisplayInfoResponse
    {
        public Header Header;
        public Displays Displays;
    }

    [InlineArray(MaxEdid)]
    public struct EdidBytes
    {
        private byte _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct EdidResponse
    {
        public Header Header;
        public uint Size;
        public uint Padding;
        public EdidBytes Edid;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct CursorCommand
    {
        public Header Header;
        public uint ScanoutId;
        public uint X;
        public uint Y;
        public uint Padding;
        public uint ResourceId;
        public uint HotX;
        public uint HotY;
        public uint Padding2;
    }

    /// <summary>struct virtio_gpu_config, 16 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Config
    {
        public uint EventsRead;
        public uint EventsClear;
        public uint ScanoutCount;
        public uint CapsetCount;
    }
}
