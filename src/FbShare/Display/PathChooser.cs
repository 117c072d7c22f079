namespace FbShare.Display;

/// <summary>Chooses the path of a picture.</summary>
internal static class PathChooser
{
    /// <summary>From facts to a path: pure, no I/O, so that every row of its table is a test.</summary>
    /// <remarks><see cref="FramePath.Mmap"/> reads the same bytes as <see cref="FramePath.Copy"/> and needs more for it, so it is
    /// taken only when asked for.</remarks>
    public static PathChoice Choose(ScanoutFacts scanout, bool consumerTakesDmaBuf, PathRequest request)
    {
        if (request.Path == FramePath.Copy)
        {
            return Copy("--path copy");
        }
        if (request.ZeroCopy == ZeroCopyPolicy.Off)
        {
            return Copy("--zero-copy off");
        }
        if (scanout.Kind == ScanoutKind.Boot)
        {
            return Copy("the boot screen is copied as it changes");
        }
        if (scanout.Kind == ScanoutKind.TwoD && request.ZeroCopy != ZeroCopyPolicy.All)
        {
            return Copy("a 2D resource shows what was transferred");
        }
        if (!scanout.InGuestPages)
        {
            return Copy("the picture is not in guest pages");
        }
        if (scanout.Obstacle is { } obstacle)
        {
            return Copy(request.Path is null ? obstacle.Reason : $"--path {Name(request.Path.Value)} cannot be: {obstacle.Reason}", obstacle.Cure);
        }
        if (request.Path == FramePath.Mmap)
        {
            return new PathChoice(FramePath.Mmap, "--path mmap");
        }
        return consumerTakesDmaBuf
            ? new PathChoice(FramePath.Udmabuf, "zero copy")
            : Copy(request.Path is null ? "the consumer takes no dma-bufs" : "--path udmabuf cannot be: the consumer takes no dma-bufs");
    }

    private static PathChoice Copy(string reason, string? cure = null) => new(FramePath.Copy, reason, cure);

    private static string Name(FramePath path) => path == FramePath.Mmap ? "mmap" : "udmabuf";
}

/// <summary>What matters about a picture.</summary>
/// <param name="Kind">What the guest made.</param>
/// <param name="InGuestPages">Whether guest pages hold it.</param>
/// <param name="Obstacle">Why no dma-buf could be made of it; null where one was, or was not tried yet.</param>
internal readonly record struct ScanoutFacts(ScanoutKind Kind, bool InGuestPages, PathObstacle? Obstacle);

/// <summary>Something in the way of a better path.</summary>
/// <param name="Reason">What, in words.</param>
/// <param name="Cure">What the user can do; null where nothing can be done.</param>
public sealed record PathObstacle(string Reason, string? Cure);
