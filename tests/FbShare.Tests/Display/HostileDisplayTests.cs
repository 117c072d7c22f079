using FbShare.Cli;
using FbShare.Display;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Display;

/// <summary>Displays that say what cannot be: the viewer refuses it or lets go of the display, in a sentence.</summary>
public sealed class HostileDisplayTests
{
    [Theory]
    [InlineData(int.MaxValue, 0, 16384, 1)]
    [InlineData(int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue)]
    [InlineData(0, int.MaxValue, 8, 16384)]
    [InlineData(int.MinValue, 0, int.MinValue, 8)]
    [InlineData(-5, 0, 5, 8)]
    [InlineData(8, 0, 1, 1)]
    public void An_update_outside_of_the_picture_is_none(int x, int y, int width, int height)
    {
        using var display = new RawDisplay();
        (RemoteConsole console, RecordingView view) = display.Watch(takeDmaBuf: false);
        using DisplayClient client = console.Client;
        using FileDescriptor file = MemFd.Create("picture", 4096);
        Assert.Null(display.ShowMap(file, 0, 8, 8, 32));
        Assert.Null(display.UpdateMap(x, y, width, height));
        Assert.Empty(view.Updates);
        Assert.Null(display.UpdateMap(-1, 6, 5, int.MaxValue));
        Assert.Equal([new Rect(0, 6, 4, 2)], view.Updates);
    }

    [Fact]
    public void Rows_that_lie_over_more_bytes_than_can_be_looked_at_are_refused()
    {
        using var display = new RawDisplay();
        (RemoteConsole console, RecordingView view) = display.Watch();
        using DisplayClient client = console.Client;
        using FileDescriptor file = MemFd.Create("picture", 3L << 30);
        Assert.Contains("bytes, and at most", display.ShowMap(file, 0, 16384, 16384, 131076), StringComparison.Ordinal);
        Assert.Contains("bytes, and at most", display.ShowDmaBuf(file, 0, 0, 16384, 16384, 0, 131076), StringComparison.Ordinal);
        Assert.Empty(view.Shown);
    }

    [Theory]
    [InlineData(uint.MaxValue, 0u)]
    [InlineData(0u, uint.MaxValue)]
    [InlineData(uint.MaxValue, uint.MaxValue)]
    [InlineData(8u, 0u)]
    public void A_picture_outside_of_its_buffer_is_refused(uint x, uint y)
    {
        using var display = new RawDisplay();
        (RemoteConsole console, RecordingView view) = display.Watch();
        using DisplayClient client = console.Client;
        using FileDescriptor file = MemFd.Create("picture", 8 * 32);
        Assert.NotNull(display.ShowDmaBuf(file, x, y, 8, 8, 0, uint.MaxValue));
        Assert.NotNull(display.ShowDmaBuf(file, x, y, 8, 8, uint.MaxValue, 32));
        Assert.Empty(view.Shown);
    }

    [Fact]
    public void A_picture_in_what_is_no_memory_is_refused()
    {
        using var display = new RawDisplay();
        (RemoteConsole console, RecordingView view) = display.Watch();
        using DisplayClient client = console.Client;
        (UnixSocket one, UnixSocket other) = UnixSocket.CreatePair();
        using (one)
        using (other)
        using (FileDescriptor zero = FileDescriptor.Open("/dev/zero", writable: false))
        using (FileDescriptor disk = FileDescriptor.Open(Environment.ProcessPath!, writable: false))
        {
            foreach (FileDescriptor file in (FileDescriptor[])[one.Descriptor, zero, disk])
            {
                Assert.Contains("a file in memory", display.ShowMap(file, 0, 8, 8, 32), StringComparison.Ordinal);
                Assert.Contains("a file in memory", display.ShowDmaBuf(file, 0, 0, 8, 8, 0, 32), StringComparison.Ordinal);
            }
        }
        Assert.Empty(view.Shown);
    }

