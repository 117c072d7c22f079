using System.Diagnostics;
using FbShare.Capture;
using FbShare.Display.Client;

namespace FbShare.QemuTests;

/// <summary>The test guest on devices of QEMU's own, with QEMU's own display for viewers.</summary>
internal sealed class StockGuest : IDisposable
{
    private readonly string _dump;
    private readonly TimeSpan _patience;

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <param name="folder">For its sockets; stays the caller's.</param>
    /// <param name="gl">Its display shares textures (and needs a DRM render node), not memory.</param>
    /// <param name="devices">As -device takes them.</param>
    public StockGuest(GuestOptions options, string folder, bool gl, params string[] devices)
    {
        _patience = options.Patience;
        _dump = Path.Combine(folder, "screen.ppm");
        // Not the kit's connection: QEMU has one such client at a time, and that is the test's.
        Display = new DisplayAddress(DisplayAddressKind.Qmp, Path.Combine(folder, "display"));
        Machine = new TestGuest(
            options,
            [.. devices.SelectMany(device => (string[])["-device", device]), "-display", gl ? "dbus,p2p=yes,gl=on" : "dbus,p2p=yes", "-qmp", $"unix:{folder}/display,server=on,wait=off"]);
    }

    public TestGuest Machine { get; }

    /// <summary>The address of QEMU's own display, for the viewer.</summary>
    public DisplayAddress Display { get; }

    /// <summary>Whether QEMU itself has dma-bufs mapped: it does so for blobs only.</summary>
    public bool MapsDmaBufs => File.ReadAllText($"/proc/{Machine.ProcessId}/maps").Contains("/dmabuf:", StringComparison.Ordinal);

    /// <summary>QEMU's screendump, once it is as wanted, or the last one.</summary>
    /// <param name="rgb">Packed R, G, B.</param>
    public Picture AwaitScreen(byte[] rgb)
    {
        var clock = Stopwatch.StartNew();
        Picture dump;
        do
        {
            dump = Machine.Monitor.TakeScreen(_dump);
        }
        while (!dump.ToRgb().AsSpan().SequenceEqual(rgb) && clock.Elapsed < _patience);
        return dump;
    }

    public void Dispose() => Machine.Dispose();
}
