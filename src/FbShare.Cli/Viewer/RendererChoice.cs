namespace FbShare.Cli.Viewer;

/// <summary>What draws the windows, and why.</summary>
/// <param name="UsesGL">OpenGL; otherwise the window system reads the pictures itself, and OpenGL is not even loaded.</param>
/// <param name="Reason">In words that go on after "since".</param>
internal readonly record struct RendererChoice(bool UsesGL, string Reason)
{
    /// <summary>Window systems that read pictures out of shared memory.</summary>
    public static bool CanRead(string windowSystem) => windowSystem is "x11" or "wayland";

    /// <summary>From facts to a choice: OpenGL where a GPU draws, for which pictures need not be copied. Where a processor would, it costs several
    /// times what showing them takes.</summary>
    /// <param name="asked">By the user; null: nothing.</param>
    /// <param name="windowSystem">SDL's name for it.</param>
    /// <param name="noGpu">Why there is no GPU; null where there is one.</param>
    public static RendererChoice Choose(Renderer asked, string windowSystem, string? noGpu) => asked switch
    {
        Renderer.GL => new RendererChoice(true, "it was asked for"),
        Renderer.Software => new RendererChoice(false, "it was asked for"),
        _ when noGpu is null => new RendererChoice(true, "there is a GPU"),
        _ when !CanRead(windowSystem) => new RendererChoice(true, $"{windowSystem} knows nothing else"),
        _ => new RendererChoice(false, noGpu),
    };

    /// <summary>Whether a driver's name is that of one that draws with the processor (Mesa's).</summary>
    public static bool IsProcessor(string renderer) =>
        renderer.StartsWith("llvmpipe", StringComparison.Ordinal) || renderer.StartsWith("softpipe", StringComparison.Ordinal)
        || renderer.Contains("swrast", StringComparison.OrdinalIgnoreCase) || renderer.StartsWith("Software Rasterizer", StringComparison.Ordinal);
}

/// <summary>What the user wants windows to be drawn with.</summary>
internal enum Renderer
{
    /// <summary>OpenGL where a GPU draws.</summary>
    Auto,
    GL,
    Software,
}
