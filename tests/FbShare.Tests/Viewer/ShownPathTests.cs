using FbShare.Cli.Viewer;

namespace FbShare.Tests.Viewer;

public sealed class ShownPathTests
{
    private const string Told = "there is no /dev/udmabuf";
    private const string Cure = "sudo modprobe udmabuf";

    [Fact]
    public void Where_the_display_copies_its_cure_is_told() =>
        Assert.Equal(new ShownPath("copy", Told, Cure), ShownPath.ByCopying(null, Told, Cure));

    [Fact]
    public void Where_the_window_s_own_driver_is_the_obstacle_the_display_s_cure_is_not_told() =>
        Assert.Equal(new ShownPath("copy", "this driver cannot import dma-bufs", ""), ShownPath.ByCopying("this driver cannot import dma-bufs", Told, Cure));
}
