namespace FbShare.Graphics;

/// <summary>The calls of OpenGL and OpenGL ES that are used here, found through eglGetProcAddress. Names as in Silk.NET.OpenGL,
/// which can take this file's place.</summary>
public sealed unsafe partial class GL
{
    private readonly delegate* unmanaged<GLEnum> _glGetError;
    private readonly delegate* unmanaged<GLEnum, byte*> _glGetString;
    private readonly delegate* unmanaged<GLEnum, uint, byte*> _glGetStringi;
    private readonly delegate* unmanaged<GLEnum, int*, void> _glGetIntegerv;
    private readonly delegate* unmanaged<int, uint*, void> _glGenTextures;
    private readonly delegate* unmanaged<int, uint*, void> _glDeleteTextures;
    private readonly delegate* unmanaged<GLEnum, void> _glActiveTexture;
    private readonly delegate* unmanaged<GLEnum, uint, void> _glBindTexture;
    private readonly delegate* unmanaged<GLEnum, GLEnum, int, void> _glTexParameteri;
    private readonly delegate* unmanaged<GLEnum, int, void> _glPixelStorei;
    private readonly delegate* unmanaged<GLEnum, int, int, int, int, int, GLEnum, GLEnum, void*, void> _glTexImage2D;
    private readonly delegate* unmanaged<GLEnum, int, int, int, int, int, GLEnum, GLEnum, void*, void> _glTexSubImage2D;
    private readonly delegate* unmanaged<GLEnum, uint> _glCreateShader;
    private readonly delegate* unmanaged<uint, int, byte**, int*, void> _glShaderSource;
    private readonly delegate* unmanaged<uint, void> _glCompileShader;
    private readonly delegate* unmanaged<uint, GLEnum, int*, void> _glGetShaderiv;
    private readonly delegate* unmanaged<uint, int, int*, byte*, void> _glGetShaderInfoLog;
    private readonly delegate* unmanaged<uint, void> _glDeleteShader;
    private readonly delegate* unmanaged<uint> _glCreateProgram;
    private readonly delegate* unmanaged<uint, uint, void> _glAttachShader;
    private readonly delegate* unmanaged<uint, uint, byte*, void> _glBindAttribLocation;
    private readonly delegate* unmanaged<uint, void> _glLinkProgram;
    private readonly delegate* unmanaged<uint, GLEnum, int*, void> _glGetProgramiv;
    private readonly delegate* unmanaged<uint, int, int*, byte*, void> _glGetProgramInfoLog;
    private readonly delegate* unmanaged<uint, void> _glUseProgram;
    private readonly delegate* unmanaged<uint, void> _glDeleteProgram;
    private readonly delegate* unmanaged<uint, byte*, int> _glGetUniformLocation;
    private readonly delegate* unmanaged<int, int, void> _glUniform1i;
    private readonly delegate* unmanaged<int, float, float, float, float, void> _glUniform4f;
    private readonly delegate* unmanaged<int, int, byte, float*, void> _glUniformMatrix4fv;
    private readonly delegate* unmanaged<int, uint*, void> _glGenVertexArrays;
    private readonly delegate* unmanaged<int, uint*, void> _glDeleteVertexArrays;
    private readonly delegate* unmanaged<uint, void> _glBindVertexArray;
    private readonly delegate* unmanaged<int, uint*, void> _glGenBuffers;
    private readonly delegate* unmanaged<int, uint*, void> _glDeleteBuffers;
    private readonly delegate* unmanaged<GLEnum, uint, void> _glBindBuffer;
    private readonly delegate* unmanaged<GLEnum, nint, void*, GLEnum, void> _glBufferData;
    private readonly delegate* unmanaged<uint, int, GLEnum, byte, int, void*, void> _glVertexAttribPointer;
    private readonly delegate* unmanaged<uint, void> _glEnableVertexAttribArray;
    private readonly delegate* unmanaged<GLEnum, int, int, void> _glDrawArrays;
    private readonly delegate* unmanaged<int, int, int, int, void> _glViewport;
    private readonly delegate* unmanaged<float, float, float, float, void> _glClearColor;
    private readonly delegate* unmanaged<uint, void> _glClear;
    private readonly delegate* unmanaged<GLEnum, void> _glEnable;
    private readonly delegate* unmanaged<GLEnum, void> _glDisable;
    private readonly delegate* unmanaged<GLEnum, GLEnum, void> _glBlendFunc;
    private readonly delegate* unmanaged<int, uint*, void> _glGenFramebuffers;
    private readonly delegate* unmanaged<int, uint*, void> _glDeleteFramebuffers;
    private readonly delegate* unmanaged<GLEnum, uint, void> _glBindFramebuffer;
    private readonly delegate* unmanaged<GLEnum, GLEnum, GLEnum, uint, int, void> _glFramebufferTexture2D;
    private readonly delegate* unmanaged<GLEnum, GLEnum> _glCheckFramebufferStatus;
    private readonly delegate* unmanaged<int, int, int, int, int, int, int, int, uint, GLEnum, void> _glBlitFramebuffer;
    private readonly delegate* unmanaged<int, int, int, int, GLEnum, GLEnum, void*, void> _glReadPixels;
    private readonly delegate* unmanaged<void> _glFlush;
    private readonly delegate* unmanaged<void> _glFinish;
    private readonly delegate* unmanaged<GLEnum, nint, void> _glEGLImageTargetTexture2DOES;
    private readonly delegate* unmanaged<GLEnum, nint, int*, void> _glEGLImageTargetTexStorageEXT;

