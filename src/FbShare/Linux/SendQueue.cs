namespace FbShare.Linux;

/// <summary>What goes to a peer that may not read: sent as far as the socket takes it, the rest kept up to a limit. Never waits.</summary>
/// <param name="socket">Stays the caller's.</param>
/// <param name="limit">The most bytes kept.</param>
internal sealed class SendQueue(UnixSocket socket, int limit)
{
    private byte[] _kept = [];
    private int _begin;
    private int _end;

    /// <summary>Whether nothing waits for the socket to take more; otherwise call <see cref="Flush"/> when it is writable.</summary>
    public bool IsEmpty => _begin == _end;

    /// <summary>Sends or keeps all of <paramref name="data"/>.</summary>
    /// <returns>False if more than the limit would wait: the peer does not read. Nothing was taken then.</returns>
    /// <exception cref="LinuxException">The peer is gone or the socket failed.</exception>
    public bool TrySend(ReadOnlySpan<byte> data)
    {
        if (data.Length > limit - (_end - _begin))
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

    /// <summary>Sends what waits as far as the socket takes it.</summary>
    /// <exception cref="LinuxException">The peer is gone or the socket failed.</exception>
    public void Flush()
    {
        while (!IsEmpty)
        {
            int count = socket.Send(_kept.AsSpan(_begin.._end), wait: false);
            if (count == 0)
            {
                return;
            }
            _begin += count;
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
            _kept.AsSpan(_begin.._end).CopyTo(_kept);
            (_begin, _end) = (0, _end - _begin);
        }
        data.CopyTo(_kept.AsSpan(_end));
        _end += data.Length;
    }
}
