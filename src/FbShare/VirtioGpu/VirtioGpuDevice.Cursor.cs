using FbShare.Pictures;
using FbShare.Virtio;

namespace FbShare.VirtioGpu;

/// <content>The cursor queue: a pointer of 64x64 pixels per output.</content>
public sealed partial class VirtioGpuDevice
{
    private const int CursorSize = 64;

    private void HandleCursor(Virtqueue queue, DescriptorChain chain)
    {
        Span<byte> buffer = stackalloc byte[System.Runtime.CompilerServices.Unsafe.SizeOf<Protocol.CursorCommand>()];
        ReadOnlySpan<byte> command = buffer[..chain.Read(0, buffer)];
        ResponseType response = TryRead(command, out Protocol.CursorCommand request)
            ? Cursor(request)
            : Refuse(CommandType.UpdateCursor, ResponseType.ErrUnspec, "the request is too short");
        // Linux gives no room for a response here; a driver that does give room is answered.
        Reply(queue, chain, request.Header, response);
    }

    private ResponseType Cursor(in Protocol.CursorCommand request)
    {
        var type = (CommandType)request.Header.Type;
        if (type is not (CommandType.UpdateCursor or CommandType.MoveCursor))
        {
            return Refuse(type, ResponseType.ErrUnspec, "not a cursor command");
        }
        if (request.ScanoutId >= (uint)_outputs.Length)
        {
            return Refuse(type, ResponseType.ErrInvalidScanoutId, $"there is no scanout {request.ScanoutId}: there are {_outputs.Length}");
        }
        int output = (int)request.ScanoutId;
        if (type == CommandType.UpdateCursor)
        {
            CursorImage? image = null;
            if (request.ResourceId != 0)
            {
                if (!_resources.TryGet(request.ResourceId, out Resource? resource))
                {
                    return Refuse(type, ResponseType.ErrInvalidResourceId, $"there is no resource {request.ResourceId}");
                }
                if (!TryReadCursor(resource, (int)Math.Min(request.HotX, CursorSize - 1), (int)Math.Min(request.HotY, CursorSize - 1), out image))
                {
                    return Refuse(type, ResponseType.ErrInvalidParameter, $"resource {request.ResourceId} is not a picture of {CursorSize}x{CursorSize}");
                }
            }
            _hub.DefineCursor(output, image);
            KeepCursor(output, image);
        }
        // The coordinates are signed in practice: a pointer may hang over the left or the top edge.
        bool visible = type == CommandType.UpdateCursor ? request.ResourceId != 0 : _hub.GetCursor(output) is not null;
        var position = new CursorPosition((int)request.X, (int)request.Y, visible);
        _hub.MoveCursor(output, position);
        KeepCursorPosition(output, position);
        return ResponseType.OkNoData;
    }

    private bool TryReadCursor(Resource resource, int hotX, int hotY, out CursorImage? image)
    {
        const int length = CursorSize * CursorSize * DrmFormats.BytesPerPixel;
        image = null;
        var pixels = new byte[length];
        if (resource.IsBlob)
        {
            if (resource.BlobLength < length)
            {
                return false;
            }
            resource.Backing!.CopyTo(0, pixels);
        }
        else
        {
            FrameLayout layout = resource.Layout2D!.Value;
            if (layout.Width != CursorSize || layout.Height != CursorSize)
            {
                return false;
            }
            if (ReadsBacking(resource))
            {
                resource.Backing!.CopyTo(0, pixels);
            }
            else
            {
                resource.Host!.Slice(0, length).CopyTo(pixels);
            }
            ToAr24(pixels, layout.Format);
        }
        image = new CursorImage(CursorSize, CursorSize, hotX, hotY, pixels);
        return true;
    }

    /// <summary>Orders the bytes as AR24 has them. The unused byte of a pointer is its alpha: Linux makes 2D pointers in a format without alpha.</summary>
    private static void ToAr24(Span<byte> pixels, DrmFormat format)
    {
        if (format is DrmFormat.AR24 or DrmFormat.XR24)
        {
            return;
        }
        (int red, int green, int blue, int alpha) = format.ByteOrder();
        for (int i = 0; i < pixels.Length; i += DrmFormats.BytesPerPixel)
        {
            Span<byte> pixel = pixels.Slice(i, DrmFormats.BytesPerPixel);
            (pixel[0], pixel[1], pixel[2], pixel[3]) = (pixel[blue], pixel[green], pixel[red], pixel[alpha]);
        }
    }
}
