using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using FbShare.Virtio;

namespace FbShare.VirtioGpu;

/// <content>Resources: creation, backing, transfer.</content>
public sealed partial class VirtioGpuDevice
{
    /// <summary>Where a guest's entries are copied to before they are checked; made when first needed, then kept.</summary>
    private MemoryEntry[]? _entries;

    private ResponseType Create2D(ReadOnlySpan<byte> command)
    {
        const CommandType name = CommandType.ResourceCreate2D;
        if (!TryRead(command, out Protocol.ResourceCreate2D request))
        {
            return Refuse(name, ResponseType.ErrUnspec, "the request is too short");
        }
        if (WasDone(_resources.TryGet(request.ResourceId, out _)))
        {
            return ResponseType.OkNoData;
        }
        if (!IsFree(request.ResourceId))
        {
            return Refuse(name, ResponseType.ErrInvalidResourceId, $"resource number {request.ResourceId} is 0 or in use already");
        }
        if (!Protocol.TryGetFormat(request.Format, out DrmFormat format))
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, $"pixel format {request.Format} is not supported");
        }
        if (!FrameLayout.TryCreate(format, request.Width, request.Height, request.Width * DrmFormats.BytesPerPixel, 0, long.MaxValue, out FrameLayout layout, out string? why))
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, why);
        }
        if (!_resources.HasRoom(layout.End))
        {
            return Refuse(name, ResponseType.ErrOutOfMemory, $"{layout.End} bytes for {layout.Width}x{layout.Height} are over the limit of {_options.MaxHostBytes} bytes or {_options.MaxResources} resources");
        }
        try
        {
            _resources.Add(Resource.Create2D(request.ResourceId, layout, HostMemoryFor(request.ResourceId, layout.End)));
            KeepResource(request.ResourceId, command);
        }
        catch (LinuxException e)
        {
            return Refuse(name, ResponseType.ErrOutOfMemory, e.Message);
        }
        return ResponseType.OkNoData;
    }

    private ResponseType CreateBlob(Entries entries, ReadOnlySpan<byte> command)
    {
        const CommandType name = CommandType.ResourceCreateBlob;
        if (!_options.Blob)
        {
            return Refuse(name, ResponseType.ErrUnspec, "blobs are not offered");
        }
        if (!TryRead(command, out Protocol.ResourceCreateBlob request))
        {
            return Refuse(name, ResponseType.ErrUnspec, "the request is too short");
        }
        if (WasDone(_resources.TryGet(request.ResourceId, out _)))
        {
            return ResponseType.OkNoData;
        }
        if (!IsFree(request.ResourceId))
        {
            return Refuse(name, ResponseType.ErrInvalidResourceId, $"resource number {request.ResourceId} is 0 or in use already");
        }
        if (request.BlobMem != Protocol.BlobMemGuest || request.Size == 0)
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, $"blob_mem {request.BlobMem} of {request.Size} bytes is not supported: only blobs in guest memory that are not empty are");
        }
        if (!_resources.HasRoom(Backing.HostBytesFor(request.EntryCount)))
        {
            return Refuse(name, ResponseType.ErrOutOfMemory, $"{request.EntryCount} entries are over the limit of {_options.MaxHostBytes} bytes or {_options.MaxResources} resources");
        }
        Backing? backing = null;
        if (request.EntryCount > 0 && !TryReadBacking(entries, Unsafe.SizeOf<Protocol.ResourceCreateBlob>(), request.EntryCount, out backing, out string why))
        {
            return Refuse(name, ResponseType.ErrUnspec, why);
        }
        Resource resource = Resource.CreateBlob(request.ResourceId, request.Size);
        if (backing is not null)
        {
            resource.Attach(backing);
        }
        _resources.Add(resource);
        KeepResource(request.ResourceId, command[..Unsafe.SizeOf<Protocol.ResourceCreateBlob>()], BytesOfEntries(request.EntryCount));
        return ResponseType.OkNoData;
    }

    private ResponseType Unref(ReadOnlySpan<byte> command)
    {
        const CommandType name = CommandType.ResourceUnref;
        if (!TryRead(command, out Protocol.ResourceOnly request))
        {
            return Refuse(name, ResponseType.ErrUnspec, "the request is too short");
        }
        if (!_resources.TryGet(request.ResourceId, out Resource? resource))
        {
            return WasDone(true) ? ResponseType.OkNoData : Refuse(name, ResponseType.ErrInvalidResourceId, $"there is no resource {request.ResourceId}");
        }
        HideEverywhere(resource);
        KeepResourceNoLonger(resource.Id);
        _resources.Remove(resource);
        return ResponseType.OkNoData;
    }

    private ResponseType AttachBacking(Entries entries, ReadOnlySpan<byte> command)
    {
        const CommandType name = CommandType.ResourceAttachBacking;
        if (!TryRead(command, out Protocol.ResourceAttachBacking request))
        {
            return Refuse(name, ResponseType.ErrUnspec, "the request is too short");
        }
        if (!_resources.TryGet(request.ResourceId, out Resource? resource))
        {
            return Refuse(name, ResponseType.ErrInvalidResourceId, $"there is no resource {request.ResourceId}");
        }
        if (WasDone(resource.Backing is not null))
        {
            return ResponseType.OkNoData;
        }
        if (resource.Backing is not null)
        {
            return Refuse(name, ResponseType.ErrUnspec, $"resource {request.ResourceId} has a backing already");
        }
        if (!_resources.HasRoomFor(Backing.HostBytesFor(request.EntryCount)))
        {
            return Refuse(name, ResponseType.ErrOutOfMemory, $"{request.EntryCount} entries are over the limit of {_options.MaxHostBytes} bytes");
        }
        if (!TryReadBacking(entries, Unsafe.SizeOf<Protocol.ResourceAttachBacking>(), request.EntryCount, out Backing? backing, out string why))
        {
            return Refuse(name, ResponseType.ErrUnspec, why);
        }
        _resources.Attach(resource, backing!);
        KeepBacking(resource.Id, command[..Unsafe.SizeOf<Protocol.ResourceAttachBacking>()], BytesOfEntries(request.EntryCount));
        return ResponseType.OkNoData;
    }

    private ResponseType DetachBacking(ReadOnlySpan<byte> command)
    {
        const CommandType name = CommandType.ResourceDetachBacking;
        if (!TryRead(command, out Protocol.ResourceOnly request))
        {
            return Refuse(name, ResponseType.ErrUnspec, "the request is too short");
        }
        if (!_resources.TryGet(request.ResourceId, out Resource? resource))
        {
            return Refuse(name, ResponseType.ErrInvalidResourceId, $"there is no resource {request.ResourceId}");
        }
        if (resource.Backing is null)
        {
            return WasDone(true) ? ResponseType.OkNoData : Refuse(name, ResponseType.ErrUnspec, $"resource {request.ResourceId} has no backing");
        }
        if (resource.IsBlob)
        {
            // A blob without pages has no picture.
            HideEverywhere(resource);
        }
        else if (ReadsBacking(resource))
        {
            KeepPicture(resource);
        }
        KeepBackingNoLonger(resource.Id, resource.IsBlob);
        _resources.Detach(resource);
        return ResponseType.OkNoData;
    }

    private ResponseType Transfer(ReadOnlySpan<byte> command)
    {
        const CommandType name = CommandType.TransferToHost2D;
        if (!TryRead(command, out Protocol.TransferToHost2D request))
        {
            return Refuse(name, ResponseType.ErrUnspec, "the request is too short");
        }
        if (!_resources.TryGet(request.ResourceId, out Resource? resource))
        {
            return Refuse(name, ResponseType.ErrInvalidResourceId, $"there is no resource {request.ResourceId}");
        }
        if (resource.IsBlob)
        {
            // The guest's pages are the picture: nothing to move. Linux sends this for blobs too.
            return ResponseType.OkNoData;
        }
        if (resource.Backing is not { } backing)
        {
            return Refuse(name, ResponseType.ErrUnspec, $"resource {request.ResourceId} has no backing");
        }
        FrameLayout layout = resource.Layout2D!.Value;
        if (!request.Rectangle.IsWithin(layout.Width, layout.Height))
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, "the rectangle is not inside the resource");
        }
        Rect rect = request.Rectangle.ClipTo(layout.Width, layout.Height);
        if (rect.IsEmpty)
        {
            // Firmware drivers send empty rectangles; that is not an error.
            return ResponseType.OkNoData;
        }
        int rowBytes = rect.Width * DrmFormats.BytesPerPixel;
        UInt128 end = (UInt128)request.Offset + ((UInt128)(uint)(rect.Height - 1) * (uint)layout.Stride) + (uint)rowBytes;
        if (end > (UInt128)(ulong)backing.Length)
        {
            return Refuse(name, ResponseType.ErrInvalidParameter, $"the rectangle ends at byte {end} of a backing of {backing.Length}");
        }
        if (!ReadsBacking(resource))
        {
            backing.CopyRows((long)request.Offset, layout.Stride, rowBytes, rect.Height, resource.Host!.From(layout.OffsetOf(rect.X, rect.Y)), layout.Stride);
            BytesTransferred += (long)rowBytes * rect.Height;
        }
        return ResponseType.OkNoData;
    }

    /// <summary>Bytes copied by TRANSFER_TO_HOST_2D so far.</summary>
    public long BytesTransferred { get; private set; }

    /// <summary>Whether a repeated request has found that it was done before.</summary>
    private bool WasDone(bool seems) => _repeated && seems;

    private bool IsFree(uint id) => id != 0 && !_resources.TryGet(id, out _);

    /// <summary>Whether this 2D resource is shown straight from the guest's pages (the user chose that).</summary>
    private bool ReadsBacking(Resource resource) =>
        _options.ZeroCopy2D && !resource.IsBlob && resource.Backing is { } backing && resource.Layout2D!.Value.End <= backing.Length;

    /// <summary>Before a 2D resource loses the pages it is shown from, its picture moves to host memory.</summary>
    private void KeepPicture(Resource resource)
    {
        FrameLayout layout = resource.Layout2D!.Value;
        resource.Backing!.CopyRows(0, layout.Stride, layout.RowBytes, layout.Height, resource.Host!.From(0), layout.Stride);
        for (int i = 0; i < _outputs.Length; i++)
        {
            if (Shows(i, resource) && _hub.GetScanout(i) is { } shown)
            {
                _hub.SetScanout(i, resource.GetScanout(shown.Layout, shown.Origin, fromGuest: false, _hub));
            }
        }
        _hub.Commit();
    }

    private bool TryReadBacking(Entries source, int offset, uint count, out Backing? backing, out string why)
    {
        backing = null;
        if (count is 0 or > Backing.MaxEntries)
        {
            why = $"{count} entries: there must be 1 to {Backing.MaxEntries}";
            return false;
        }
        _entries ??= new MemoryEntry[Backing.MaxEntries];
        Span<MemoryEntry> entries = _entries.AsSpan(0, (int)count);
        Span<byte> bytes = MemoryMarshal.AsBytes(entries);
        int read = source.Read(offset, bytes);
        if (read < bytes.Length)
        {
            why = $"{count} entries announced, {read / Unsafe.SizeOf<MemoryEntry>()} sent";
            return false;
        }
        bool good = Backing.TryCreate(_memory, entries, out backing, out string? fault);
        why = fault ?? "";
        return good;
    }

    /// <summary>The list of pages that was read last, as the guest gave it.</summary>
    private ReadOnlySpan<byte> BytesOfEntries(uint count) => count == 0 ? default : MemoryMarshal.AsBytes(_entries.AsSpan(0, (int)count));
}
