using System.Runtime.CompilerServices;
using FbShare.Display;
using FbShare.Pictures;

namespace FbShare.VirtioGpu;

/// <content>Scanouts: which resource an output shows.</content>
public sealed partial class VirtioGpuDevice
{
    private ResponseType SetScanout(ReadOnlySpan<byte> command)
    {
        const CommandType name = CommandType.SetScanout;
        if (!TryRead(command, out Protocol.SetScanout request))
        {
            return Refuse(name, ResponseType.ErrUnspec, "the request is too short");
        }
        if (request.ScanoutId >= (uint)_outputs.Length)
        {
            return Refuse(name, ResponseType.ErrInvalidScanoutId, $"there is no scanout {request.ScanoutId}: there are {_outputs.Length}");
        }
        if (request.ResourceId == 0)
        {
            SetShown((int)request.ScanoutId, null);
            KeepScanout((int)request.ScanoutId, default);
            return ResponseType.OkNoData;
        }
        if (!_resources.TryGet(request.ResourceId, out Resource? resource) || resource.Layout2D is not { } layout)
        {
            return Refuse(name, ResponseType.ErrInvalidResourceId, $"resource {request.ResourceId} does not exist or is not a 2D resource");
        }
        if (!request.Rectangle.TryWithin(layout.Width, layout.Height, out Rect rect))
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, "the rectangle is not inside the resource");
        }
        SetShown((int)request.ScanoutId, resource.GetScanout(layout.Crop(rect), (rect.X, rect.Y), ReadsBacking(resource), _hub));
        KeepScanout((int)request.ScanoutId, command[..Unsafe.SizeOf<Protocol.SetScanout>()]);
        return ResponseType.OkNoData;
    }

    private ResponseType SetScanoutBlob(ReadOnlySpan<byte> command)
    {
        const CommandType name = CommandType.SetScanoutBlob;
        if (!TryRead(command, out Protocol.SetScanoutBlob request))
        {
            return Refuse(name, ResponseType.ErrUnspec, "the request is too short");
        }
        if (request.ScanoutId >= (uint)_outputs.Length)
        {
            return Refuse(name, ResponseType.ErrInvalidScanoutId, $"there is no scanout {request.ScanoutId}: there are {_outputs.Length}");
        }
        if (request.ResourceId == 0)
        {
            SetShown((int)request.ScanoutId, null);
            KeepScanout((int)request.ScanoutId, default);
            return ResponseType.OkNoData;
        }
        if (!_resources.TryGet(request.ResourceId, out Resource? resource) || !resource.IsBlob)
        {
            return Refuse(name, ResponseType.ErrInvalidResourceId, $"resource {request.ResourceId} does not exist or is not a blob");
        }
        if (!Protocol.TryGetFormat(request.Format, out DrmFormat format))
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, $"pixel format {request.Format} is not supported");
        }
        if (!FrameLayout.TryCreate(format, request.Width, request.Height, request.Strides[0], request.Offsets[0], resource.BlobLength, out FrameLayout layout, out string? why))
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, why);
        }
        if (!request.Rectangle.TryWithin(layout.Width, layout.Height, out Rect rect))
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, "the rectangle is not inside the framebuffer");
        }
        SetShown((int)request.ScanoutId, resource.GetScanout(layout.Crop(rect), (rect.X, rect.Y), fromGuest: true, _hub));
        KeepScanout((int)request.ScanoutId, command[..Unsafe.SizeOf<Protocol.SetScanoutBlob>()]);
        return ResponseType.OkNoData;
    }

    private bool Shows(int output, Resource resource) => _hub.GetScanout(output)?.ResourceId == resource.Id;

    private void HideEverywhere(Resource resource)
    {
        for (int i = 0; i < _outputs.Length; i++)
        {
            if (Shows(i, resource))
            {
                SetShown(i, null);
                KeepScanout(i, default);
            }
        }
    }
}
