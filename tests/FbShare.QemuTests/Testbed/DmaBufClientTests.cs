using System.Diagnostics;
using FbShare.Capture;
using FbShare.Display;
using FbShare.Display.Server;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FbShare.QemuTests.Testbed;

/// <summary>tools/dmabuf-client, a program of its own, at a display whose picture lies in guest pages.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
public sealed class DmaBufClientTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fbshare-client-");

    public void Dispose() => _folder.Delete(recursive: true);

    [TestbedFact]
    public async Task Another_process_sees_the_guest_s_pages_through_its_own_driver()
    {
        const int width = 367, height = 211;
        string socket = Path.Combine(_folder.FullName, "screen"), file = Path.Combine(_folder.FullName, "seen.png");
        using var loop = new EventLoop();
        using var pages = new GuestPages(1 << 20);
        using var hub = new DisplayHub(1, new DmaBufExporter(PathRequest.Default, NullLogger.Instance));
        using UnixListener listener = UnixListener.Listen(socket);
        using var server = new DisplayServer(loop, hub, listener, new VirtualMachineName("test", Guid.Empty), null, NullLogger.Instance);
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, width, height);
        (ulong, uint)[] entries = [(0, (uint)(layout.End + GuestPages.Page - 1) / GuestPages.Page * GuestPages.Page)];
        using Backing backing = pages.Make(entries);
        byte[] drawn = pages.Draw(entries, layout, 5);
        using Scanout scanout = Scanout.OfGuest(layout, backing, 1, ScanoutKind.Blob);
        hub.SetScanout(0, scanout);
        hub.Commit();

        using Process client = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "dmabuf-client"), [$"unix:{socket}", file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = client.StandardOutput.ReadToEndAsync(), error = client.StandardError.ReadToEndAsync();
        long end = EventLoop.Now + 120_000_000_000;
        while (!client.HasExited && EventLoop.Now < end)
        {
            loop.RunOnce(100);
        }
        Assert.True(client.HasExited, "the client does not end");
        Assert.True(client.ExitCode == 0, await error);

        Assert.StartsWith($"{file}: {width}x{height} XR24, modifier 0x0, dma-buf of {entries[0].Item2} bytes with rows 0 to {height - 1} ", await output, StringComparison.Ordinal);
        Assert.True(drawn.AsSpan().SequenceEqual(PictureFile.Read(file).ToRgba()), "the picture is another one");
        Assert.Equal(0, hub.BytesCopied);
    }
}
