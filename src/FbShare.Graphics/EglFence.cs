namespace FbShare.Graphics;

/// <summary>Tells when everything drawn so far is done, reads of imported pictures among it (EGL_KHR_fence_sync).</summary>
public sealed class EglFence : IDisposable
{
    private readonly EglDisplay _display;
    private nint _sync;

    /// <summary>Marks this moment in the current context's commands.</summary>
    /// <exception cref="GraphicsException">The driver has no fences.</exception>
    public unsafe EglFence(EglDisplay display)
    {
        _display = display;
        // SAFETY: null is no attributes.
        _sync = Egl.eglCreateSync(display.Handle, Egl.EGL_SYNC_FENCE, null);
        if (_sync == 0)
        {
            throw new GraphicsException($"{display} has no fences: {Egl.DescribeError()}");
        }
    }

    /// <summary>Waits until it is reached; false after <paramref name="timeout"/>. Zero only looks.</summary>
    public bool Wait(TimeSpan timeout) =>
        Egl.eglClientWaitSync(_display.Handle, _sync, Egl.EGL_SYNC_FLUSH_COMMANDS_BIT, (ulong)timeout.TotalNanoseconds) == Egl.EGL_CONDITION_SATISFIED;

    /// <summary>Destroys the fence.</summary>
    public void Dispose()
    {
        if (_sync != 0)
        {
            _ = Egl.eglDestroySync(_display.Handle, _sync);
            _sync = 0;
        }
    }
}