    private GL(Func<string, nint> getProcAddress)
    {
        _glGetError = (delegate* unmanaged<GLEnum>)getProcAddress("glGetError");
        _glGetString = (delegate* unmanaged<GLEnum, byte*>)getProcAddress("glGetString");
        _glGetStringi = (delegate* unmanaged<GLEnum, uint, byte*>)getProcAddress("glGetStringi");
        _glGetIntegerv = (delegate* unmanaged<GLEnum, int*, void>)getProcAddress("glGetIntegerv");
        _glGenTextures = (delegate* unmanaged<int, uint*, void>)getProcAddress("glGenTextures");
        _glDeleteTextures = (delegate* unmanaged<int, uint*, void>)getProcAddress("glDeleteTextures");
        _glActiveTexture = (delegate* unmanaged<GLEnum, void>)getProcAddress("glActiveTexture");
        _glBindTexture = (delegate* unmanaged<GLEnum, uint, void>)getProcAddress("glBindTexture");
        _glTexParameteri = (delegate* unmanaged<GLEnum, GLEnum, int, void>)getProcAddress("glTexParameteri");
        _glPixelStorei = (delegate* unmanaged<GLEnum, int, void>)getProcAddress("glPixelStorei");
        _glTexImage2D = (delegate* unmanaged<GLEnum, int, int, int, int, int, GLEnum, GLEnum, void*, void>)getProcAddress("glTexImage2D");
        _glTexSubImage2D = (delegate* unmanaged<GLEnum, int, int, int, int, int, GLEnum, GLEnum, void*, void>)getProcAddress("glTexSubImage2D");
        _glCreateShader = (delegate* unmanaged<GLEnum, uint>)getProcAddress("glCreateShader");
        _glShaderSource = (delegate* unmanaged<uint, int, byte**, int*, void>)getProcAddress("glShaderSource");
        _glCompileShader = (delegate* unmanaged<uint, void>)getProcAddress("glCompileShader");
        _glGetShaderiv = (delegate* unmanaged<uint, GLEnum, int*, void>)getProcAddress("glGetShaderiv");
        _glGetShaderInfoLog = (delegate* unmanaged<uint, int, int*, byte*, void>)getProcAddress("glGetShaderInfoLog");
        _glDeleteShader = (delegate* unmanaged<uint, void>)getProcAddress("glDeleteShader");
        _glCreateProgram = (delegate* unmanaged<uint>)getProcAddress("glCreateProgram");
        _glAttachShader = (delegate* unmanaged<uint, uint, void>)getProcAddress("glAttachShader");
        _glBindAttribLocation = (delegate* unmanaged<uint, uint, byte*, void>)getProcAddress("glBindAttribLocation");
        _glLinkProgram = (delegate* unmanaged<uint, void>)getProcAddress("glLinkProgram");
        _glGetProgramiv = (delegate* unmanaged<uint, GLEnum, int*, void>)getProcAddress("glGetProgramiv");
        _glGetProgramInfoLog = (delegate* unmanaged<uint, int, int*, byte*, void>)getProcAddress("glGetProgramInfoLog");
        _glUseProgram = (delegate* unmanaged<uint, void>)getProcAddress("glUseProgram");
        _glDeleteProgram = (delegate* unmanaged<uint, void>)getProcAddress("glDeleteProgram");
        _glGetUniformLocation = (delegate* unmanaged<uint, byte*, int>)getProcAddress("glGetUniformLocation");
        _glUniform1i = (delegate* unmanaged<int, int, void>)getProcAddress("glUniform1i");
        _glUniform4f = (delegate* unmanaged<int, float, float, float, float, void>)getProcAddress("glUniform4f");
        _glUniformMatrix4fv = (delegate* unmanaged<int, int, byte, float*, void>)getProcAddress("glUniformMatrix4fv");
        _glGenVertexArrays = (delegate* unmanaged<int, uint*, void>)getProcAddress("glGenVertexArrays");
        _glDeleteVertexArrays = (delegate* unmanaged<int, uint*, void>)getProcAddress("glDeleteVertexArrays");
        _glBindVertexArray = (delegate* unmanaged<uint, void>)getProcAddress("glBindVertexArray");
        _glGenBuffers = (delegate* unmanaged<int, uint*, void>)getProcAddress("glGenBuffers");
        _glDeleteBuffers = (delegate* unmanaged<int, uint*, void>)getProcAddress("glDeleteBuffers");
        _glBindBuffer = (delegate* unmanaged<GLEnum, uint, void>)getProcAddress("glBindBuffer");
        _glBufferData = (delegate* unmanaged<GLEnum, nint, void*, GLEnum, void>)getProcAddress("glBufferData");
        _glVertexAttribPointer = (delegate* unmanaged<uint, int, GLEnum, byte, int, void*, void>)getProcAddress("glVertexAttribPointer");
        _glEnableVertexAttribArray = (delegate* unmanaged<uint, void>)getProcAddress("glEnableVertexAttribArray");
        _glDrawArrays = (delegate* unmanaged<GLEnum, int, int, void>)getProcAddress("glDrawArrays");
        _glViewport = (delegate* unmanaged<int, int, int, int, void>)getProcAddress("glViewport");
        _glClearColor = (delegate* unmanaged<float, float, float, float, void>)getProcAddress("glClearColor");
        _glClear = (delegate* unmanaged<uint, void>)getProcAddress("glClear");
        _glEnable = (delegate* unmanaged<GLEnum, void>)getProcAddress("glEnable");
        _glDisable = (delegate* unmanaged<GLEnum, void>)getProcAddress("glDisable");
        _glBlendFunc = (delegate* unmanaged<GLEnum, GLEnum, void>)getProcAddress("glBlendFunc");
        _glGenFramebuffers = (delegate* unmanaged<int, uint*, void>)getProcAddress("glGenFramebuffers");
        _glDeleteFramebuffers = (delegate* unmanaged<int, uint*, void>)getProcAddress("glDeleteFramebuffers");
        _glBindFramebuffer = (delegate* unmanaged<GLEnum, uint, void>)getProcAddress("glBindFramebuffer");
        _glFramebufferTexture2D = (delegate* unmanaged<GLEnum, GLEnum, GLEnum, uint, int, void>)getProcAddress("glFramebufferTexture2D");
        _glCheckFramebufferStatus = (delegate* unmanaged<GLEnum, GLEnum>)getProcAddress("glCheckFramebufferStatus");
        _glBlitFramebuffer = (delegate* unmanaged<int, int, int, int, int, int, int, int, uint, GLEnum, void>)getProcAddress("glBlitFramebuffer");
        _glReadPixels = (delegate* unmanaged<int, int, int, int, GLEnum, GLEnum, void*, void>)getProcAddress("glReadPixels");
        _glFlush = (delegate* unmanaged<void>)getProcAddress("glFlush");
        _glFinish = (delegate* unmanaged<void>)getProcAddress("glFinish");
        _glEGLImageTargetTexture2DOES = (delegate* unmanaged<GLEnum, nint, void>)getProcAddress("glEGLImageTargetTexture2DOES");
        _glEGLImageTargetTexStorageEXT = (delegate* unmanaged<GLEnum, nint, int*, void>)getProcAddress("glEGLImageTargetTexStorageEXT");
    }

