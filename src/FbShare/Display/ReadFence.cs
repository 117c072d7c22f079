namespace FbShare.Display;

/// <summary>Tells when everybody who reads the guest's own pages has finished with one flush: what a fenced RESOURCE_FLUSH waits for.</summary>
/// <remarks>Reused from flush to flush: who still reads for an earlier one does not count any more.</remarks>
/// <param name="passed">Told on the loop when the last reader has finished; not told where nobody read.</param>
public sealed class ReadFence(Action passed)
{
    private int _readers;
    private ulong _flush;

    /// <summary>Whether nobody reads (any more).</summary>
    public bool IsPassed => _readers == 0;

    /// <summary>Begins another flush.</summary>
    public void Reset()
    {
        _readers = 0;
        _flush++;
    }

    internal Reader Join()
    {
        _readers++;
        return new Reader(this, _flush);
    }

    /// <summary>One reader's part in it; the default is nobody's.</summary>
    internal readonly struct Reader(ReadFence fence, ulong flush)
    {
        public void Leave()
        {
            if (fence is not null && fence._flush == flush && fence._readers > 0 && --fence._readers == 0)
            {
                fence.Passed();
            }
        }
    }

    private void Passed() => passed();
}
