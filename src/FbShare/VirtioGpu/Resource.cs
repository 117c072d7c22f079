using System.Diagnostics.CodeAnalysis;
using FbShare.Display;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.VirtioGpu;

/// <summary>A virtio-gpu resource: a 2D one with its picture in host memory, or a guest blob.</summary>
/// <remarks>Owns its backing, its host memory and the scanouts made of it.</remarks>
internal sealed class Resource : IDisposable
{
    /// <summary>More than there are outputs, so that one of them is always free to go.</summary>
    private const int MaxScanouts = 2 * Protocol.MaxScanouts;

    private readonly List<Scanout> _scanouts = [];

    private Resource(uint id) => Id = id;

    public uint Id { get; }

    /// <summary>The picture of a 2D resource in <see cref="Host"/>; null for a blob, whose layout comes with the scanout.</summary>
    public FrameLayout? Layout2D { get; private init; }

    /// <summary>Host memory of a 2D resource; null for a blob.</summary>
    public FrameBuffer? Host { get; private init; }

    /// <summary>A blob's size in bytes as the guest gave it; 0 for a 2D resource.</summary>
    public ulong BlobSize { get; private init; }

    public bool IsBlob => Host is null;

    /// <summary>The guest's pages; null while none are attached.</summary>
    public Backing? Backing { get; private set; }

    /// <summary>Bytes of this process that the resource takes.</summary>
    public long HostBytes => (Host?.Length ?? 0) + (Backing?.HostBytes ?? 0);

    /// <summary>Bytes of a blob that can be shown: no more than the guest gave pages for.</summary>
    public long BlobLength => (long)Math.Min(BlobSize, (ulong)(Backing?.Length ?? 0));

    /// <param name="host">Room for its picture; owned from here on.</param>
    public static Resource Create2D(uint id, FrameLayout layout, FrameBuffer host) => new(id) { Layout2D = layout, Host = host };

    public static Resource CreateBlob(uint id, ulong size) => new(id) { BlobSize = size };

    /// <summary>Takes over the guest's pages.</summary>
    public void Attach(Backing backing) => Backing = backing;

    /// <summary>Lets go of the guest's pages and of every scanout that reads them.</summary>
    public void Detach()
    {
        for (int i = _scanouts.Count - 1; i >= 0; i--)
        {
            if (_scanouts[i].Guest is not null)
            {
                _scanouts[i].Dispose();
                _scanouts.RemoveAt(i);
            }
        }
        Backing?.Dispose();
        Backing = null;
    }

    /// <summary>The scanout of this resource with the given layout: the same object for the same geometry.</summary>
    /// <param name="origin">Where in the resource's picture it begins.</param>
    /// <param name="fromGuest">Read the guest's pages, not <see cref="Host"/>.</param>
    /// <param name="hub">Tells which scanouts are shown and must stay.</param>
    public Scanout GetScanout(FrameLayout layout, (int X, int Y) origin, bool fromGuest, DisplayHub hub)
    {
        foreach (Scanout known in _scanouts)
        {
            if (known.Layout == layout && known.Origin == origin && known.Guest is not null == fromGuest)
            {
                return known;
            }
        }
        if (_scanouts.Count == MaxScanouts)
        {
            DropUnused(hub);
        }
        Scanout made = fromGuest
            ? Scanout.OfGuest(layout, Backing!, Id, IsBlob ? ScanoutKind.Blob : ScanoutKind.TwoD, origin)
            : Scanout.OfHost(layout, Host!, Id, origin);
        _scanouts.Add(made);
        return made;
    }

    public void Dispose()
    {
        Detach();
        foreach (Scanout scanout in _scanouts)
        {
            scanout.Dispose();
        }
        _scanouts.Clear();
        Host?.Dispose();
    }

    private void DropUnused(DisplayHub hub)
    {
        int unused = _scanouts.FindIndex(s => !hub.Shows(s));
        _scanouts[unused].Dispose();
        _scanouts.RemoveAt(unused);
    }
}

/// <summary>The resources by their numbers, within limits.</summary>
internal sealed class ResourceTable(int maxCount, HostBudget budget)
{
    private readonly Dictionary<uint, Resource> _resources = [];

    public int Count => _resources.Count;

    public bool TryGet(uint id, [NotNullWhen(true)] out Resource? resource) => _resources.TryGetValue(id, out resource);

    /// <summary>Whether one more resource that takes this much host memory is within the limits.</summary>
    public bool HasRoom(long hostBytes) => _resources.Count < maxCount && budget.HasRoomFor(hostBytes);

    /// <summary>Whether the resources may take this much more.</summary>
    public bool HasRoomFor(long hostBytes) => budget.HasRoomFor(hostBytes);

    public void Add(Resource resource)
    {
        _resources.Add(resource.Id, resource);
        budget.Take(resource.HostBytes);
    }

    /// <summary>Gives a resource of this table its guest pages.</summary>
    public void Attach(Resource resource, Backing backing)
    {
        resource.Attach(backing);
        budget.Take(backing.HostBytes);
    }

    /// <summary>Takes them away.</summary>
    public void Detach(Resource resource)
    {
        budget.Return(resource.Backing?.HostBytes ?? 0);
        resource.Detach();
    }

    public void Remove(Resource resource)
    {
        _resources.Remove(resource.Id);
        budget.Return(resource.HostBytes);
        resource.Dispose();
    }

    public void Clear()
    {
        foreach (Resource resource in _resources.Values)
        {
            budget.Return(resource.HostBytes);
            resource.Dispose();
        }
        _resources.Clear();
    }
}
