using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Virtio;

namespace FbShare.VhostUser;

/// <content>What the next device needs to go on with this front-end if this one dies.</content>
internal sealed partial class VhostUserBackend
{
    /// <summary>Writes down what a message has changed, before it is answered or leaves the socket.</summary>
    private void Save()
    {
        if (Memory.Keeper is not { } keeper)
        {
            return;
        }
        var writer = new StateWriter(stackalloc byte[1024]);
        writer.Write((ulong)_features);
        writer.Write((ulong)_protocolFeatures);
        writer.Write(_status);
        writer.Write((byte)(_startDisabled ? 1 : 0));
        writer.Write((byte)(_configChangeOwed ? 1 : 0));
        foreach (Vring vring in _vrings)
        {
            vring.Save(ref writer);
        }
        foreach (DisplaySize size in _said)
        {
            writer.Write((byte)(size.Connected ? 1 : 0));
            writer.Write(size.Width);
            writer.Write(size.Height);
        }
        keeper.State.At(KeptState.Cell.Connection).Write(writer.Written);
    }

    /// <summary>Keeps a queue's eventfd, or keeps it no longer.</summary>
    private void Keep(FrontEndRequest request, Vring vring, EventFd? eventFd)
    {
        DescriptorKind kind = request switch
        {
            FrontEndRequest.SetVringCall => DescriptorKind.Call,
            FrontEndRequest.SetVringErr => DescriptorKind.QueueError,
            _ => DescriptorKind.Kick,
        };
        if (eventFd is null)
        {
            Memory.Keeper?.Drop(kind, (ulong)vring.Index);
        }
        else
        {
            Memory.Keeper?.Keep(kind, (ulong)vring.Index, eventFd.Descriptor);
        }
    }

    private protected override void ResumeState(Keeper keeper)
    {
        if (keeper.Unreadable is not null)
        {
            // What was agreed is not known. Whoever takes no part in a feature does not notice that it is there, except that it was offered.
            _protocolFeatures = Offered;
            return;
        }
        var reader = new StateReader(keeper.State.At(KeptState.Cell.Connection).Bytes);
        _features = (VirtioFeatures)reader.Read<ulong>() & TransportFeatures;
        _protocolFeatures = (ProtocolFeatures)reader.Read<ulong>() & Offered;
        _status = reader.Read<byte>();
        _startDisabled = reader.Read<byte>() != 0;
        _configChangeOwed = reader.Read<byte>() != 0;
        _device.Resume();
        Span<bool> ran = stackalloc bool[QueueCount];
        foreach (Vring vring in _vrings)
        {
            ran[vring.Index] = vring.Resume(ref reader);
        }
        for (int i = 0; i < _said.Length; i++)
        {
            _said[i] = new DisplaySize(reader.Read<byte>() != 0, reader.Read<int>(), reader.Read<int>());
        }
        if (keeper.Take(DescriptorKind.BackendChannel) is { } channel)
        {
            OpenBackendChannel(new UnixSocket(channel));
        }
        if (keeper.Take(DescriptorKind.GpuSocket) is { } gpuSocket)
        {
            OpenGpuSocket(new UnixSocket(gpuSocket));
        }
        foreach (Vring vring in _vrings)
        {
            vring.TakeDescriptors(keeper);
            if (!ran[vring.Index])
            {
                continue;
            }
            try
            {
                vring.Continue(Memory, _features);
                vring.Again();
            }
            catch (GuestMemoryException e)
            {
                Log.MemoryNotResumed(e.Message);
            }
        }
    }
}
