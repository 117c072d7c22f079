using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Logging;
using FbShare.Memory;
using Microsoft.Extensions.Logging;

namespace FbShare.Virtio;

/// <summary>A front-end that has the device: its messages are taken one by one, and its replies wait until it reads them. Whatever goes wrong
/// in work for it costs this connection alone.</summary>
internal abstract class FrontEndConnection : IDisposable
{
    private readonly MessageStream _messages;
    private readonly DefectLog _defects;
    private readonly EventLoop.Watch _watch;
    private LoopEvents _watched = WhenReplied;

    /// <param name="messages">From and to the front-end. Owned from here on; if this constructor fails, its socket stays the caller's.</param>
    /// <param name="memory">Emptied when the connection ends; stays the caller's.</param>
    /// <param name="defects">Told of errors of this program that ended the connection.</param>
    /// <exception cref="LinuxException">The socket cannot be watched.</exception>
    private protected FrontEndConnection(EventLoop loop, MessageStream messages, GuestMemoryMap memory, ILogger log, DefectLog defects)
    {
        Loop = loop;
        Memory = memory;
        Log = log;
        _messages = messages;
        _defects = defects;
        _watch = loop.Add(messages.Socket.Descriptor, WhenReplied, Receive);
    }

    /// <summary>Called once, when the front-end has gone or was disconnected.</summary>
    internal Action? Closed { get; set; }

    private protected EventLoop Loop { get; }

    private protected GuestMemoryMap Memory { get; }

    private protected ILogger Log { get; }

    /// <summary>Whether a device that died may have handled this message already: the first one after it.</summary>
    private protected bool IsRepeated { get; private set; }

    /// <summary>What to wait for now. A part of a message that stays in the socket must not wake the loop again and again, and while a reply
    /// waits in a pipe no further message is taken.</summary>
    private LoopEvents Wanted => (_messages.IsFlushed, _messages.IsPiped, _messages.IsPartial) switch
    {
        (false, true, _) => LoopEvents.PeerClosed | LoopEvents.Writable,
        (false, false, _) => WhenReplied | LoopEvents.Writable,
        (true, _, true) => WhenReplied | LoopEvents.Edge,
        _ => WhenReplied,
    };

    private static LoopEvents WhenReplied => LoopEvents.Readable | LoopEvents.PeerClosed;

    /// <summary>Whether the connection has ended, or is ending.</summary>
    private protected bool IsClosed { get; private set; }

    /// <summary>Disconnects the front-end.</summary>
    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>Does what the message that came last asks for.</summary>
    /// <exception cref="FrontEndException">The front-end cannot be served any longer.</exception>
    private protected abstract void Handle();

    /// <summary>Goes on from what a device that died has left of this front-end. The guest's memory is there already.</summary>
    /// <param name="keeper">What it has left; its state is new where the old one could not be read.</param>
    private protected abstract void ResumeState(Keeper keeper);

    /// <summary>Gives back all that was kept for the front-end, and leaves the device as for the next one.</summary>
    private protected abstract void Release();

    /// <summary>The barrier: everything that the loop calls for this front-end ends here if it fails.</summary>
    private protected void Dismiss(Exception cause)
    {
        if (cause is FrontEndException or LinuxException)
        {
            Log.FrontEndDismissed(cause.Message);
        }
        else
        {
            _defects.Report("front-end dismissed", cause);
        }
        try
        {
            Close();
        }
        catch (Exception e)
        {
            _defects.Report("the device could not be reset after its front-end", e);
        }
    }

    /// <summary>Goes on where a device that died has stopped.</summary>
    /// <exception cref="LinuxException">A descriptor is not what it should be, or the front-end is gone.</exception>
    internal void Resume()
    {
        Keeper keeper = Memory.Keeper!;
        if (keeper.Unreadable is { } why)
        {
            Log.StateNotResumed(why);
        }
        else if (Memory.Resume() is { } failure)
        {
            Log.MemoryNotResumed(failure);
        }
        ResumeState(keeper);
        IsRepeated = true;
        _messages.Resume(keeper.State.At(KeptState.Cell.Request).Bytes);
        Watch();
    }

    private void Watch()
    {
        LoopEvents wanted = Wanted;
        if (wanted != _watched)
        {
            _watched = wanted;
            _watch.Change(wanted);
        }
    }

    private void Receive(LoopEvents events)
    {
        try
        {
            if ((events & LoopEvents.Writable) != 0)
            {
                _messages.FlushReplies();
            }
            if ((events & ~LoopEvents.Writable) != 0)
            {
                TakeMessage(isLast: (events & (LoopEvents.PeerClosed | LoopEvents.HangUp)) != 0);
            }
            if (!IsClosed)
            {
                Watch();
            }
        }
        catch (Exception e)
        {
            Dismiss(e);
        }
    }

    /// <param name="isLast">Whether the front-end sends no more than what has come.</param>
    private void TakeMessage(bool isLast)
    {
        switch (_messages.Receive())
        {
            case Reception.Message:
                Handle();
                _messages.DropDescriptors();
                _messages.Finish();
                IsRepeated = false;
                break;
            case Reception.Nothing when isLast && (_messages.IsPartial || !_messages.IsFlushed):
            case Reception.End:
                Close();
                break;
            case Reception.Nonsense:
                throw new FrontEndException(_messages.WhyNonsense);
        }
    }

    private void Close()
    {
        if (IsClosed)
        {
            return;
        }
        IsClosed = true;
        try
        {
            _watch.Dispose();
            Release();
        }
        finally
        {
            Memory.Clear();
            _messages.Dispose();
            Closed?.Invoke();
        }
    }
}
