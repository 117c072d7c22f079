namespace FbShare.Display;

/// <summary>Chooses the path of a picture.</summary>
internal static class PathChooser
{
    private static readonly PathChoice CopyAsked = new(FramePath.Copy, "copying was asked for");
    private static readonly PathChoice SharingOff = new(FramePath.Copy, "sharing the guest's pages is switched off");
    private static readonly PathChoice Transferred = new(FramePath.Copy, "a 2D resource shows what was transferred");
    private static readonly PathChoice NotInPages = new(FramePath.Copy, "the picture is not in guest pages");
    private static readonly PathChoice MmapAsked = new(FramePath.Mmap, "reading a mapped dma-buf was asked for");
    private static readonly PathChoice ZeroCopy = new(FramePath.Udmabuf, "zero copy");
    private static readonly PathChoice NotTaken = new(FramePath.Copy, "the consumer takes no dma-bufs");
    private static readonly PathChoice NotTakenAsAsked = new(FramePath.Copy, "udmabuf was asked for, but the consumer takes no dma-bufs");

    /// <summary>From facts to a path: pure, no I/O, so that every row of its table is a test.</summary>
    /// <remarks><see cref="FramePath.Mmap"/> reads the same bytes as <see cref="FramePath.Copy"/> and needs more for it, so it is
    /// taken only when asked for. Allocates nothing but for an obstacle: this runs at every flip.</remarks>
    public static PathChoice Choose(ScanoutFacts scanout, bool consumerTakesDmaBuf, PathRequest request)
    {
        if (request.Path == FramePath.Copy)
        {
            return CopyAsked;
        }
        if (request.ZeroCopy == ZeroCopyPolicy.Off)
        {
            return SharingOff;
        }
        if (scanout.Kind == ScanoutKind.TwoD && request.ZeroCopy != ZeroCopyPolicy.All)
        {
            return Transferred;
        }
        if (!scanout.InGuestPages)
        {
            return NotInPages;
        }
        if (scanout.Obstacle is { } obstacle)
        {
            string reason = request.Path is { } asked ? $"{(asked == FramePath.Mmap ? "mmap" : "udmabuf")} was asked for, but {obstacle.Reason}" : obstacle.Reason;
            return new PathChoice(FramePath.Copy, reason, obstacle.Cure);
        }
        if (request.Path == FramePath.Mmap)
        {
            return MmapAsked;
        }
        return consumerTakesDmaBuf ? ZeroCopy
            : request.Path is null ? NotTaken
            : NotTakenAsAsked;
    }
}

/// <summary>What matters about a picture.</summary>
/// <param name="Kind">What the guest made.</param>
/// <param name="InGuestPages">Whether guest pages hold it.</param>
/// <param name="Obstacle">Why no dma-buf could be made of it; null where one was, or was not tried yet.</param>
internal readonly record struct ScanoutFacts(ScanoutKind Kind, bool InGuestPages, PathObstacle? Obstacle);

/// <summary>Something in the way of a better path.</summary>
/// <param name="Reason">What, as the rest of a sentence after "because".</param>
/// <param name="Cure">What the user can do; null where nothing can be done.</param>
public sealed record PathObstacle(string Reason, string? Cure);