    /// <summary>Found by tools/fuzz: where such a picture's rows are is the GPU's business, so nobody checks them, and a view that read them all the same went
    /// past the end of the file.</summary>
    [Fact]
    public void A_picture_in_a_GPU_s_own_layout_cannot_be_read()
    {
        using var display = new RawDisplay();
        (RemoteConsole console, RecordingView view) = display.Watch();
        using DisplayClient client = console.Client;
        using FileDescriptor file = MemFd.Create("picture", 4096);
        Assert.Null(display.ShowDmaBuf(file, 0, 0, 512, 512, 0, 2048, modifier: 7));
        Assert.False(view.Shown[0].IsReadable);
        Assert.Contains("modifier 0x7", Assert.Throws<LinuxException>(() => RecordingView.Pixels(view.Shown[0])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_picture_whose_file_is_cut_off_can_still_be_looked_at(bool asMap)
    {
        using var display = new RawDisplay();
        (RemoteConsole console, RecordingView view) = display.Watch();
        using DisplayClient client = console.Client;
        using FileDescriptor file = MemFd.Create("picture", 2 * 4096, seals: MemFdSeals.None);
        using (MemoryMapping all = MemoryMapping.Map(file, 0, 2 * 4096, writable: true))
        {
            all.Slice(0, 2 * 4096).Fill(7);
        }
        Assert.Null(asMap ? display.ShowMap(file, 0, 32, 64, 128) : display.ShowDmaBuf(file, 0, 0, 32, 64, 0, 128));
        Assert.All(RecordingView.Pixels(view.Shown[0]), b => Assert.Equal(7, b));
        Cut(file);
        Assert.Equal(32 * 64 * 4, RecordingView.Pixels(view.Shown[0]).Length);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(DmaBufFrame.MostInRotation)]
    public void Buffers_that_the_guest_flips_between_are_taken_once_each(int buffers)
    {
        using var display = new RawDisplay();
        (RemoteConsole console, RecordingView view) = display.Watch();
        using DisplayClient client = console.Client;
        List<FileDescriptor> files = [.. Enumerable.Range(0, buffers).Select(i => MemFd.Create($"buffer{i}", 4096))];
        for (int flip = 0; flip < buffers * 4; flip++)
        {
            Assert.Null(display.ShowDmaBuf(files[flip % buffers], 0, 0, 8, 8, 0, 32));
        }
        Assert.Equal(buffers, view.Shown.Distinct().Count());
        Assert.Equal(0, view.Forgotten);
        files.ForEach(f => f.Dispose());
    }

    [Fact]
    public void A_buffer_that_is_not_shown_any_more_is_let_go()
    {
        using var display = new RawDisplay();
        (RemoteConsole console, RecordingView view) = display.Watch();
        using DisplayClient client = console.Client;
        List<FileDescriptor> files = [.. Enumerable.Range(0, 40).Select(i => MemFd.Create($"buffer{i}", 4096))];
        files.ForEach(f => Assert.Null(display.ShowDmaBuf(f, 0, 0, 8, 8, 0, 32)));
        Assert.Equal(40 - DmaBufFrame.MostInRotation, view.Forgotten);
        for (int flip = 0; flip < 600; flip++)
        {
            Assert.Null(display.ShowDmaBuf(files[flip % 2], 0, 0, 8, 8, 0, 32));
        }
        Assert.Equal(40, view.Forgotten);
        files.ForEach(f => f.Dispose());
    }

    [Fact]
    public void A_display_that_sends_a_broken_message_is_let_go_and_said_to_be_broken()
    {
        using var display = new RawDisplay { LeavesListener = true };
        (RemoteConsole console, _) = display.Watch();
        using DisplayClient client = console.Client;
        display.ListenerSocket!.SendAll("DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n"u8);
        display.Loop.RunOnce(100);
        display.ListenerSocket.SendAll(WireMessage.MethodCall(1, "/org/qemu/Display1/Listener", DisplayProtocol.MapName, "UpdateMap", "iiii", [1, 0, 0, 0]));
        display.RunUntil(() => display.Lost.Count > 0);
        DisplayLoss loss = Assert.Single(display.Lost);
        Assert.Equal(DisplayLossKind.Broken, loss.Kind);
        Assert.Contains("broke the protocol", loss.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(loss.Reason, char.IsControl);
    }

    [Fact]
    public void A_display_whose_first_answer_is_broken_is_a_failure_and_not_somebody_who_is_away()
    {
        using var folder = new TemporaryFolder();
        using var loop = new EventLoop();
        using UnixListener socket = UnixListener.Listen(folder["display"]);
        UnixSocket? viewer = null;
        using EventLoop.Watch watch = loop.Add(socket.Descriptor, LoopEvents.Readable, _ =>
        {
            viewer = socket.Accept()!;
            // The answer to the first call there can be.
            viewer.SendAll([.. "DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n"u8, .. WireMessage.MethodReply(1, 1, "a{sv}", WireMessage.Number(4000))]);
        });
        var e = Assert.Throws<DisplayException>(() => DisplayClient.Connect(loop, new DisplayAddress(DisplayAddressKind.Unix, socket.Path)));
        Assert.Equal(DisplayLossKind.Broken, e.Kind);
        Assert.Contains("a D-Bus message", e.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Failure, DisplayArguments.ExitCodeOf(e.Kind));
        Assert.Equal(ExitCodes.Unreachable, DisplayArguments.ExitCodeOf(DisplayLossKind.Gone));
        viewer!.Dispose();
    }

    [Fact]
    public void What_a_display_calls_itself_is_made_printable_and_short()
    {
        using var display = new RawDisplay { Name = "\u001b]0;owned\u0007\nred\u202e" + new string('x', 100_000) };
        (RemoteConsole console, _) = display.Watch();
        using DisplayClient client = console.Client;
        Assert.InRange(client.Name.Length, 10, PeerText.MostOfName + 1);
        Assert.StartsWith("\ufffd]0;owned\ufffd\ufffdred\ufffdxx", client.Name, StringComparison.Ordinal);
    }

    private static void Cut(FileDescriptor file) => Assert.Equal(0, LibC.ftruncate(file, 0));
}
