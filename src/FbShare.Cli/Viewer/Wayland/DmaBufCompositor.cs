using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Graphics;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>A compositor that takes dma-bufs as the contents of windows (linux-dmabuf): which formats it takes, and a buffer of it for each picture.</summary>
internal sealed class DmaBufCompositor : IDisposable
{
    private const ulong Linear = 0;

    /// <summary>DRM_FORMAT_MOD_INVALID: how the pixels lie is for the driver to know.</summary>
    private const ulong Unknown = 0x00ff_ffff_ffff_ffff;

    // SAFETY: the functions have the types of zwp_linux_dmabuf_v1's events.
    private static readonly unsafe nint FormatListener = Wl.Listener(
        (nint)(delegate* unmanaged<nint, nint, uint, void>)&OnFormat, (nint)(delegate* unmanaged<nint, nint, uint, uint, uint, void>)&OnModifier);

    // SAFETY: the functions have the types of zwp_linux_buffer_params_v1's events.
    private static readonly unsafe nint ParamsListener = Wl.Listener(
        (nint)(delegate* unmanaged<nint, nint, nint, void>)&OnCreated, (nint)(delegate* unmanaged<nint, nint, void>)&OnFailed);

    private readonly nint _display;
    private readonly nint _queue;
    private readonly nint _dmaBuf;
    private readonly GCHandle _self;
    private readonly HashSet<(uint Format, ulong Modifier)> _formats = [];
    private nint _created;

    private DmaBufCompositor(nint display, nint queue, nint dmaBuf)
    {
        (_display, _queue, _dmaBuf) = (display, queue, dmaBuf);
        _self = GCHandle.Alloc(this);
        _ = Wl.wl_proxy_add_listener(dmaBuf, FormatListener, GCHandle.ToIntPtr(_self));
        _ = Wl.wl_display_roundtrip_queue(display, queue);
    }

    /// <summary>Asks a compositor.</summary>
    /// <param name="display">The connection, stays the caller's.</param>
    /// <param name="queue">For these objects alone, stays the caller's; must outlive what is returned.</param>
    /// <returns>Null if it takes no dma-bufs.</returns>
    public static DmaBufCompositor? Find(nint display, nint queue)
    {
        using var globals = new WaylandGlobals(display, queue);
        nint dmaBuf = globals.Bind(LinuxDmaBuf.Name, LinuxDmaBuf.Interface, LinuxDmaBuf.VERSION);
        return dmaBuf != 0 ? new DmaBufCompositor(display, queue, dmaBuf) : null;
    }

    /// <summary>Makes a wl_buffer that is a picture's dma-buf; waits for the compositor's answer.</summary>
    /// <returns>The caller's to destroy.</returns>
    /// <exception cref="GraphicsException">The compositor does not take it.</exception>
    public nint CreateBuffer(DmaBufFrame frame)
    {
        // What a guest leaves in a scanout's alpha is not for blending.
        uint format = (uint)Opaque(frame.Format);
        if (frame.Bands is not [var band] || band.Offset > uint.MaxValue)
        {
            throw new GraphicsException("the compositor is given pictures in one dma-buf only");
        }
        if (ModifierFor(format) is not { } modifier)
        {
            throw new GraphicsException($"the compositor takes no dma-bufs of the format {Opaque(frame.Format)}");
        }
        nint parameters = Wl.Create(_dmaBuf, LinuxDmaBuf.ZWP_LINUX_DMABUF_V1_CREATE_PARAMS, LinuxDmaBuf.ParamsInterface, [0]);
        _ = Wl.wl_proxy_add_listener(parameters, ParamsListener, GCHandle.ToIntPtr(_self));
        Wl.Send(
            parameters, LinuxDmaBuf.ZWP_LINUX_BUFFER_PARAMS_V1_ADD,
            [band.Descriptor.Number, 0u, (uint)band.Offset, (uint)band.Stride, (uint)(modifier >> 32), (uint)modifier]);
        Wl.Send(parameters, LinuxDmaBuf.ZWP_LINUX_BUFFER_PARAMS_V1_CREATE, [frame.Width, frame.Height, format, 0u]);
        _created = 0;
        _ = Wl.wl_display_roundtrip_queue(_display, _queue);
        Wl.Send(parameters, LinuxDmaBuf.ZWP_LINUX_BUFFER_PARAMS_V1_DESTROY, [], Wl.WL_MARSHAL_FLAG_DESTROY);
        return _created != 0 ? _created : throw new GraphicsException($"the compositor refused the dma-buf (stride {band.Stride}, offset {band.Offset})");
    }

    public void Dispose()
    {
        Wl.Send(_dmaBuf, LinuxDmaBuf.ZWP_LINUX_DMABUF_V1_DESTROY, [], Wl.WL_MARSHAL_FLAG_DESTROY);
        _self.Free();
    }

    private static DrmFormat Opaque(DrmFormat format) => format switch
    {
        DrmFormat.AR24 => DrmFormat.XR24,
        DrmFormat.BA24 => DrmFormat.BX24,
        DrmFormat.AB24 => DrmFormat.XB24,
        DrmFormat.RA24 => DrmFormat.RX24,
        _ => format,
    };

    private ulong? ModifierFor(uint format) =>
        _formats.Contains((format, Linear)) ? Linear : _formats.Contains((format, Unknown)) ? Unknown : null;

    private static DmaBufCompositor Of(nint data) => Unsafe.As<DmaBufCompositor>(GCHandle.FromIntPtr(data).Target!);

    [UnmanagedCallersOnly]
    private static void OnFormat(nint data, nint dmaBuf, uint format)
    {
        // Said again with its modifiers.
    }

    [UnmanagedCallersOnly]
    private static void OnModifier(nint data, nint dmaBuf, uint format, uint high, uint low) => Of(data)._formats.Add((format, ((ulong)high << 32) | low));

    [UnmanagedCallersOnly]
    private static void OnCreated(nint data, nint parameters, nint buffer) => Of(data)._created = buffer;

    [UnmanagedCallersOnly]
    private static void OnFailed(nint data, nint parameters)
    {
        // No buffer is what tells.
    }
}