    public GLEnum GetError() => _glGetError();

    private byte* GetStringRaw(GLEnum name) => _glGetString(name);

    private byte* GetStringiRaw(GLEnum name, uint index) => _glGetStringi(name, index);

    private void GetIntegerv(GLEnum name, int* data) => _glGetIntegerv(name, data);

    private void GenTextures(int n, uint* textures) => _glGenTextures(n, textures);

    private void DeleteTextures(int n, uint* textures) => _glDeleteTextures(n, textures);

    public void ActiveTexture(GLEnum texture) => _glActiveTexture(texture);

    public void BindTexture(GLEnum target, uint texture) => _glBindTexture(target, texture);

    public void TexParameter(GLEnum target, GLEnum name, int value) => _glTexParameteri(target, name, value);

    public void PixelStore(GLEnum name, int value) => _glPixelStorei(name, value);

    public void TexImage2D(GLEnum target, int level, int internalFormat, int width, int height, int border, GLEnum format, GLEnum type, void* pixels) => _glTexImage2D(target, level, internalFormat, width, height, border, format, type, pixels);

    public void TexSubImage2D(GLEnum target, int level, int x, int y, int width, int height, GLEnum format, GLEnum type, void* pixels) => _glTexSubImage2D(target, level, x, y, width, height, format, type, pixels);

    public uint CreateShader(GLEnum type) => _glCreateShader(type);

    private void ShaderSourceRaw(uint shader, int count, byte** strings, int* lengths) => _glShaderSource(shader, count, strings, lengths);

