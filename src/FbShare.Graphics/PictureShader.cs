using System.Numerics;
using Silk.NET.OpenGL;

namespace FbShare.Graphics;

/// <summary>The program that draws a rectangle of texels: assets/picture.vert.glsl and picture.frag.glsl.</summary>
internal sealed class PictureShader : IDisposable
{
    /// <summary>The vertex attribute of the rectangle's corners.</summary>
    public const uint Corner = 0;

    private readonly GL _gl;
    private readonly uint _program;
    private readonly int _place;
    private readonly int _order;
    private readonly int _bias;

    /// <param name="language">Whose shading language to use.</param>
    /// <param name="isExternal">Whether it reads textures that only samplerExternalOES can read.</param>
    /// <exception cref="GraphicsException">The driver's compiler refused; the message has its own words.</exception>
    public PictureShader(GL gl, GlVersion language, bool isExternal)
    {
        _gl = gl;
        string head = language switch
        {
            { IsEmbedded: true, Major: 2 } => "#version 100\n",
            { IsEmbedded: true } => "#version 300 es\n",
            _ => "#version 330 core\n",
        };
        _program = Link(gl, head + Read("picture.vert.glsl"), head + (isExternal ? "#define EXTERNAL\n" : "") + Read("picture.frag.glsl"));
        _place = gl.GetUniformLocation(_program, "place");
        _order = gl.GetUniformLocation(_program, "order");
        _bias = gl.GetUniformLocation(_program, "bias");
    }

    /// <summary>Draws with it from now on.</summary>
    /// <param name="order">What the texels' components are.</param>
    public void Use(TexelOrder order)
    {
        _gl.UseProgram(_program);
        _gl.UniformMatrix4(_order, transpose: false, order.Matrix);
        SetVector(_bias, new Vector4(0, 0, 0, order.IsOpaque ? 1 : 0));
    }

    /// <summary>Where the rectangle's first corner is and how far the opposite one is from it, in clip coordinates.</summary>
    public void Place(double x, double y, double width, double height) =>
        SetVector(_place, new Vector4((float)x, (float)y, (float)width, (float)height));

    public void Dispose() => _gl.DeleteProgram(_program);

    /// <summary>Compiles and links a program.</summary>
    /// <returns>Its name; whoever takes it deletes it.</returns>
    /// <exception cref="GraphicsException">The driver's compiler refused; the message has its own words.</exception>
    public static uint Link(GL gl, string vertex, string fragment)
    {
        uint program = gl.CreateProgram();
        uint first = Compile(gl, ShaderType.VertexShader, vertex);
        uint second = Compile(gl, ShaderType.FragmentShader, fragment);
        gl.AttachShader(program, first);
        gl.AttachShader(program, second);
        gl.BindAttribLocation(program, Corner, "corner");
        gl.LinkProgram(program);
        gl.DeleteShader(first);
        gl.DeleteShader(second);
        if (gl.GetProgram(program, ProgramPropertyARB.LinkStatus) == 0)
        {
            string log = gl.GetProgramInfoLog(program);
            gl.DeleteProgram(program);
            throw new GraphicsException($"the shaders cannot be linked: {log}");
        }
        return program;
    }

    /// <summary>Sets a vec4. With four numbers instead, integers would choose glUniform4i, which a vec4 refuses without a word.</summary>
    private void SetVector(int location, Vector4 value) => _gl.Uniform4(location, value);

    private static uint Compile(GL gl, ShaderType type, string source)
    {
        uint shader = gl.CreateShader(type);
        gl.ShaderSource(shader, source);
        gl.CompileShader(shader);
        if (gl.GetShader(shader, ShaderParameterName.CompileStatus) == 0)
        {
            string log = gl.GetShaderInfoLog(shader);
            gl.DeleteShader(shader);
            throw new GraphicsException($"a shader cannot be compiled: {log}");
        }
        return shader;
    }

    /// <summary>A file of assets/, which is in this assembly.</summary>
    private static string Read(string name)
    {
        using var file = new StreamReader(typeof(PictureShader).Assembly.GetManifestResourceStream(name)!);
        return file.ReadToEnd();
    }
}
