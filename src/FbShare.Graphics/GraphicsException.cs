namespace FbShare.Graphics;

/// <summary>EGL or OpenGL cannot do what was asked: one sentence says what and why.</summary>
public class GraphicsException(string message) : Exception(message);