    public void CompileShader(uint shader) => _glCompileShader(shader);

    public void GetShader(uint shader, GLEnum name, int* value) => _glGetShaderiv(shader, name, value);

    private void GetShaderInfoLogRaw(uint shader, int capacity, int* length, byte* log) => _glGetShaderInfoLog(shader, capacity, length, log);

    public void DeleteShader(uint shader) => _glDeleteShader(shader);

    public uint CreateProgram() => _glCreateProgram();

    public void AttachShader(uint program, uint shader) => _glAttachShader(program, shader);

    private void BindAttribLocationRaw(uint program, uint index, byte* name) => _glBindAttribLocation(program, index, name);

    public void LinkProgram(uint program) => _glLinkProgram(program);

    public void GetProgram(uint program, GLEnum name, int* value) => _glGetProgramiv(program, name, value);

    private void GetProgramInfoLogRaw(uint program, int capacity, int* length, byte* log) => _glGetProgramInfoLog(program, capacity, length, log);

    public void UseProgram(uint program) => _glUseProgram(program);

    public void DeleteProgram(uint program) => _glDeleteProgram(program);

    private int GetUniformLocationRaw(uint program, byte* name) => _glGetUniformLocation(program, name);

    public void Uniform1(int location, int value) => _glUniform1i(location, value);

    public void Uniform4(int location, float x, float y, float z, float w) => _glUniform4f(location, x, y, z, w);

    public void UniformMatrix4(int location, int count, byte transpose, float* value) => _glUniformMatrix4fv(location, count, transpose, value);

    private void GenVertexArrays(int n, uint* arrays) => _glGenVertexArrays(n, arrays);

    private void DeleteVertexArrays(int n, uint* arrays) => _glDeleteVertexArrays(n, arrays);

    public void BindVertexArray(uint array) => _glBindVertexArray(array);

    private void GenBuffers(int n, uint* buffers) => _glGenBuffers(n, buffers);

    private void DeleteBuffers(int n, uint* buffers) => _glDeleteBuffers(n, buffers);

    public void BindBuffer(GLEnum target, uint buffer) => _glBindBuffer(target, buffer);

    public void BufferData(GLEnum target, nint size, void* data, GLEnum usage) => _glBufferData(target, size, data, usage);

    public void VertexAttribPointer(uint index, int size, GLEnum type, byte normalized, int stride, void* offset) => _glVertexAttribPointer(index, size, type, normalized, stride, offset);

    public void EnableVertexAttribArray(uint index) => _glEnableVertexAttribArray(index);

    public void DrawArrays(GLEnum mode, int first, int count) => _glDrawArrays(mode, first, count);

    public void Viewport(int x, int y, int width, int height) => _glViewport(x, y, width, height);

    public void ClearColor(float red, float green, float blue, float alpha) => _glClearColor(red, green, blue, alpha);

    public void Clear(uint mask) => _glClear(mask);

    public void Enable(GLEnum capability) => _glEnable(capability);

    public void Disable(GLEnum capability) => _glDisable(capability);

    public void BlendFunc(GLEnum source, GLEnum destination) => _glBlendFunc(source, destination);

    private void GenFramebuffers(int n, uint* framebuffers) => _glGenFramebuffers(n, framebuffers);

    private void DeleteFramebuffers(int n, uint* framebuffers) => _glDeleteFramebuffers(n, framebuffers);

    public void BindFramebuffer(GLEnum target, uint framebuffer) => _glBindFramebuffer(target, framebuffer);

    public void FramebufferTexture2D(GLEnum target, GLEnum attachment, GLEnum textureTarget, uint texture, int level) => _glFramebufferTexture2D(target, attachment, textureTarget, texture, level);

    public GLEnum CheckFramebufferStatus(GLEnum target) => _glCheckFramebufferStatus(target);

    /// <summary>Since OpenGL 3 and OpenGL ES 3.</summary>
    public void BlitFramebuffer(int sourceX0, int sourceY0, int sourceX1, int sourceY1, int x0, int y0, int x1, int y1, uint mask, GLEnum filter) =>
        _glBlitFramebuffer(sourceX0, sourceY0, sourceX1, sourceY1, x0, y0, x1, y1, mask, filter);

    public void ReadPixels(int x, int y, int width, int height, GLEnum format, GLEnum type, void* pixels) => _glReadPixels(x, y, width, height, format, type, pixels);

    public void Flush() => _glFlush();

    public void Finish() => _glFinish();

    public void EGLImageTargetTexture2D(GLEnum target, nint image) => _glEGLImageTargetTexture2DOES(target, image);

    public void EGLImageTargetTexStorage(GLEnum target, nint image, int* attributes) => _glEGLImageTargetTexStorageEXT(target, image, attributes);
}
