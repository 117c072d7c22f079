using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Display;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.VirtioGpu;

/// <content>What the next device needs to go on if this one dies. It is kept as the guest's own requests, so that the next device checks them as it
/// checks a guest's.</content>
public sealed partial class VirtioGpuDevice
{
    /// <summary>A record's number says which resource it is of, and which of its two it is: how it was made, or its backing.</summary>
    private const ulong BackingRecord = 1UL << 32;

    /// <summary>Whether the request being handled may have been done before, by a device that died.</summary>
    private bool _repeated;

    private bool _resuming;

    /// <summary>Keeps what the guest has made for the device that goes on if this one dies; null for none.</summary>
    public Keeper? Keeper { get; init; }

    /// <summary>Where changes are written down. While what was kept is read, nothing is.</summary>
    private Keeper? Kept => _resuming ? null : Keeper;

    /// <summary>Goes on with what a device that died has left. The guest's memory must be there already.</summary>
    /// <remarks>A resource whose pages are no longer guest memory, or that was not kept for want of room, is missing afterwards.</remarks>
    internal void Resume()
    {
        KeptState state = Keeper!.State;
        _resuming = true;
        ResumeConfig(state.At(KeptState.Cell.Gpu).Bytes);
        ulong[] keys = state.Records.Keys(DescriptorKind.Resource);
        foreach (bool backings in (ReadOnlySpan<bool>)[false, true])
        {
            foreach (ulong key in keys)
            {
                if ((KeptKey.NumberOf(key) & BackingRecord) != 0 == backings && state.Records.TryGet(key, out ReadOnlySpan<byte> record))
                {
                    ResumeResource(record);
                }
            }
        }
        bool hasShown = _driverHasShown;
        for (int i = 0; i < _outputs.Length; i++)
        {
            ResumeScanout(i, state.Scanout(i).Bytes);
            ResumeCursor(i, state.Cursor(i).Bytes, state.CursorPosition(i).Bytes);
        }
        _driverHasShown = hasShown;
        _resuming = false;
        _hub.Commit();
    }

    /// <summary>A record is a request, followed by its entries.</summary>
    private void ResumeResource(ReadOnlySpan<byte> record)
    {
        if (!TryRead(record, out Protocol.Header header))
        {
            return;
        }
        switch ((CommandType)header.Type)
        {
            case CommandType.ResourceCreate2D:
                Create2D(record);
                break;
            case CommandType.ResourceCreateBlob when record.Length >= Unsafe.SizeOf<Protocol.ResourceCreateBlob>():
                CreateBlob(Entries.Kept(record[Unsafe.SizeOf<Protocol.ResourceCreateBlob>()..]), record);
                break;
            case CommandType.ResourceAttachBacking when record.Length >= Unsafe.SizeOf<Protocol.ResourceAttachBacking>():
                AttachBacking(Entries.Kept(record[Unsafe.SizeOf<Protocol.ResourceAttachBacking>()..]), record);
                break;
        }
    }

    private void ResumeScanout(int output, ReadOnlySpan<byte> request)
    {
        if (!TryRead(request, out Protocol.Header header))
        {
            return;
        }
        Span<byte> copy = stackalloc byte[request.Length];
        request.CopyTo(copy);
        if ((CommandType)header.Type == CommandType.SetScanoutBlob)
        {
            SetScanoutBlob(copy);
        }
        else
        {
            SetScanout(copy);
        }
    }

    private void ResumeCursor(int output, ReadOnlySpan<byte> image, ReadOnlySpan<byte> position)
    {
        const int pixels = CursorSize * CursorSize * DrmFormats.BytesPerPixel;
        var reader = new StateReader(image);
        int hotX = reader.Read<byte>(), hotY = reader.Read<byte>();
        var bytes = new byte[pixels];
        reader.Read(bytes);
        if (!reader.Failed)
        {
            _hub.DefineCursor(output, new CursorImage(CursorSize, CursorSize, Math.Min(hotX, CursorSize - 1), Math.Min(hotY, CursorSize - 1), bytes));
        }
        reader = new StateReader(position);
        var place = new CursorPosition(reader.Read<int>(), reader.Read<int>(), reader.Read<byte>() != 0);
        if (!reader.Failed)
        {
            _hub.MoveCursor(output, place);
        }
    }

    private void ResumeConfig(ReadOnlySpan<byte> bytes)
    {
        var reader = new StateReader(bytes);
        bool hasShown = reader.Read<byte>() != 0;
        uint events = reader.Read<uint>();
        foreach (OutputState output in _outputs)
        {
            bool connected = reader.Read<byte>() != 0;
            int width = reader.Read<int>(), height = reader.Read<int>();
            if (!reader.Failed)
            {
                SetDisplay(output.Index, connected, width, height);
            }
        }
        if (!reader.Failed)
        {
            _driverHasShown = hasShown;
            _config.EventsRead = events & Protocol.EventDisplay;
        }
    }

