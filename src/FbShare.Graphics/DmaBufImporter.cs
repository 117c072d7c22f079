using FbShare.Pictures;
using Silk.NET.OpenGL;

namespace FbShare.Graphics;

/// <summary>Makes textures of dma-bufs without copying (EGL_EXT_image_dma_buf_import): what is in the pages is in the texture.</summary>
/// <remarks>Belongs to the context that was current when it was made.</remarks>
public sealed class DmaBufImporter
{
    /// <summary>Every driver that imports anything knows this one; pixels of another can be declared as this one, and the shader puts them right.</summary>
    private const DrmFormat Common = DrmFormat.AR24;

    private readonly EglDisplay _display;
    private readonly ContextGL _gl;
    private readonly Dictionary<DrmFormat, Support> _formats;

    /// <summary>Asks the driver what it can import.</summary>
    /// <param name="display">The context's display.</param>
    /// <param name="gl">The context, which is current.</param>
    /// <param name="kind">One of <see cref="KindsOf"/>.</param>
    /// <exception cref="GraphicsException">It cannot import dma-bufs.</exception>
    public DmaBufImporter(EglDisplay display, ContextGL gl, ImportKind kind)
    {
        _display = display;
        _gl = gl;
        Kind = kind;
        if (!display.Has("EGL_EXT_image_dma_buf_import"))
        {
            throw new GraphicsException($"{display} cannot import dma-bufs (EGL_EXT_image_dma_buf_import is missing; Mesa's llvmpipe has it from 24.1 on, but not under X11)");
        }
        _formats = QueryFormats();
    }

    /// <summary>What imports become, except for formats that the driver samples as external textures only.</summary>
    public ImportKind Kind { get; }

    /// <summary>What imports can become in a context, the best first.</summary>
    public static IReadOnlyList<ImportKind> KindsOf(ContextGL gl)
    {
        var kinds = new List<ImportKind>();
        if (gl.IsExtensionPresent("GL_OES_EGL_image"))
        {
            kinds.Add(ImportKind.Texture);
        }
        if (gl.IsExtensionPresent("GL_EXT_EGL_image_storage"))
        {
            kinds.Add(ImportKind.Storage);
        }
        if (HasExternal(gl))
        {
            kinds.Add(ImportKind.External);
        }
        return kinds;
    }

    /// <summary>The importer whose pictures are right, tried kind by kind with a known picture.</summary>
    /// <param name="display">The context's display.</param>
    /// <param name="gl">The context, which is current.</param>
    /// <param name="renderer">Draws what was imported, to see whether it is right.</param>
    /// <param name="probe">Whether there is one, and why.</param>
    /// <returns>Null where imports cannot be trusted.</returns>
    public static DmaBufImporter? Find(EglDisplay display, ContextGL gl, PictureRenderer renderer, out ImportProbe probe)
    {
        probe = new ImportProbe(ImportVerdict.Refused, $"{display} cannot make textures of what it imports (GL_OES_EGL_image is missing)");
        foreach (ImportKind kind in KindsOf(gl))
        {
            try
            {
                var importer = new DmaBufImporter(display, gl, kind);
                probe = ImportProbe.Run(gl, importer, renderer);
                if (probe.IsTrusted)
                {
                    return importer;
                }
            }
            catch (GraphicsException e)
            {
                probe = new ImportProbe(ImportVerdict.Refused, e.Message);
            }
        }
        return null;
    }

    /// <summary>Imports a frame.</summary>
    /// <param name="frame">Stays the caller's, who may close its descriptors afterwards: the driver keeps the pages.</param>
    /// <returns>Textures that show what is in the pages at the time of drawing.</returns>
    /// <exception cref="GraphicsException">The driver refused.</exception>
    public PictureTexture Import(DmaBufFrame frame)
    {
        bool isKnown = _formats.TryGetValue(frame.Format, out Support support);
        DrmFormat told = isKnown || !_formats.TryGetValue(Common, out support) ? frame.Format : Common;
        TexelOrder order = told == frame.Format ? TexelOrder.Known(told) : TexelOrder.ToldAs(told, frame.Format);
        ImportKind kind = support.ExternalOnly && HasExternal(_gl) ? ImportKind.External : Kind;
        bool isExternal = kind == ImportKind.External;
        var bands = new List<PictureTexture.Band>(frame.Bands.Count);
        try
        {
            foreach (DmaBufBand band in frame.Bands)
            {
                if (Math.Max(frame.Width, band.Height) > _gl.MaxTextureSize)
                {
                    throw new GraphicsException($"a picture of {frame.Width}x{band.Height} is larger than this driver's textures ({_gl.MaxTextureSize})");
                }
                EglImage image = EglImage.Import(_display, told, frame.Width, band, support.Linear);
                bands.Add(new PictureTexture.Band(Textures.Create(_gl, isExternal ? ContextGL.TextureExternalOes : TextureTarget.Texture2D), band.Y, band.Height, image));
                Attach(kind, image);
            }
            return new PictureTexture(_gl, frame.Width, frame.Height, order, isExternal, [.. bands]);
        }
        catch
        {
            foreach (PictureTexture.Band band in bands)
            {
                _gl.DeleteTexture(band.Texture);
                band.Image!.Dispose();
            }
            throw;
        }
    }

