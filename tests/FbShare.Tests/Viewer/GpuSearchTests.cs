using FbShare.Cli.Viewer;

namespace FbShare.Tests.Viewer;

/// <summary>Whether a machine has a GPU, from files like those of the kernel.</summary>
public sealed class GpuSearchTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    [Fact]
    public void Without_render_nodes_a_processor_draws() => Assert.Equal("this machine has no GPU", Find());

    [Theory]
    [InlineData("amdgpu")]
    [InlineData("i915")]
    [InlineData("nouveau")]
    public void A_render_node_of_a_real_driver_is_a_GPU(string driver)
    {
        AddNode("renderD128", $"devices/pci0000:00/0000:00:02.0/drm/renderD128", driver);
        Assert.Null(Find());
    }

    [Fact]
    public void A_card_without_a_render_node_only_shows()
    {
        AddNode("card0", "devices/pci0000:00/0000:00:01.0/drm/card0", "bochs-drm");
        Assert.NotNull(Find());
    }

    [Theory]
    [InlineData("vgem")]
    [InlineData("vkms")]
    public void A_render_node_that_draws_nothing_is_none(string driver)
    {
        AddNode("renderD128", $"devices/platform/{driver}/drm/renderD128", null);
        Assert.NotNull(Find());
    }

    [Theory]
    [InlineData("1000110000", true)]
    [InlineData("0100110000", false)]
    public void A_virtio_GPU_says_whether_it_has_3D(string features, bool draws)
    {
        string device = AddNode("renderD128", "devices/pci0000:00/0000:00:03.0/drm/renderD128", "virtio-pci");
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(device, "virtio2")).FullName, "features"), features + "\n");
        Assert.Equal(draws, Find() is null);
    }

    [Theory]
    [InlineData("1000110000", true)]
    [InlineData("0100110000", false)]
    public void Older_kernels_have_the_node_below_the_virtio_device_itself(string features, bool draws)
    {
        string device = AddNode("renderD128", "devices/pci0000:00/0000:00:03.0/virtio2/drm/renderD128", "virtio_gpu");
        File.WriteAllText(Path.Combine(device, "features"), features + "\n");
        Assert.Equal(draws, Find() is null);
    }

    [Theory]
    [InlineData("nvidiactl")]
    [InlineData("dxg")]
    public void Some_drivers_have_devices_of_their_own(string device)
    {
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(_root.Path, "dev")).FullName, device), "");
        Assert.Null(Find());
    }

    [Fact]
    public void A_user_who_wants_no_GPU_has_none()
    {
        AddNode("renderD128", "devices/pci0000:00/0000:00:02.0/drm/renderD128", "amdgpu");
        Assert.Equal("LIBGL_ALWAYS_SOFTWARE says so", Find("1"));
        Assert.Null(Find("0"));
    }

    public void Dispose() => _root.Dispose();

    private string? Find(string? software = null) => new GpuSearch(_root.Path, name => name == "LIBGL_ALWAYS_SOFTWARE" ? software : null).FindObstacle();

    /// <returns>The folder of the node's device.</returns>
    private string AddNode(string name, string path, string? driver)
    {
        string sys = Path.Combine(_root.Path, "sys");
        string node = Directory.CreateDirectory(Path.Combine(sys, path)).FullName;
        string device = Path.GetFullPath(Path.Combine(node, "../.."));
        Directory.CreateSymbolicLink(Path.Combine(node, "device"), device);
        if (driver is not null)
        {
            string known = Directory.CreateDirectory(Path.Combine(sys, "bus/drivers", driver)).FullName;
            Directory.CreateSymbolicLink(Path.Combine(device, "driver"), known);
        }
        Directory.CreateDirectory(Path.Combine(sys, "class/drm"));
        Directory.CreateSymbolicLink(Path.Combine(sys, "class/drm", name), node);
        return device;
    }
}
