using FbShare.Keeping;
using FbShare.Linux;

namespace FbShare.VfioUser;

/// <content>What the next device needs to go on with this client if this one dies.</content>
internal sealed partial class VfioUserConnection
{
    /// <summary>More than all registers take.</summary>
    private const int MostState = 2048;

    /// <summary>Writes down what a message has changed, before it is answered.</summary>
    private void Save()
    {
        if (Memory.Keeper is not { } keeper)
        {
            return;
        }
        Span<byte> room = stackalloc byte[MostState];
        var writer = new StateWriter(room);
        _function.SaveState(ref writer);
        keeper.State.At(KeptState.Cell.Function).Write(writer.Written);
        writer = new StateWriter(room);
        writer.Write((byte)(_versionAgreed ? 1 : 0));
        writer.Write((byte)(_hasMemory ? 1 : 0));
        keeper.State.At(KeptState.Cell.Connection).Write(writer.Written);
    }

    private protected override void ResumeState(Keeper keeper)
    {
        if (keeper.Unreadable is not null)
        {
            // The client thinks that everything was agreed. Its next reset finds a device after power-on, and maps memory anew.
            _versionAgreed = true;
            Save();
            return;
        }
        var connection = new StateReader(keeper.State.At(KeptState.Cell.Connection).Bytes);
        _versionAgreed = connection.Read<byte>() != 0;
        _hasMemory = connection.Read<byte>() != 0;
        ResumeInterrupts(keeper);
        ReadOnlySpan<byte> registers = keeper.State.At(KeptState.Cell.Function).Bytes;
        if (registers.IsEmpty)
        {
            return;
        }
        Span<byte> copy = stackalloc byte[registers.Length];
        registers.CopyTo(copy);
        var reader = new StateReader(copy);
        _function.ResumeState(ref reader);
    }

    private void ResumeInterrupts(Keeper keeper)
    {
        if (keeper.Take(DescriptorKind.Line) is { } line)
        {
            _function.Interrupts.SetLine(new EventFd(line));
        }
        for (int i = 0; i < _function.Interrupts.VectorCount; i++)
        {
            if (keeper.Take(DescriptorKind.Vector, (ulong)i) is { } vector)
            {
                _function.Interrupts.SetVector(i, new EventFd(vector));
            }
        }
        if (keeper.Take(DescriptorKind.Unmask) is { } unmask)
        {
            WatchUnmask(new EventFd(unmask));
        }
    }

    /// <summary>Keeps an interrupt's eventfd, or keeps it no longer.</summary>
    private void Keep(DescriptorKind kind, ulong number, EventFd? eventFd)
    {
        if (eventFd is null)
        {
            Memory.Keeper?.Drop(kind, number);
        }
        else
        {
            Memory.Keeper?.Keep(kind, number, eventFd.Descriptor);
        }
    }
}
