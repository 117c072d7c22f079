using Silk.NET.Core.Contexts;
using Silk.NET.OpenGL;

namespace FbShare.Graphics;

/// <summary>The current context's OpenGL or OpenGL ES: Silk.NET's calls, found through eglGetProcAddress, with what that package
/// lacks: which version and driver this is, its extensions in every version, and the calls that make textures of EGL images.</summary>
/// <remarks>Used on the context's thread only.</remarks>
public sealed class ContextGL : GL
{
    /// <summary>GL_TEXTURE_EXTERNAL_OES (GL_OES_EGL_image_external).</summary>
    public const TextureTarget TextureExternalOes = (TextureTarget)0x8D65;

    private readonly HashSet<string> _extensions;

    private ContextGL(INativeContext loader)
        : base(loader)
    {
        string version = GetStringS(StringName.Version) ?? "";
        Version = GlVersion.TryParse(version, out GlVersion parsed)
            ? parsed
            : throw new GraphicsException(version.Length == 0 ? "no OpenGL context is current" : $"OpenGL version \"{version}\" cannot be read");
        Renderer = GetStringS(StringName.Renderer) ?? "";
        MaxTextureSize = GetInteger(GetPName.MaxTextureSize);
        _extensions = [.. ListExtensions()];
    }

    /// <summary>GL_RENDERER.</summary>
    public string Renderer { get; }

    /// <summary>The context's version.</summary>
    public GlVersion Version { get; }

    /// <summary>GL_MAX_TEXTURE_SIZE in pixels.</summary>
    public int MaxTextureSize { get; }

    /// <summary>A driver that draws with the CPU.</summary>
    public bool IsSoftware => Renderer.StartsWith("llvmpipe", StringComparison.Ordinal) || Renderer.StartsWith("softpipe", StringComparison.Ordinal)
        || Renderer.Contains("swrast", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether textures may have their bytes in the order B, G, R, A.</summary>
    public bool HasBgra => !Version.IsEmbedded || IsExtensionPresent("GL_EXT_texture_format_BGRA8888");

    /// <summary>Takes the calls of the context that is current on this thread.</summary>
    /// <exception cref="GraphicsException">None is, or it is too old.</exception>
    public static ContextGL OfCurrent()
    {
        Egl.Load();
        return Of(Egl.eglGetProcAddress);
    }

    /// <summary>Whether the context lists an extension.</summary>
    /// <param name="extension">Its name, with or without GL_ before it.</param>
    /// <remarks>The package's own asks for a number of extensions, which OpenGL ES 2 does not tell.</remarks>
    public override bool IsExtensionPresent(string extension) =>
        _extensions.Contains(extension.StartsWith("GL_", StringComparison.Ordinal) ? extension : $"GL_{extension}");

    /// <summary>Makes an EGLImage the content of the bound texture (GL_OES_EGL_image, GL_OES_EGL_image_external).</summary>
    public unsafe void EGLImageTargetTexture2D(TextureTarget target, nint image) =>
        // SAFETY: the extension's own signature; image is an EGLImage, and a driver without the extension gives no address, which throws.
        ((delegate* unmanaged<TextureTarget, nint, void>)Context.GetProcAddress("glEGLImageTargetTexture2DOES"))(target, image);

    /// <summary>The same, and the texture can never be given another size or format (GL_EXT_EGL_image_storage).</summary>
    public unsafe void EGLImageTargetTexStorage(TextureTarget target, nint image)
    {
        // SAFETY: as above; the list of attributes is its end only, and is read during the call.
        int noAttributes = (int)GLEnum.None;
        ((delegate* unmanaged<TextureTarget, nint, int*, void>)Context.GetProcAddress("glEGLImageTargetTexStorageEXT"))(target, image, &noAttributes);
    }

    /// <inheritdoc cref="OfCurrent"/>
    /// <param name="getProcAddress">Finds a call by its name; 0 where there is none.</param>
    internal static ContextGL Of(Func<string, nint> getProcAddress) => new(new LamdaNativeContext(name =>
        getProcAddress(name) is var call and not 0 ? call : throw new GraphicsException($"this OpenGL driver has no {name}: a newer one is needed")));

    private IEnumerable<string> ListExtensions() => Version.Major < 3
        ? (GetStringS(StringName.Extensions) ?? "").Split(' ')
        : Enumerable.Range(0, GetInteger(GetPName.NumExtensions)).Select(i => GetStringS(StringName.Extensions, (uint)i));
}