    private static bool HasExternal(ContextGL gl) =>
        gl.Version.IsEmbedded && gl.IsExtensionPresent(gl.Version.Major >= 3 ? "GL_OES_EGL_image_external_essl3" : "GL_OES_EGL_image_external");

    /// <summary>Makes the image the bound texture's content.</summary>
    private void Attach(ImportKind kind, EglImage image)
    {
        while (_gl.GetError() != GLEnum.NoError)
        {
            // Errors of earlier calls are not this one's.
        }
        switch (kind)
        {
            case ImportKind.Texture:
                _gl.EGLImageTargetTexture2D(TextureTarget.Texture2D, image.DangerousGetHandle());
                break;
            case ImportKind.Storage:
                _gl.EGLImageTargetTexStorage(TextureTarget.Texture2D, image.DangerousGetHandle());
                break;
            default:
                _gl.EGLImageTargetTexture2D(ContextGL.TextureExternalOes, image.DangerousGetHandle());
                break;
        }
        GLEnum error = _gl.GetError();
        if (error != GLEnum.NoError)
        {
            throw new GraphicsException($"{_display} cannot make a texture of an imported dma-buf: OpenGL error 0x{(uint)error:x}");
        }
    }

    /// <summary>The formats the driver lists, and how; without lists (EGL_EXT_image_dma_buf_import_modifiers) all eight are assumed, without the modifier.</summary>
    private unsafe Dictionary<DrmFormat, Support> QueryFormats()
    {
        var formats = new Dictionary<DrmFormat, Support>();
        if (!_display.Has("EGL_EXT_image_dma_buf_import_modifiers"))
        {
            foreach (DrmFormat format in DrmFormats.All)
            {
                formats[format] = default;
            }
            return formats;
        }
        var queryFormats = (delegate* unmanaged<nint, int, int*, int*, int>)Egl.eglGetProcAddress("eglQueryDmaBufFormatsEXT");
        var queryModifiers = (delegate* unmanaged<nint, int, int, ulong*, int*, int*, int>)Egl.eglGetProcAddress("eglQueryDmaBufModifiersEXT");
        const int Capacity = 512;
        // SAFETY: the extension's own signatures. The driver writes at most as many entries as it is told there is room for, and says how many.
        int* listed = stackalloc int[Capacity];
        int count;
        if (queryFormats(_display.Handle, Capacity, listed, &count) == Egl.EGL_FALSE)
        {
            count = 0;
        }
        ulong* modifiers = stackalloc ulong[Capacity];
        int* external = stackalloc int[Capacity];
        foreach (int fourcc in new ReadOnlySpan<int>(listed, count))
        {
            var format = (DrmFormat)(uint)fourcc;
            if (!Enum.IsDefined(format))
            {
                continue;
            }
            int modifierCount;
            if (queryModifiers(_display.Handle, fourcc, Capacity, modifiers, external, &modifierCount) == Egl.EGL_FALSE)
            {
                modifierCount = 0;
            }
            int linear = new ReadOnlySpan<ulong>(modifiers, modifierCount).IndexOf(Egl.DRM_FORMAT_MOD_LINEAR);
            formats[format] = new Support(linear >= 0, linear >= 0 && external[linear] != 0);
        }
        return formats;
    }

    /// <param name="Linear">The driver lists the modifier LINEAR for the format.</param>
    /// <param name="ExternalOnly">It may only be sampled as samplerExternalOES.</param>
    private readonly record struct Support(bool Linear, bool ExternalOnly);
}

/// <summary>What an imported picture becomes.</summary>
public enum ImportKind
{
    /// <summary>An ordinary texture (GL_OES_EGL_image).</summary>
    Texture,

    /// <summary>An ordinary texture of fixed size (GL_EXT_EGL_image_storage).</summary>
    Storage,

    /// <summary>A texture that only samplerExternalOES can read (GL_OES_EGL_image_external): OpenGL ES alone has it.</summary>
    External,
}