    private void KeepConfig()
    {
        if (Kept is null)
        {
            return;
        }
        var writer = new StateWriter(stackalloc byte[256]);
        writer.Write((byte)(_driverHasShown ? 1 : 0));
        writer.Write(_config.EventsRead);
        foreach (OutputState output in _outputs)
        {
            writer.Write((byte)(output.Connected ? 1 : 0));
            writer.Write(output.Width);
            writer.Write(output.Height);
        }
        Kept.State.At(KeptState.Cell.Gpu).Write(writer.Written);
    }

    /// <summary>Host memory for a 2D resource, with what a device that died has left of it. It is kept, in the place of what was left.</summary>
    private FrameBuffer HostMemoryFor(uint id, long length)
    {
        FrameBuffer made = Keeper?.Take(DescriptorKind.Resource, id) is { } left ? FrameBuffer.CopyOf(left, length) : new FrameBuffer(length);
        try
        {
            Keeper?.Keep(DescriptorKind.Resource, id, made.Memory);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    private void KeepResource(uint id, ReadOnlySpan<byte> request, ReadOnlySpan<byte> entries = default) =>
        Kept?.State.Records.Put(KeptKey.Of(DescriptorKind.Resource, id), request, entries);

    private void KeepBacking(uint id, ReadOnlySpan<byte> request, ReadOnlySpan<byte> entries) =>
        Kept?.State.Records.Put(KeptKey.Of(DescriptorKind.Resource, BackingRecord | id), request, entries);

    /// <param name="madeWithIt">A blob may have got its pages when it was made: then it goes on as one without any.</param>
    private void KeepBackingNoLonger(uint id, bool madeWithIt)
    {
        if (Kept is null)
        {
            return;
        }
        ulong made = KeptKey.Of(DescriptorKind.Resource, id);
        if (madeWithIt && Kept.State.Records.TryGet(made, out ReadOnlySpan<byte> record) && TryRead(record, out Protocol.ResourceCreateBlob request) && request.EntryCount > 0)
        {
            request.EntryCount = 0;
            Kept.State.Records.Put(made, MemoryMarshal.AsBytes(new ReadOnlySpan<Protocol.ResourceCreateBlob>(in request)));
        }
        Kept.State.Records.Delete(KeptKey.Of(DescriptorKind.Resource, BackingRecord | id));
    }

    private void KeepResourceNoLonger(uint id)
    {
        if (Kept is not null)
        {
            Kept.State.Records.Delete(KeptKey.Of(DescriptorKind.Resource, BackingRecord | id));
            Kept.State.Records.Delete(KeptKey.Of(DescriptorKind.Resource, id));
            Kept.Drop(DescriptorKind.Resource, id);
        }
    }

    private void KeepNoResources()
    {
        if (Kept is not null)
        {
            Kept.State.Records.DeleteAll(DescriptorKind.Resource);
            Kept.DropAll(DescriptorKind.Resource);
        }
    }

    /// <param name="request">Empty if the output shows nothing of the guest's.</param>
    private void KeepScanout(int output, ReadOnlySpan<byte> request) => Kept?.State.Scanout(output).Write(request);

    private void KeepCursor(int output, CursorImage? image)
    {
        if (Kept is null)
        {
            return;
        }
        StateCell cell = Kept.State.Cursor(output);
        if (image is null)
        {
            cell.Clear();
            return;
        }
        var writer = new StateWriter(stackalloc byte[2 + (CursorSize * CursorSize * DrmFormats.BytesPerPixel)]);
        writer.Write((byte)image.HotX);
        writer.Write((byte)image.HotY);
        writer.Write(image.Pixels.Span);
        cell.Write(writer.Written);
    }

    private void KeepCursorPosition(int output, CursorPosition position)
    {
        if (Kept is null)
        {
            return;
        }
        var writer = new StateWriter(stackalloc byte[16]);
        writer.Write(position.X);
        writer.Write(position.Y);
        writer.Write((byte)(position.Visible ? 1 : 0));
        Kept.State.CursorPosition(output).Write(writer.Written);
    }

    /// <summary>Where the entries of a list of pages come from: a guest's request, or the record of one.</summary>
    private readonly ref struct Entries
    {
        private readonly Virtio.DescriptorChain? _chain;
        private readonly ReadOnlySpan<byte> _kept;

        private Entries(Virtio.DescriptorChain? chain, ReadOnlySpan<byte> kept)
        {
            _chain = chain;
            _kept = kept;
        }

        public static Entries Of(Virtio.DescriptorChain chain) => new(chain, default);

        public static Entries Kept(ReadOnlySpan<byte> kept) => new(null, kept);

        /// <summary>Copies them; <paramref name="offset"/> is where they begin in a request.</summary>
        /// <returns>How many bytes there were.</returns>
        public int Read(int offset, Span<byte> destination)
        {
            if (_chain is not null)
            {
                return _chain.Read(offset, destination);
            }
            int count = Math.Min(_kept.Length, destination.Length);
            _kept[..count].CopyTo(destination);
            return count;
        }
    }
}
