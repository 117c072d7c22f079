namespace FbShare.Memory;

/// <summary>Counts the memory of this process that one guest uses, against a limit: its 2D resources, lists of pages, and copies of its
/// pictures.</summary>
/// <param name="limit">Bytes.</param>
public sealed class HostBudget(long limit)
{
    /// <summary>The most bytes that may be taken.</summary>
    public long Limit { get; } = limit;

    /// <summary>Bytes in use now.</summary>
    public long Used { get; private set; }

    /// <summary>Whether so many bytes more may be taken.</summary>
    public bool HasRoomFor(long bytes) => bytes <= Limit - Used;

    /// <summary>Counts bytes as used. Call <see cref="HasRoomFor"/> first.</summary>
    public void Take(long bytes) => Used += bytes;

    /// <summary>Counts bytes as no longer used.</summary>
    public void Return(long bytes) => Used -= bytes;
}
