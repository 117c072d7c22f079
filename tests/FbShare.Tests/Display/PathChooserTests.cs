using FbShare.Display;
using Xunit;

namespace FbShare.Tests.Display;

public class PathChooserTests
{
    private const string Obstacle = "list_limit";

    [Theory]
    // Blobs: the best that works.
    [InlineData(ScanoutKind.Blob, true, null, true, null, ZeroCopyPolicy.Blob, FramePath.Udmabuf, "zero copy")]
    [InlineData(ScanoutKind.Blob, true, Obstacle, true, null, ZeroCopyPolicy.Blob, FramePath.Copy, Obstacle)]
    [InlineData(ScanoutKind.Blob, true, null, false, null, ZeroCopyPolicy.Blob, FramePath.Copy, "the consumer takes no dma-bufs")]
    [InlineData(ScanoutKind.Blob, true, null, true, null, ZeroCopyPolicy.Off, FramePath.Copy, "sharing the guest's pages is switched off")]
    // A path asked for.
    [InlineData(ScanoutKind.Blob, true, null, true, FramePath.Copy, ZeroCopyPolicy.Blob, FramePath.Copy, "copying was asked for")]
    [InlineData(ScanoutKind.Blob, true, null, false, FramePath.Mmap, ZeroCopyPolicy.Blob, FramePath.Mmap, "reading a mapped dma-buf was asked for")]
    [InlineData(ScanoutKind.Blob, true, Obstacle, true, FramePath.Mmap, ZeroCopyPolicy.Blob, FramePath.Copy, "mmap was asked for, but list_limit")]
    [InlineData(ScanoutKind.Blob, true, Obstacle, true, FramePath.Udmabuf, ZeroCopyPolicy.Blob, FramePath.Copy, "udmabuf was asked for, but list_limit")]
    [InlineData(ScanoutKind.Blob, true, null, false, FramePath.Udmabuf, ZeroCopyPolicy.Blob, FramePath.Copy, "udmabuf was asked for, but the consumer takes no dma-bufs")]
    // 2D resources show what was transferred, unless the user wants otherwise.
    [InlineData(ScanoutKind.TwoD, true, null, true, null, ZeroCopyPolicy.Blob, FramePath.Copy, "a 2D resource shows what was transferred")]
    [InlineData(ScanoutKind.TwoD, true, null, true, FramePath.Udmabuf, ZeroCopyPolicy.Blob, FramePath.Copy, "a 2D resource shows what was transferred")]
    [InlineData(ScanoutKind.TwoD, true, null, true, null, ZeroCopyPolicy.All, FramePath.Udmabuf, "zero copy")]
    [InlineData(ScanoutKind.TwoD, false, null, true, null, ZeroCopyPolicy.All, FramePath.Copy, "the picture is not in guest pages")]
    public void A_path_follows_from_the_facts(
        ScanoutKind kind, bool inGuestPages, string? obstacle, bool takesDmaBuf, FramePath? asked, ZeroCopyPolicy zeroCopy, FramePath path, string reason)
    {
        var facts = new ScanoutFacts(kind, inGuestPages, obstacle is null ? null : new PathObstacle(obstacle, "raise it"));

        PathChoice choice = PathChooser.Choose(facts, takesDmaBuf, new PathRequest(asked, zeroCopy));

        Assert.Equal(new PathChoice(path, reason, reason.Contains(Obstacle, StringComparison.Ordinal) ? "raise it" : null), choice);
    }
}
