using FbShare.Display;
using FbShare.Pictures;

namespace FbShare.VirtioGpu;

/// <summary>Scanouts: which resource an output shows.</summary>
public sealed partial class VirtioGpuDevice
{
    private ResponseType SetScanout(ReadOnlySpan<byte> command)
    {
        const CommandType name = CommandType.SetScanout;
        if (!TryRead(command, out Protocol.SetScanout request))
        {
            return Refuse(name, ResponseType.ErrUnspec, "too short");
        }
        if (request.ScanoutId >= (uint)_outputs.Length)
        {
            return Refuse(name, ResponseType.ErrInvalidScanoutId, $"scanout {request.ScanoutId} of {_outputs.Length}");
        }
        if (request.ResourceId == 0)
        {
            Show((int)request.ScanoutId, null, null);
            return ResponseType.OkNoData;
        }
        if (!_resources.TryGet(request.ResourceId, out Resource? resource) || resource.Layout2D is not { } layout)
        {
            return Refuse(name, ResponseType.ErrInvalidResourceId, $"{request.ResourceId} is not there or no 2D resource");
        }
        if (!request.Rectangle.TryWithin(layout.Width, layout.Height, out Rect rect))
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, "the rectangle is not inside the resource");
        }
        Show((int)request.ScanoutId, resource, resource.GetScanout(layout.Crop(rect), ReadsBacking(resource), _hub), rect.X, rect.Y);
        return ResponseType.OkNoData;
    }

    private ResponseType SetScanoutBlob(ReadOnlySpan<byte> command)
    {
        const CommandType name = CommandType.SetScanoutBlob;
        if (!TryRead(command, out Protocol.SetScanoutBlob request))
        {
            return Refuse(name, ResponseType.ErrUnspec, "too short");
        }
        if (request.ScanoutId >= (uint)_outputs.Length)
        {
            return Refuse(name, ResponseType.ErrInvalidScanoutId, $"scanout {request.ScanoutId} of {_outputs.Length}");
        }
        if (request.ResourceId == 0)
        {
            Show((int)request.ScanoutId, null, null);
            return ResponseType.OkNoData;
        }
        if (!_resources.TryGet(request.ResourceId, out Resource? resource) || !resource.IsBlob)
        {
            return Refuse(name, ResponseType.ErrInvalidResourceId, $"{request.ResourceId} is not there or no blob");
        }
        if (!Protocol.TryGetFormat(request.Format, out DrmFormat format))
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, $"format {request.Format}");
        }
        if (!FrameLayout.TryCreate(format, request.Width, request.Height, request.Strides[0], request.Offsets[0], resource.BlobLength, out FrameLayout layout, out string? why))
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, why);
        }
        if (!request.Rectangle.TryWithin(layout.Width, layout.Height, out Rect rect))
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, "the rectangle is not inside the framebuffer");
        }
        Show((int)request.ScanoutId, resource, resource.GetScanout(layout.Crop(rect), fromGuest: true, _hub), rect.X, rect.Y);
        return ResponseType.OkNoData;
    }

    private void Show(int output, Resource? resource, Scanout? scanout, int x = 0, int y = 0)
    {
        OutputState state = _outputs[output];
        if (state.Shown is { } before)
        {
            before.ShownOn &= ~(1u << output);
        }
        state.Shown = resource;
        state.Origin = (x, y);
        if (resource is not null)
        {
            resource.ShownOn |= 1u << output;
        }
        SetShown(output, scanout);
    }

    private void HideEverywhere(Resource resource)
    {
        for (int i = 0; resource.ShownOn != 0; i++)
        {
            if ((resource.ShownOn & (1u << i)) != 0)
            {
                Show(i, null, null);
            }
        }
    }
}
