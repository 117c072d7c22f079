using FbShare.Linux;

namespace FbShare.Keeping;

/// <summary>A keeper's conversation with the device that lives now.</summary>
public sealed class KeptDeviceLink : IDisposable
{
    private readonly DescriptorTable _table;
    private readonly KeeperStream _stream;
    private readonly EventLoop.Watch _watch;
    private bool _ended;

    /// <summary>Starts to listen to a device.</summary>
    /// <param name="loop">Where its messages are handled.</param>
    /// <param name="socket">To the device; owned from here on.</param>
    /// <param name="table">What it asks to be kept goes in there; stays the caller's.</param>
    /// <exception cref="LinuxException">The socket cannot be waited for.</exception>
    public KeptDeviceLink(EventLoop loop, UnixSocket socket, DescriptorTable table)
    {
        _table = table;
        _stream = new KeeperStream(socket);
        try
        {
            _watch = loop.Add(socket.Descriptor, LoopEvents.Readable, _ => Receive());
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    /// <summary>Takes everything that the device has sent: call this after it has died, for it may have sent something just before.</summary>
    public void Receive()
    {
        try
        {
            while (!_ended)
            {
                switch (_stream.Receive())
                {
                    case Reception.Message:
                        _table.Handle(_stream.Message, _stream.TakeDescriptor());
                        _stream.DropDescriptors();
                        break;
                    case Reception.Nothing:
                        return;
                    default:
                        End();
                        break;
                }
            }
        }
        catch (LinuxException)
        {
            End();
        }
    }

    /// <summary>Ends the conversation; what is in the table stays there.</summary>
    public void Dispose()
    {
        End();
        _stream.Dispose();
    }

    private void End()
    {
        if (!_ended)
        {
            _ended = true;
            _watch.Dispose();
        }
    }
}
