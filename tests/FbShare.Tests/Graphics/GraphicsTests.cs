using FbShare.Capture;
using FbShare.Graphics;
using FbShare.Pictures;
using Silk.NET.OpenGL;
using Xunit;

namespace FbShare.Tests.Graphics;

/// <summary>Drawing with whatever driver the machine has; here that is the software one.</summary>
public class GraphicsTests
{
    public static TheoryData<string, bool> VersionsAndFormats()
    {
        var data = new TheoryData<string, bool>();
        foreach (string version in (string[])["es2", "es3", "gl"])
        {
            data.Add(version, false);
            data.Add(version, true);
        }
        return data;
    }

    [GraphicsTheory]
    [MemberData(nameof(VersionsAndFormats))]
    public void An_uploaded_picture_is_drawn_pixel_by_pixel_in_every_format(string version, bool window)
    {
        using GraphicsDevice device = Open(version);
        foreach (DrmFormat format in DrmFormats.All)
        {
            // An odd width, and rows padded by 0, 6, 12 or 18 bytes: not always whole pixels.
            int stride = (37 * 4) + (DrmFormats.All.IndexOf(format) % 4 * 6);
            (byte[] bytes, FrameLayout layout) = RandomPicture(format, 37, 29, stride);
            using var texture = new UploadTexture(device.GL, layout);
            texture.Upload(bytes, layout.Bounds);
            using var target = new OffscreenTarget(device.GL, 37, 29);

            target.Bind();
            device.Renderer.Draw(texture.Picture, layout.Bounds, (37, 29), window, smooth: true);

            AssertEqual(Picture.Copy(layout, bytes), target.Read(), upsideDown: window);
        }
    }

