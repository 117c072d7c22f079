using FbShare.Linux;

namespace FbShare.Fuzz;

/// <summary>A device's socket: one peer after the other connects, sends messages, reads what comes back, and leaves.</summary>
internal abstract class SessionDoor : Door
{
    private readonly byte[] _unread = new byte[65536];
    private readonly List<FileDescriptor> _received = [];
    private Resources _early;
    private long _messages;
    private long _sessions;
    private long _dismissed;

    protected SessionDoor() => Device = new DeviceUnderFuzz(Harm);

    public sealed override string Did => $"{_messages} messages of {_sessions} {Peers}, of which {_dismissed} were dismissed, longest turn {Device.Longest:0} ms";

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
            try
            {
                Begin(socket, random);
                int messages = random.Next(1, MostMessages);
                for (int i = 0; i < messages; i++)
                {
                    _messages++;
                    Send(socket, i, random);
                    TakeReplies(socket);
                }
            }
            catch (LinuxException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
            {
                _dismissed++;
            }
        }
        Device.Settle();
        if (++_sessions == 50)
        {
            _early = Resources.Now();
        }
    }

    public sealed override void Finish()
    {
        if (_sessions > 100)
        {
            Resources.Now().NoteGrowth(_early, Harm, Spare);
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

    private void TakeReplies(UnixSocket socket)
    {
        try
        {
            while (socket.Receive(_unread, _received, wait: false) > 0)
            {
            }
        }
        finally
        {
            _received.ForEach(r => r.Dispose());
            _received.Clear();
        }
    }
}
