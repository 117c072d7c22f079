using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>What a compositor offers (wl_registry): its global objects, by the names of their interfaces.</summary>
internal sealed class WaylandGlobals : IDisposable
{
    /// <summary>wl_registry's events, in their order.</summary>
    // SAFETY: the functions have the types of these events (wayland.xml).
    private static readonly unsafe nint Listener = Wl.Listener(
        (nint)(delegate* unmanaged<nint, nint, uint, nint, uint, void>)&OnGlobal, (nint)(delegate* unmanaged<nint, nint, uint, void>)&OnGlobalGone);

    private readonly Dictionary<string, (uint Number, uint Version)> _names = [];
    private readonly nint _registry;

    /// <summary>Asks the compositor, and waits for its answer.</summary>
    /// <param name="display">The connection, stays the caller's.</param>
    /// <param name="queue">As above; what is bound has it, too.</param>
    public WaylandGlobals(nint display, nint queue)
    {
        nint wrapper = Wl.wl_proxy_create_wrapper(display);
        Wl.wl_proxy_set_queue(wrapper, queue);
        _registry = Wl.Create(wrapper, Wl.WL_DISPLAY_GET_REGISTRY, Wl.Interface("wl_registry_interface"), [0]);
        Wl.wl_proxy_wrapper_destroy(wrapper);
        var self = GCHandle.Alloc(this);
        _ = Wl.wl_proxy_add_listener(_registry, Listener, GCHandle.ToIntPtr(self));
        _ = Wl.wl_display_roundtrip_queue(display, queue);
        self.Free();
    }

    public bool Has(string name) => _names.ContainsKey(name);

    /// <summary>Makes an object for a global.</summary>
    /// <param name="description">Its <see cref="Wl.Interface"/>.</param>
    /// <returns>Owned by the caller; 0 if there is no such global of this version.</returns>
    // SAFETY: a struct wl_interface begins with a pointer to its name.
    public unsafe nint Bind(string name, nint description, uint version = 1) =>
        _names.TryGetValue(name, out (uint Number, uint Version) global) && global.Version >= version
            ? Wl.Create(_registry, Wl.WL_REGISTRY_BIND, description, [global.Number, *(nint*)description, version, 0], version)
            : 0;

    public void Dispose() => Wl.wl_proxy_destroy(_registry);

    [UnmanagedCallersOnly]
    private static void OnGlobal(nint data, nint registry, uint name, nint interfaceName, uint version) =>
        Unsafe.As<WaylandGlobals>(GCHandle.FromIntPtr(data).Target!)._names[Marshal.PtrToStringUTF8(interfaceName)!] = (name, version);

    [UnmanagedCallersOnly]
    private static void OnGlobalGone(nint data, nint registry, uint name)
    {
        // What is bound here does not go.
    }
}
