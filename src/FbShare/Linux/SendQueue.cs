namespace FbShare.Linux;

/// <summary>Sends to a peer that may be slow to read: as much as the socket takes, and keeps the rest up to a limit. Never blocks.</summary>
/// <param name="socket">Owned by the caller.</param>
/// <param name="limit">The most bytes kept.</param>
internal sealed class SendQueue(UnixSocket socket, int limit)
{
    private byte[] _kept = [];
    private int _start;
    private int _end;

    /// <summary>Whether nothing waits for the socket to take more; otherwise call <see cref="Flush"/> when it is writable.</summary>
    public bool IsEmpty => _start == _end;

    /// <summary>Sends or keeps all of <paramref name="data"/>.</summary>
    /// <returns>False if more than the limit would be waiting, since the peer does not read; nothing was sent or kept then.</returns>
    /// <exception cref="LinuxException">The peer is gone or the socket failed.</exception>
    public bool TrySend(ReadOnlySpan<byte> data)
    {
        if (data.Length > limit - (_end - _start))
        {
            return false;
        }
        if (IsEmpty)
        {
            data = data[socket.Send(data, wait: false)..];
        }
        if (!data.IsEmpty)
        {
            Keep(data);
        }
        return true;
    }

    /// <summary>Sends as much of what is waiting as the socket takes.</summary>
    /// <exception cref="LinuxException">The peer is gone or the socket failed.</exception>
    public void Flush()
    {
        while (!IsEmpty)
        {
            int count = socket.Send(_kept.AsSpan(_start.._end), wait: false);
            if (count == 0)
            {
                return;
            }
            _start += count;
        }
    }

    private void Keep(ReadOnlySpan<byte> data)
    {
        if (_kept.Length == 0)
        {
            _kept = new byte[limit];
        }
        if (data.Length > _kept.Length - _end)
        {
            _kept.AsSpan(_start.._end).CopyTo(_kept);
            (_start, _end) = (0, _end - _start);
        }
        data.CopyTo(_kept.AsSpan(_end));
        _end += data.Length;
    }
}
