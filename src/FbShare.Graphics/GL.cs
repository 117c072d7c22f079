using System.Runtime.InteropServices;
using System.Text;

namespace FbShare.Graphics;

/// <summary>The current context's OpenGL: what it is, what it can do, and the calls in the shapes that C# likes.</summary>
/// <remarks>Used on the context's thread only.</remarks>
public sealed unsafe partial class GL
{
    private readonly HashSet<string> _extensions = [];

    /// <summary>GL_RENDERER.</summary>
    public string Renderer { get; private set; } = "";

    /// <summary>The context's version.</summary>
    public GlVersion Version { get; private set; }

    /// <summary>GL_MAX_TEXTURE_SIZE in pixels.</summary>
    public int MaxTextureSize { get; private set; }

    /// <summary>A driver that draws with the CPU.</summary>
    public bool IsSoftware => Renderer.StartsWith("llvmpipe", StringComparison.Ordinal) || Renderer.StartsWith("softpipe", StringComparison.Ordinal)
        || Renderer.Contains("swrast", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether textures may have their bytes in the order B, G, R, A.</summary>
    public bool HasBgra => !Version.IsEmbedded || Has("GL_EXT_texture_format_BGRA8888");

    /// <summary>Takes the calls of the context that is current on this thread.</summary>
    /// <exception cref="GraphicsException">None is, or it is too old.</exception>
    public static GL GetApi()
    {
        Egl.Load();
        var gl = new GL(Egl.eglGetProcAddress);
        string version = gl.GetString(GLEnum.Version);
        gl.Version = ParseVersion(version) is { } parsed
            ? parsed
            : throw new GraphicsException(version.Length == 0 ? "no OpenGL context is current" : $"OpenGL version \"{version}\" cannot be read");
        gl.Renderer = gl.GetString(GLEnum.Renderer);
        gl.MaxTextureSize = gl.GetInteger(GLEnum.MaxTextureSize);
        gl.ReadExtensions();
        return gl;
    }

    /// <summary>Whether the context lists an extension.</summary>
    public bool Has(string extension) => _extensions.Contains(extension);

    public string GetString(GLEnum name) => Marshal.PtrToStringUTF8((nint)GetStringRaw(name)) ?? "";

    public int GetInteger(GLEnum name)
    {
        int value = 0;
        GetIntegerv(name, &value);
        return value;
    }

    public uint GenTexture()
    {
        uint name;
        GenTextures(1, &name);
        return name;
    }

    public void DeleteTexture(uint texture) => DeleteTextures(1, &texture);

    public uint GenVertexArray()
    {
        uint name;
        GenVertexArrays(1, &name);
        return name;
    }

    public void DeleteVertexArray(uint array) => DeleteVertexArrays(1, &array);

    public uint GenBuffer()
    {
        uint name;
        GenBuffers(1, &name);
        return name;
    }

    public void DeleteBuffer(uint buffer) => DeleteBuffers(1, &buffer);

    public uint GenFramebuffer()
    {
        uint name;
        GenFramebuffers(1, &name);
        return name;
    }

    public void DeleteFramebuffer(uint framebuffer) => DeleteFramebuffers(1, &framebuffer);

    public int GetUniformLocation(uint program, ReadOnlySpan<byte> name)
    {
        fixed (byte* text = name)
        {
            return GetUniformLocationRaw(program, text);
        }
    }

    /// <summary>Compiles and links a program.</summary>
    /// <param name="attributes">Vertex attributes in the order of their locations, each name ended by zero.</param>
    /// <exception cref="GraphicsException">The driver's compiler refused; the message is its own.</exception>
    public uint BuildProgram(string vertex, string fragment, params ReadOnlySpan<string> attributes)
    {
        uint program = CreateProgram();
        uint first = Compile(GLEnum.VertexShader, vertex);
        uint second = Compile(GLEnum.FragmentShader, fragment);
        AttachShader(program, first);
        AttachShader(program, second);
        for (int i = 0; i < attributes.Length; i++)
        {
            fixed (byte* name = Encoding.UTF8.GetBytes(attributes[i] + "\0"))
            {
                BindAttribLocationRaw(program, (uint)i, name);
            }
        }
        LinkProgram(program);
        DeleteShader(first);
        DeleteShader(second);
        int linked;
        GetProgram(program, GLEnum.LinkStatus, &linked);
        if (linked == 0)
        {
            byte* log = stackalloc byte[2048];
            GetProgramInfoLogRaw(program, 2048, null, log);
            DeleteProgram(program);
            throw new GraphicsException($"the shaders cannot be linked: {Marshal.PtrToStringUTF8((nint)log)}");
        }
        return program;
    }

    private static GlVersion? ParseVersion(string text)
    {
        // "3.3 (Core Profile) Mesa 25" or "OpenGL ES 3.2 Mesa 25".
        const string Embedded = "OpenGL ES ";
        bool embedded = text.StartsWith(Embedded, StringComparison.Ordinal);
        string[] numbers = (embedded ? text[Embedded.Length..] : text).Split(' ')[0].Split('.');
        return numbers.Length >= 2 && int.TryParse(numbers[0], out int major) && int.TryParse(numbers[1], out int minor)
            ? new GlVersion(embedded, major, minor)
            : null;
    }

    private void ReadExtensions()
    {
        if (Version.Major < 3)
        {
            _extensions.UnionWith(GetString(GLEnum.Extensions).Split(' '));
            return;
        }
        int count = GetInteger(GLEnum.NumExtensions);
        for (uint i = 0; i < count; i++)
        {
            _extensions.Add(Marshal.PtrToStringUTF8((nint)GetStringiRaw(GLEnum.Extensions, i)) ?? "");
        }
    }

    private uint Compile(GLEnum type, string source)
    {
        uint shader = CreateShader(type);
        fixed (byte* text = Encoding.UTF8.GetBytes(source + "\0"))
        {
            byte* strings = text;
            ShaderSourceRaw(shader, 1, &strings, null);
        }
        CompileShader(shader);
        int compiled;
        GetShader(shader, GLEnum.CompileStatus, &compiled);
        if (compiled == 0)
        {
            byte* log = stackalloc byte[2048];
            GetShaderInfoLogRaw(shader, 2048, null, log);
            DeleteShader(shader);
            throw new GraphicsException($"a shader cannot be compiled: {Marshal.PtrToStringUTF8((nint)log)}");
        }
        return shader;
    }
}

/// <summary>OpenGL's numbers, by the names that Silk.NET.OpenGL gives them.</summary>
public enum GLEnum : uint
{
    NoError = 0,
    TriangleStrip = 0x0005,
    SrcAlpha = 0x0302,
    One = 1,
    OneMinusSrcAlpha = 0x0303,
    Blend = 0x0BE2,
    UnpackAlignment = 0x0CF5,
    UnpackRowLength = 0x0CF2,
    PackAlignment = 0x0D05,
    MaxTextureSize = 0x0D33,
    Texture2D = 0x0DE1,
    UnsignedByte = 0x1401,
    Float = 0x1406,
    Rgba = 0x1908,
    Bgra = 0x80E1,
    Vendor = 0x1F00,
    Renderer = 0x1F01,
    Version = 0x1F02,
    Extensions = 0x1F03,
    Nearest = 0x2600,
    Linear = 0x2601,
    TextureMagFilter = 0x2800,
    TextureMinFilter = 0x2801,
    TextureWrapS = 0x2802,
    TextureWrapT = 0x2803,
    ColorBufferBit = 0x4000,
    Rgba8 = 0x8058,
    ClampToEdge = 0x812F,
    NumExtensions = 0x821D,
    Texture0 = 0x84C0,
    ArrayBuffer = 0x8892,
    StaticDraw = 0x88E4,
    FragmentShader = 0x8B30,
    VertexShader = 0x8B31,
    CompileStatus = 0x8B81,
    LinkStatus = 0x8B82,
    FramebufferComplete = 0x8CD5,
    ColorAttachment0 = 0x8CE0,
    ReadFramebuffer = 0x8CA8,
    Framebuffer = 0x8D40,
    TextureExternalOes = 0x8D65,
}
