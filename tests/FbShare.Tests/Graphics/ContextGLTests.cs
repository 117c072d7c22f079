using FbShare.Graphics;
using Silk.NET.OpenGL;
using Xunit;

namespace FbShare.Tests.Graphics;

/// <summary>What a context says of itself, and what becomes of one that cannot be used.</summary>
public class ContextGLTests
{
    [Theory]
    [InlineData("3.3 (Core Profile) Mesa 25.0.7", false, 3, 3)]
    [InlineData("4.6.0 NVIDIA 550.54", false, 4, 6)]
    [InlineData("OpenGL ES 3.2 Mesa 22.3.6", true, 3, 2)]
    [InlineData("OpenGL ES 2.0", true, 2, 0)]
    public void A_version_is_read_from_the_drivers_words(string text, bool isEmbedded, int major, int minor)
    {
        Assert.True(GlVersion.TryParse(text, out GlVersion version));
        Assert.Equal(new GlVersion(isEmbedded, major, minor), version);
    }

    [Theory]
    [InlineData("")]
    [InlineData("OpenGL ES ")]
    [InlineData("OpenGL ES-CM 1.1")]
    [InlineData("three.three")]
    public void Words_without_a_version_are_not_read(string text) => Assert.False(GlVersion.TryParse(text, out _));

    /// <summary>glGetString lists them in every OpenGL ES; glGetStringi does since version 3.</summary>
    [GraphicsTheory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_context_of_every_version_knows_its_extensions(int major)
    {
        using EglDisplay display = EglDisplay.OpenSurfaceless();
        using EglContext context = EglContext.Create(display, new GlVersion(true, major, 0));
        ContextGL gl = ContextGL.OfCurrent();

        string[] listed = gl.GetStringS(StringName.Extensions).Split(' ', StringSplitOptions.RemoveEmptyEntries);

        Assert.NotEmpty(listed);
        Assert.All(listed, name => Assert.True(gl.IsExtensionPresent(name) && gl.IsExtensionPresent(name["GL_".Length..]), name));
        Assert.False(gl.IsExtensionPresent("GL_FBSHARE_no_such_extension"));
        Assert.Equal(GLEnum.NoError, gl.GetError());
    }

    [GraphicsFact]
    public void Without_a_context_there_are_no_calls_to_take()
    {
        var e = Assert.Throws<GraphicsException>(ContextGL.OfCurrent);
        Assert.Contains("no OpenGL context is current", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_driver_that_lacks_a_call_is_refused_by_the_calls_name()
    {
        var e = Assert.Throws<GraphicsException>(() => ContextGL.Of(_ => 0));
        Assert.Contains("has no glGetString", e.Message, StringComparison.Ordinal);
    }

    [GraphicsTheory]
    [InlineData("void main() { gl_Position = missing; }", "void main() { }", "a shader cannot be compiled: .*missing")]
    [InlineData("void main() { gl_Position = vec4(0); }", "varying lowp vec4 absent; void main() { gl_FragColor = absent; }", "the shaders cannot be linked: .*absent")]
    public void Shaders_that_the_driver_refuses_are_reported_in_its_words(string vertex, string fragment, string message)
    {
        using GraphicsDevice device = GraphicsDevice.Open(EglDisplay.OpenSurfaceless(), GlVersion.Es2);

        var e = Assert.Throws<GraphicsException>(() => PictureShader.Link(device.GL, $"#version 100\n{vertex}", $"#version 100\n{fragment}"));

        Assert.Matches(message, e.Message);
        Assert.DoesNotContain('\0', e.Message);
    }
}
