namespace FbShare.Memory;

/// <summary>How much memory of this process one guest may use up, summed over everything that is made for it: 2D resources, lists of
/// pages, copies of its pictures.</summary>
/// <param name="limit">The most, in bytes.</param>
public sealed class HostBudget(long limit)
{
    public long Limit { get; } = limit;

    /// <summary>Bytes in use now.</summary>
    public long Used { get; private set; }

    public bool HasRoomFor(long bytes) => bytes <= Limit - Used;

    /// <summary>Counts bytes as used; whoever takes them has asked <see cref="HasRoomFor"/> first.</summary>
    public void Take(long bytes) => Used += bytes;

    /// <summary>Bytes that were taken are free again.</summary>
    public void Return(long bytes) => Used -= bytes;
}
