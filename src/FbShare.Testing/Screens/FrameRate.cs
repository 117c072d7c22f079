namespace FbShare.Testing.Screens;

/// <summary>How often something happened during the last second.</summary>
internal sealed class FrameRate
{
    private const long Second = 1_000_000_000;

    /// <summary>More than this many in a second are not told apart.</summary>
    private readonly long[] _times = new long[256];
    private int _next;

    /// <param name="now">Nanoseconds, never 0.</param>
    public void Add(long now)
    {
        _times[_next] = now;
        _next = (_next + 1) % _times.Length;
    }

    public int PerSecond(long now) => _times.AsSpan().ToArray().Count(t => t != 0 && now - t <= Second);
}