    /// <summary>Where a processor draws, some of these are moved rows, and parts of the others too.</summary>
    [GraphicsTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_window_without_alpha_shows_every_format_wherever_the_picture_lies_in_it(bool window)
    {
        using GraphicsDevice device = Open("es3");
        ContextGL gl = device.GL;
        uint texture = Textures.Create(gl, InternalFormat.Rgb8, PixelFormat.Rgb, 100, 80);
        uint framebuffer = gl.GenFramebuffer();
        gl.BindFramebuffer(FramebufferTarget.Framebuffer, framebuffer);
        gl.FramebufferTexture2D(FramebufferTarget.Framebuffer, FramebufferAttachment.ColorAttachment0, TextureTarget.Texture2D, texture, 0);
        foreach (DrmFormat format in DrmFormats.All)
        {
            (byte[] bytes, FrameLayout layout) = RandomPicture(format, 60, 50, 240);
            using var whole = new UploadTexture(gl, layout);
            whole.Upload(bytes, layout.Bounds);
            using PictureTexture bands = Cut(gl, bytes, layout, 17, 18, 50);
            byte[] rgba = Picture.Copy(layout, bytes).ToRgba();
            foreach ((PictureTexture picture, int x, int y) in ((PictureTexture, int, int)[])[(whole.Picture, 0, 0), (whole.Picture, 31, 23), (bands, 31, 23), (bands, 70, 60)])
            {
                gl.ClearColor(1, 0, 1, 1);
                gl.BindFramebuffer(FramebufferTarget.Framebuffer, framebuffer);
                gl.Clear(ClearBufferMask.ColorBufferBit);

                device.Renderer.Draw(picture, new Rect(x, y, 60, 50), (100, 80), window, smooth: false);

                byte[] seen = new byte[100 * 80 * 4];
                gl.BindFramebuffer(FramebufferTarget.Framebuffer, framebuffer);
                gl.ReadPixels(0, 0, 100, 80, PixelFormat.Rgba, PixelType.UnsignedByte, out seen[0]);
                for (int row = 0; row < 80; row++)
                {
                    for (int column = 0; column < 100; column++)
                    {
                        bool isInside = column >= x && column < x + 60 && row >= y && row < y + 50;
                        ReadOnlySpan<byte> expected = isInside ? rgba.AsSpan((((row - y) * 60) + column - x) * 4, 3) : [255, 0, 255];
                        Assert.True(expected.SequenceEqual(seen.AsSpan((((window ? 79 - row : row) * 100) + column) * 4, 3)), $"{format} at {x},{y}: {column},{row}");
                    }
                }
            }
        }
        gl.DeleteFramebuffer(framebuffer);
        gl.DeleteTexture(texture);
    }

    [GraphicsTheory]
    [InlineData("es2")]
    [InlineData("es3")]
    [InlineData("gl")]
    public void Only_the_damage_is_uploaded(string version)
    {
        using GraphicsDevice device = Open(version);
        var random = new Random(3);
        (byte[] shown, FrameLayout layout) = RandomPicture(DrmFormat.XR24, 61, 47, (61 * 4) + 12);
        using var texture = new UploadTexture(device.GL, layout);
        using var target = new OffscreenTarget(device.GL, 61, 47);
        texture.Upload(shown, layout.Bounds);
        for (int round = 0; round < 20; round++)
        {
            (byte[] next, _) = RandomPicture(DrmFormat.XR24, 61, 47, layout.Stride, seed: round + 100);
            var damage = new Rect(random.Next(61), random.Next(47), random.Next(1, 40), random.Next(1, 40));
            texture.Upload(next, damage);
            for (int y = damage.Y; y < Math.Min(damage.Bottom, 47); y++)
            {
                int begin = (y * layout.Stride) + (damage.X * 4);
                int length = (Math.Min(damage.Right, 61) - damage.X) * 4;
                next.AsSpan(begin, length).CopyTo(shown.AsSpan(begin));
            }

            target.Bind();
            device.Renderer.Draw(texture.Picture, layout.Bounds, (61, 47), isWindow: false, smooth: false);

            AssertEqual(Picture.Copy(layout, shown), target.Read(), upsideDown: false);
        }
    }

    [GraphicsTheory]
    [InlineData(2.0)]
    [InlineData(0.7)]
    [InlineData(1.0)]
    public void Bands_are_drawn_without_seams_at_any_size(double scale)
    {
        using GraphicsDevice device = Open("es3");
        (byte[] bytes, FrameLayout layout) = RandomPicture(DrmFormat.XR24, 40, 50, 160);
        using var whole = new UploadTexture(device.GL, layout);
        whole.Upload(bytes, layout.Bounds);
        using PictureTexture bands = Cut(device.GL, bytes, layout, 17, 18, 50);
        (int width, int height) = ((int)(40 * scale), (int)(50 * scale));

        Picture expected = Draw(whole.Picture);
        Picture actual = Draw(bands);

        AssertEqual(expected, actual, upsideDown: false);

        Picture Draw(PictureTexture picture)
        {
            using var target = new OffscreenTarget(device.GL, width, height);
            target.Bind();
            device.Renderer.Draw(picture, new Rect(0, 0, width, height), (width, height), isWindow: false, smooth: true);
            return target.Read();
        }
    }

    [GraphicsFact]
    public void A_fence_is_reached_once_the_drawing_is_done()
    {
        using GraphicsDevice device = Open("es3");
        using var target = new OffscreenTarget(device.GL, 500, 500);
        target.Bind();
        device.Renderer.Draw(target.Picture, new Rect(0, 0, 500, 500), (500, 500), isWindow: false, smooth: false);

        using var fence = new EglFence(device.Display);

        Assert.True(fence.Wait(TimeSpan.FromSeconds(20)));
        Assert.True(fence.Wait(TimeSpan.Zero));
    }

    [GraphicsFact]
    public void A_driver_without_the_extension_says_so_and_still_draws()
    {
        using EglDisplay display = EglDisplay.OpenSurfaceless();
        using EglContext context = EglContext.Create(display, GlVersion.Es3);
        ContextGL gl = ContextGL.OfCurrent();
        if (display.Has("EGL_EXT_image_dma_buf_import"))
        {
            _ = new DmaBufImporter(display, gl, ImportKind.Texture);
            return;
        }

        var e = Assert.Throws<GraphicsException>(() => new DmaBufImporter(display, gl, ImportKind.Texture));

        Assert.Contains("EGL_EXT_image_dma_buf_import is missing", e.Message, StringComparison.Ordinal);
    }

    [GraphicsFact]
    public void A_node_that_is_none_is_refused_with_a_sentence()
    {
        var e = Assert.Throws<GraphicsException>(() => EglDisplay.OpenGbm("/dev/no-such-node"));
        Assert.Contains("/dev/no-such-node", e.Message, StringComparison.Ordinal);
    }

    internal static void AssertEqual(Picture expected, Picture actual, bool upsideDown)
    {
        byte[] rgba = expected.ToRgba();
        if (upsideDown)
        {
            rgba = [.. rgba.Chunk(expected.Width * 4).Reverse().SelectMany(row => row)];
        }
        byte[] drawn = actual.ToRgba();
        int difference = rgba.AsSpan().CommonPrefixLength(drawn);
        Assert.True(rgba.Length == drawn.Length && difference == rgba.Length, $"{expected.Format}: differs from byte {difference} on");
    }

    internal static (byte[] Bytes, FrameLayout Layout) RandomPicture(DrmFormat format, int width, int height, int stride, int seed = 1)
    {
        byte[] bytes = new byte[stride * height];
        new Random(seed).NextBytes(bytes);
        Assert.True(FrameLayout.TryCreate(format, (uint)width, (uint)height, (uint)stride, 0, bytes.Length, out FrameLayout layout, out string? why), why);
        return (bytes, layout);
    }

    private static GraphicsDevice Open(string version) => GraphicsDevice.Open(EglDisplay.OpenSurfaceless(), version switch
    {
        "es2" => GlVersion.Es2,
        "es3" => GlVersion.Es3,
        _ => GlVersion.Desktop,
    });

    /// <summary>The picture as textures of some rows each, as an import in bands would be.</summary>
    private static PictureTexture Cut(ContextGL gl, byte[] bytes, FrameLayout layout, params int[] ends)
    {
        var bands = new List<PictureTexture.Band>();
        int y = 0;
        foreach (int end in ends)
        {
            uint texture = Textures.Create(gl, TextureTarget.Texture2D);
            gl.TexImage2D(
                TextureTarget.Texture2D, 0, InternalFormat.Rgba8, (uint)layout.Width, (uint)(end - y), 0, PixelFormat.Rgba, PixelType.UnsignedByte, in bytes[y * layout.Stride]);
            bands.Add(new PictureTexture.Band(texture, y, end - y, null));
            y = end;
        }
        return new PictureTexture(gl, layout.Width, layout.Height, TexelOrder.Uploaded(layout.Format, asBgra: false), isExternal: false, [.. bands]);
    }
}

/// <summary>Runs where EGL can draw without a window.</summary>
public sealed class GraphicsFactAttribute : FactAttribute
{
    public GraphicsFactAttribute() => Skip = Missing;

    /// <summary>What is missing; null if nothing is.</summary>
    internal static string? Missing { get; } = Find();

    private static string? Find()
    {
        try
        {
            using EglDisplay display = EglDisplay.OpenSurfaceless();
            return null;
        }
        catch (GraphicsException e)
        {
            return e.Message;
        }
    }
}

/// <inheritdoc cref="GraphicsFactAttribute"/>
public sealed class GraphicsTheoryAttribute : TheoryAttribute
{
    public GraphicsTheoryAttribute() => Skip = GraphicsFactAttribute.Missing;
}
