namespace FbShare.Rig.Driver;

/// <summary>virtio-gpu requests as bytes, written from the specification's tables (virtio 1.3, section 5.7.6), sharing no code
/// with the device.</summary>
internal static class Commands
{
    public const uint Ok = 0x1100, OkDisplayInfo = 0x1101, OkEdid = 0x1104;
    public const uint Unspec = 0x1200, OutOfMemory = 0x1201, InvalidScanout = 0x1202, InvalidResource = 0x1203, InvalidParameter = 0x1205;

    /// <summary>VIRTIO_GPU_FLAG_FENCE.</summary>
    private const uint FlagFence = 1;

    /// <summary>VIRTIO_GPU_BLOB_MEM_GUEST.</summary>
    private const uint BlobMemGuest = 1;

    /// <summary>VIRTIO_GPU_BLOB_FLAG_USE_SHAREABLE, as Linux sets it.</summary>
    private const uint BlobFlagUseShareable = 2;

    public static byte[] GetDisplayInfo() => Bytes(ControlType.GetDisplayInfo, 0);

    public static byte[] GetEdid(uint scanout) => Bytes(ControlType.GetEdid, 0, scanout, 0u);

    public static byte[] Create2D(uint id, uint format, uint width, uint height) => Bytes(ControlType.ResourceCreate2D, 0, id, format, width, height);

    public static byte[] Unref(uint id) => Bytes(ControlType.ResourceUnref, 0, id, 0u);

    public static byte[] SetScanout(uint scanout, uint id, uint x, uint y, uint width, uint height) => Bytes(ControlType.SetScanout, 0, x, y, width, height, scanout, id);

    public static byte[] Flush(uint id, uint x, uint y, uint width, uint height, ulong fence = 0) => Bytes(ControlType.ResourceFlush, fence, x, y, width, height, id, 0u);

    public static byte[] Transfer(uint id, uint x, uint y, uint width, uint height, ulong offset) => Bytes(ControlType.TransferToHost2D, 0, x, y, width, height, offset, id, 0u);

    public static byte[] Attach(uint id, params (ulong Address, uint Length)[] entries) => [.. Bytes(ControlType.ResourceAttachBacking, 0, id, (uint)entries.Length), .. Entries(entries)];

    public static byte[] Detach(uint id) => Bytes(ControlType.ResourceDetachBacking, 0, id, 0u);

    public static byte[] CreateBlob(uint id, ulong size, params (ulong Address, uint Length)[] entries) =>
        [.. Bytes(ControlType.ResourceCreateBlob, 0, id, BlobMemGuest, BlobFlagUseShareable, (uint)entries.Length, 0UL, size), .. Entries(entries)];

    public static byte[] SetScanoutBlob(
        uint scanout, uint id, uint format, uint width, uint height, uint stride, uint offset = 0, (uint X, uint Y, uint Width, uint Height)? part = null)
    {
        (uint x, uint y, uint w, uint h) = part ?? (0, 0, width, height);
        return Bytes(ControlType.SetScanoutBlob, 0, x, y, w, h, scanout, id, width, height, format, 0u, stride, 0u, 0u, 0u, offset, 0u, 0u, 0u);
    }

    public static byte[] UpdateCursor(uint scanout, int x, int y, uint id, uint hotX, uint hotY) => Bytes(ControlType.UpdateCursor, 0, scanout, x, y, 0u, id, hotX, hotY, 0u);

    public static byte[] MoveCursor(uint scanout, int x, int y) => Bytes(ControlType.MoveCursor, 0, scanout, x, y, 0u, 0u, 0u, 0u, 0u);

    /// <summary>A header (type, flags, fence, context, ring) and 32 or 64-bit fields.</summary>
    public static byte[] Bytes(uint type, ulong fence, params object[] fields)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(type);
        writer.Write(fence == 0 ? 0u : FlagFence);
        writer.Write(fence);
        writer.Write(0u);
        writer.Write(0u);
        foreach (object field in fields)
        {
            switch (field)
            {
                case uint number: writer.Write(number); break;
                case int number: writer.Write(number); break;
                case ulong number: writer.Write(number); break;
                default: throw new ArgumentException($"{field.GetType()} is not a type that a field can have");
            }
        }
        return stream.ToArray();
    }

    public static uint TypeOf(byte[] response) => BitConverter.ToUInt32(response);

    private static byte[] Entries((ulong Address, uint Length)[] entries)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        foreach ((ulong address, uint length) in entries)
        {
            writer.Write(address);
            writer.Write(length);
            writer.Write(0u);
        }
        return stream.ToArray();
    }
}
