using System.Globalization;
using FbShare.Linux;
using FbShare.Tests;

namespace FbShare.Fuzz;

/// <summary>A device's socket: one peer after the other connects, sends messages, reads what comes back, and leaves.</summary>
internal abstract class SessionDoor : Door
{
    private readonly byte[] _received = new byte[1 << 18];
    private readonly List<FileDescriptor> _descriptors = [];
    private int _unread;
    private HeldResources _early;
    private long _sessions;
    private long _dismissed;

    protected SessionDoor()
        : base("messages") => Device = new DeviceUnderFuzz(Harm);

    public sealed override string Details => string.Create(
        CultureInfo.InvariantCulture, $"{_sessions:N0} {Peers}, of which {_dismissed:N0} were dismissed, longest turn {Device.Longest:0} ms");

    protected DeviceUnderFuzz Device { get; }

    /// <summary>What those who connect are called.</summary>
    protected abstract string Peers { get; }

    /// <summary>How many messages a peer sends at most.</summary>
    protected abstract int MostMessages { get; }

    /// <summary>Descriptors that may be more at the end in good order.</summary>
    protected abstract int Spare { get; }

    public sealed override void Round(Random random)
    {
        using (UnixSocket socket = Connect())
        {
            _unread = 0;
            try
            {
                Begin(socket, random);
                int messages = random.Next(1, MostMessages);
                for (int i = 0; i < messages && !InputRandom.HasEnded(random); i++)
                {
                    Tally.Sent++;
                    Send(socket, i, random);
                    TakeReplies(socket);
                }
            }
            catch (LinuxException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
            {
                _dismissed++;
            }
            Device.Settle();
            TakeReplies(socket);
        }
        Device.Settle();
        if (++_sessions == 50)
        {
            _early = HeldResources.Now();
        }
    }

    public sealed override void Take(ReadOnlyMemory<byte> input) => Round(new InputRandom(input));

    public sealed override void Finish()
    {
        if (_sessions > 100)
        {
            Harm.NoteGrowth(_early, Spare);
        }
    }

    public override void Dispose() => Device.Dispose();

    protected abstract UnixSocket Connect();

    /// <summary>What comes before the first message.</summary>
    protected virtual void Begin(UnixSocket socket, Random random)
    {
    }

    /// <param name="number">Of the message in its session, from 0 on.</param>
    protected abstract void Send(UnixSocket socket, int number, Random random);

    /// <summary>Counts the first of the replies that were received.</summary>
    /// <returns>How many bytes it has; 0 if it has not come whole.</returns>
    protected abstract int CountReply(ReadOnlySpan<byte> received);

    private void TakeReplies(UnixSocket socket)
    {
        try
        {
            while (socket.Receive(_received.AsSpan(_unread), _descriptors, wait: false) is { } count and > 0)
            {
                _unread += count;
                int at = 0;
                while (CountReply(_received.AsSpan(at, _unread - at)) is var length and > 0)
                {
                    at += length;
                }
                _received.AsSpan(at, _unread - at).CopyTo(_received);
                _unread -= at;
            }
        }
        catch (LinuxException e) when (e.Errno is Errno.ECONNRESET)
        {
            // The device has dismissed this peer, with messages unread.
        }
        finally
        {
            _descriptors.ForEach(r => r.Dispose());
            _descriptors.Clear();
        }
    }
}
