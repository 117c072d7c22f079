using FbShare.Cli.Viewer;

namespace FbShare.Tests.Viewer;

/// <summary>Every row of what draws a window.</summary>
public class RendererChoiceTests
{
    [Theory]
    [InlineData("Auto", "x11", null, true)]
    [InlineData("Auto", "x11", "none here", false)]
    [InlineData("Auto", "wayland", "none here", false)]
    [InlineData("Auto", "KMSDRM", "none here", true)]
    [InlineData("GL", "x11", "none here", true)]
    [InlineData("Software", "x11", null, false)]
    public void OpenGL_draws_where_a_GPU_does_or_the_user_wants_it(string asked, string windowSystem, string? noGpu, bool usesGL) =>
        Assert.Equal(usesGL, RendererChoice.Choose(Enum.Parse<Renderer>(asked), windowSystem, noGpu).UsesGL);

    [Fact]
    public void The_reason_is_the_search_s_own() => Assert.Equal("none here", RendererChoice.Choose(Renderer.Auto, "x11", "none here").Reason);

    [Theory]
    [InlineData("llvmpipe (LLVM 15.0.6, 256 bits)", true)]
    [InlineData("softpipe", true)]
    [InlineData("Mesa DRI swrast", true)]
    [InlineData("Software Rasterizer", true)]
    [InlineData("AMD Radeon RX 6600 (navi23, LLVM 15.0.6, DRM 3.49, 6.1.0-18-amd64)", false)]
    [InlineData("Mesa Intel(R) UHD Graphics 620 (KBL GT2)", false)]
    public void Mesa_s_drivers_that_draw_with_the_processor_are_known(string renderer, bool isProcessor) =>
        Assert.Equal(isProcessor, RendererChoice.IsProcessor(renderer));
}
