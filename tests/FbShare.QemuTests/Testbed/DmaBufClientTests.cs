using System.Diagnostics;
using FbShare.Capture;
using FbShare.Display;
using FbShare.Display.Server;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using FbShare.Tests;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FbShare.QemuTests.Testbed;

/// <summary>Programs of their own, of which tools/dmabuf-client is one, at a display whose picture lies in guest pages.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
public sealed class DmaBufClientTests : IDisposable
{
    private const int Width = 367, Height = 211;

    private const uint PageBytes = ((Width * Height * DrmFormats.BytesPerPixel) + GuestPages.Page - 1) / GuestPages.Page * GuestPages.Page;

    private readonly TemporaryFolder _folder = new("client");

    public void Dispose() => _folder.Dispose();

    [TestbedFact]
    public async Task Another_process_sees_the_guest_s_pages_through_its_own_driver()
    {
        string said = await Look(Path.Combine(AppContext.BaseDirectory, "dmabuf-client"), (display, file) => [display, file]);
        Assert.StartsWith($"{Width}x{Height} XR24, modifier 0x0, dma-buf of {PageBytes} bytes with rows 0 to {Height - 1} ", said, StringComparison.Ordinal);
    }

    [TestbedFact]
    public async Task A_dump_reads_the_guest_s_pages_themselves()
    {
        string said = await Look(TestedProgram.Path, (display, file) => ["dump", "--display", display, "-o", file]);
        Assert.StartsWith($"{Width}x{Height} XR24, resource: blob, path: udmabuf", said, StringComparison.Ordinal);
        Assert.DoesNotContain("drawn by", said, StringComparison.Ordinal);
    }

    [TestbedFact]
    public async Task A_dump_reads_the_guest_s_pages_through_the_driver_if_it_is_told_to()
    {
        string said = await Look(TestedProgram.Path, (display, file) => ["dump", "--gl", "--display", display, "-o", file]);
        Assert.StartsWith($"{Width}x{Height} AB24, resource: blob, path: udmabuf", said, StringComparison.Ordinal);
        Assert.Contains(", drawn by EGL ", said, StringComparison.Ordinal);
    }

    /// <summary>Has a program write what a display shows, and compares that with what the guest drew.</summary>
    /// <returns>What the program says of the file.</returns>
    private async Task<string> Look(string program, Func<string, string, string[]> arguments)
    {
        string socket = _folder["screen"], file = _folder["seen.png"];
        using var loop = new EventLoop();
        using var pages = new GuestPages(1 << 20);
        using var hub = new DisplayHub(1, new DmaBufExporter(PathRequest.Default, NullLogger.Instance));
        using UnixListener listener = UnixListener.Listen(socket);
        using var server = new DisplayServer(loop, hub, listener, new VirtualMachineName("test", Guid.Empty), null, NullLogger.Instance);
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, Width, Height);
        (ulong, uint)[] entries = [(0, PageBytes)];
        using Backing backing = pages.Make(entries);
        byte[] drawn = pages.Draw(entries, layout, 5);
        using Scanout scanout = Scanout.OfGuest(layout, backing, 1, ScanoutKind.Blob);
        hub.SetScanout(0, scanout);
        hub.Commit();

        using Process client = Process.Start(new ProcessStartInfo(program, arguments($"unix:{socket}", file))
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
        Assert.True(client.HasExited, "the program does not end");
        Assert.True(client.ExitCode == 0, await error);
        Assert.True(drawn.AsSpan().SequenceEqual(PictureFile.Read(file).ToRgba()), "the picture is another one");
        Assert.Equal(0, hub.BytesCopied);

        string said = await output;
        Assert.StartsWith($"{file}: ", said, StringComparison.Ordinal);
        return said[(file.Length + 2)..];
    }
}
