using FbShare.Display;
using FbShare.Memory;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Display;

public sealed class DesktopPlaceTests
{
    [Fact]
    public void A_single_output_is_the_desktop() => AssertPlaces([Own(1, 1280, 800)], [(0, 0)], 1280, 800);

    [Fact]
    public void Buffers_of_their_own_lie_side_by_side_in_their_order() =>
        AssertPlaces([Own(1, 1280, 800), Own(2, 1920, 1080), Own(3, 640, 480)], [(0, 0), (1280, 0), (3200, 0)], 3840, 1080);

    [Fact]
    public void An_output_that_shows_nothing_takes_no_room() =>
        AssertPlaces([null, Own(2, 1920, 1080), null, Own(3, 640, 480)], [null, (0, 0), null, (1920, 0)], 2560, 1080);

    [Fact]
    public void Parts_of_one_buffer_lie_as_they_do_in_it() =>
        AssertPlaces([Part(7, 1920, 0, 1280, 800), Part(7, 0, 0, 1920, 1080), Part(7, 100, 1080, 640, 480)], [(1920, 0), (0, 0), (100, 1080)], 3200, 1560);

    [Fact]
    public void Outputs_that_show_the_same_are_the_same_place() =>
        AssertPlaces([Own(4, 1024, 768), Own(4, 1024, 768)], [(0, 0), (0, 0)], 1024, 768);

    [Fact]
    public void A_buffer_of_its_own_lies_beside_the_parts_of_another() =>
        AssertPlaces([Part(7, 0, 0, 800, 600), Part(7, 800, 0, 800, 600), Own(8, 640, 480)], [(0, 0), (800, 0), (1600, 0)], 2240, 600);

    [Fact]
    public void Two_pictures_in_one_buffer_lie_side_by_side() =>
        AssertPlaces([Whole(7, 0), Whole(7, 600)], [(0, 0), (800, 0)], 1600, 600);

    private static void AssertPlaces(Scanout?[] scanouts, (int X, int Y)?[] places, int width, int height)
    {
        for (int i = 0; i < scanouts.Length; i++)
        {
            if (places[i] is { } place)
            {
                Assert.Equal(new DesktopPlace(place.X, place.Y, width, height), DesktopPlace.Of(scanouts, i));
            }
        }
    }

    private static Scanout Own(uint resource, int width, int height) => Make(resource, FrameLayout.Packed(DrmFormat.XR24, width, height));

    /// <summary>A part of a buffer of 4096x2160.</summary>
    private static Scanout Part(uint resource, int x, int y, int width, int height) =>
        Make(resource, FrameLayout.Packed(DrmFormat.XR24, 4096, 2160).Crop(new Rect(x, y, width, height)), (x, y));

    /// <summary>A whole picture of 800x600 that begins at a row of a larger buffer.</summary>
    private static Scanout Whole(uint resource, int row) =>
        Make(resource, FrameLayout.Packed(DrmFormat.XR24, 800, 1200).Crop(new Rect(0, row, 800, 600)));

    private static Scanout Make(uint resource, FrameLayout layout, (int X, int Y) origin = default) =>
        Scanout.OfHost(layout, new FrameBuffer(layout.End), resource, origin);
}
