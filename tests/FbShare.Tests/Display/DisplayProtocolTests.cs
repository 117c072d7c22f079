using FbShare.Display;
using FbShare.Display.Client;
using FbShare.Linux;
using Xunit;

namespace FbShare.Tests.Display;

public sealed class DisplayProtocolTests
{
    [Fact]
    public void A_client_learns_the_virtual_machine_and_its_consoles()
    {
        using var fixture = new DisplayFixture(outputs: 2);
        DisplayClient client = fixture.Connect();
        Assert.Equal("test vm", client.Name);
        Assert.Equal("01234567-89ab-cdef-0123-456789abcdef", client.Uuid);
        Assert.Equal([0u, 1u], client.Consoles.Select(c => c.Id));
        Assert.All(client.Consoles, c => Assert.True(c.IsGraphic));
        Assert.All(client.Consoles, c => Assert.True(c.Status.IsKnown));
    }

    [Theory]
    [InlineData(DrmFormat.XR24)]
    [InlineData(DrmFormat.AR24)]
    [InlineData(DrmFormat.BX24)]
    [InlineData(DrmFormat.BA24)]
    [InlineData(DrmFormat.XB24)]
    [InlineData(DrmFormat.AB24)]
    [InlineData(DrmFormat.RX24)]
    [InlineData(DrmFormat.RA24)]
    public void A_picture_in_host_memory_is_mapped_by_the_client_with_its_own_stride_and_offset(DrmFormat format)
    {
        using var fixture = new DisplayFixture();
        const int width = 37, height = 11, stride = 160, offset = 52;
        Scanout picture = fixture.HostPicture(format, width, height, stride, offset, i => (byte)(i * 7));
        fixture.Hub.SetScanout(0, picture);
        fixture.Hub.Commit();

        var view = new RecordingView();
        RemoteConsole console = fixture.Connect().Consoles[0];
        console.Watch(view, takeDmaBuf: false);
        fixture.RunUntil(() => view.Updates.Count == 1);

        RemotePicture shown = Assert.Single(view.Shown);
        Assert.Equal(RemotePictureSource.Map, shown.Source);
        Assert.Equal(picture.Layout, shown.Layout);
        byte[] expected = new byte[width * height * 4];
        for (int i = 0; i < expected.Length; i++)
        {
            expected[i] = (byte)((offset + (i / (width * 4) * stride) + (i % (width * 4))) * 7);
        }
        Assert.Equal(expected, RecordingView.Pixels(shown));
        Assert.Equal([new Rect(0, 0, width, height)], view.Updates);
    }
}
