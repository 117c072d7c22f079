using FbShare.Display;
using FbShare.Display.Client;
using FbShare.Display.DBus;
using FbShare.Linux;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Display;

/// <summary>Displays that write their D-Bus by hand, to a viewer that reads it through a <see cref="BusGate"/>.</summary>
public sealed class DisplayMessageTests
{
    private const string Path = "/org/qemu/Display1/Listener";
    private const string Listener = "org.qemu.Display1.Listener";
    private static readonly byte[] Answers = [.. "DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n"u8];

    public static TheoryData<string, byte[]> CallsThatAreNotValid => new()
    {
        { "a signature that ends too soon", ScanoutMap(signature: "huuuu(u") },
        { "an array of nothing", ScanoutMap(signature: "huuuua") },
        { "an empty structure", ScanoutMap(signature: "huuuu()") },
        { "a structure that was never begun", ScanoutMap(signature: "huuuuu)") },
        { "arrays without end", ScanoutMap(signature: "huuuu" + new string('a', 200) + "u") },
        { "a dictionary outside of an array", ScanoutMap(signature: "huuuu{uu}") },
        { "a type that there is not", ScanoutMap(signature: "huuuuz") },
        { "a path with an empty element", ScanoutMap(path: "/org//qemu") },
        { "a member with a dash", ScanoutMap(member: "Scanout-Map") },
        { "no serial number", [.. ScanoutMap()[..8], 0, 0, 0, 0, .. ScanoutMap()[12..]] },
        { "a kind of message that there is not", [.. ScanoutMap()[..1], 77, .. ScanoutMap()[2..]] },
        { "a body without a signature", ScanoutMap(signature: "") },
    };

    /// <summary>sd-bus drops such a message and keeps its descriptors for ever.</summary>
    [Theory]
    [MemberData(nameof(CallsThatAreNotValid))]
    public void Descriptors_that_come_with_a_call_that_is_not_valid_are_closed_and_the_display_is_let_go(string what, byte[] call)
    {
        using var display = new RawDisplay { LeavesListener = true };
        (RemoteConsole console, RecordingView view) = display.Watch();
        using DisplayClient client = console.Client;
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        {
            display.ListenerSocket!.SendAll(Answers);
            display.ListenerSocket.SendAll(call, [theirs.Descriptor]);
            theirs.Dispose();
            display.RunUntil(() => display.Lost.Count > 0);
            // Nobody holds the other end any more.
            Assert.Equal(0, ours.Receive(new byte[1], wait: false));
        }
        DisplayLoss loss = Assert.Single(display.Lost);
        Assert.Equal(DisplayLossKind.Broken, loss.Kind);
        Assert.Contains("it sent descriptors with a message that may carry none", loss.Reason, StringComparison.Ordinal);
        Assert.Empty(view.Shown);
        Assert.NotNull(what);
    }

    [Fact]
    public void A_picture_that_comes_in_one_write_with_the_end_of_the_authentication_is_shown()
    {
        using var display = new RawDisplay { LeavesListener = true };
        (RemoteConsole console, RecordingView view) = display.Watch();
        using DisplayClient client = console.Client;
        using FileDescriptor file = MemFd.Create("picture", 4096);
        display.ListenerSocket!.SendAll([.. Answers, .. ScanoutMap()], [file]);
        display.RunUntil(() => view.Shown.Count == 1);
        Assert.Empty(display.Lost);
    }

    /// <summary>A picture of scattered pages is cut where the kernel puts no more of them into one dma-buf.</summary>
    [Fact]
    public void A_picture_in_forty_bands_comes_with_forty_descriptors()
    {
        using var display = new RawDisplay();
        (RemoteConsole console, RecordingView view) = display.Watch();
        using DisplayClient client = console.Client;
        List<FileDescriptor> files = [.. Enumerable.Range(0, 40).Select(i => MemFd.Create($"band{i}", 4096))];
        Assert.Null(display.Call(DisplayProtocol.Bands, "ScanoutBands", m =>
        {
            m.Append(8u);
            m.Append(40u);
            m.Append((uint)DrmFormat.XR24);
            m.Append(DisplayProtocol.ModifierLinear);
            m.Open('a', "(huuut)"u8);
            for (int i = 0; i < files.Count; i++)
            {
                m.Open('r', "huuut"u8);
                m.Append(files[i]);
                m.Append((uint)i);
                m.Append(1u);
                m.Append(32u);
                m.Append(0ul);
                m.Close();
            }
            m.Close();
        }));
        Assert.Equal((8, 40), (view.Shown[0].Layout.Width, view.Shown[0].Layout.Height));
        files.ForEach(f => f.Dispose());
    }

    /// <summary>Of a display that shares no memory, the pictures come in messages.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(65_537)]
    [InlineData(int.MaxValue)]
    public void A_picture_in_a_message_arrives_whole_however_it_is_cut(int cut)
    {
        const int width = 129, height = 131;
        byte[] pixels = new byte[width * height * 4];
        new Random(1).NextBytes(pixels);
        using var display = new RawDisplay { LeavesListener = true };
        (RemoteConsole console, RecordingView view) = display.Watch(takeDmaBuf: false);
        using DisplayClient client = console.Client;
        UnixSocket socket = display.ListenerSocket!;
        byte[] update = WireMessage.MethodCall(2, Path, Listener, "Disable");
        ReadOnlySpan<byte> all = [.. Answers, .. Scanout(width, height, pixels), .. update];
        // A byte at a time only where something is decided: the header, the end, and what follows.
        int careful = Answers.Length + 300;
        while (all.Length > 0)
        {
            bool isMiddle = cut > 1 || (all.Length > update.Length + 8 && careful <= 0);
            int count = Math.Min(all.Length, !isMiddle ? 1 : cut > 1 ? cut : Math.Max(all.Length - update.Length - 8, 1));
            socket.SendAll(all[..count]);
            all = all[count..];
            careful -= count;
            while (display.Loop.RunOnce(0))
            {
            }
        }
        display.RunUntil(() => view.Disables > 0);
        Assert.Equal(pixels, RecordingView.Pixels(Assert.Single(view.Shown)));
        Assert.Empty(display.Lost);
    }

    [Fact]
    public void Descriptors_that_come_with_a_picture_in_a_message_are_closed_and_the_display_is_let_go()
    {
        using var display = new RawDisplay { LeavesListener = true };
        (RemoteConsole console, RecordingView view) = display.Watch(takeDmaBuf: false);
        using DisplayClient client = console.Client;
        using FileDescriptor file = MemFd.Create("picture", 4096);
        display.ListenerSocket!.SendAll(Answers);
        display.ListenerSocket.SendAll(Scanout(200, 200, new byte[200 * 200 * 4], descriptors: 1).AsSpan(0, 1000), [file]);
        display.RunUntil(() => display.Lost.Count > 0);
        Assert.Contains("such messages carry none", Assert.Single(display.Lost).Reason, StringComparison.Ordinal);
        Assert.Empty(view.Shown);
    }

    [Theory]
    [InlineData("REJECTED EXTERNAL\r\n", "it does not let this user in")]
    [InlineData("DATA\r\nREJECTED\r\n", "it does not let this user in")]
    [InlineData(null, "its answers to the authentication are longer than 4096 bytes")]
    public void A_display_that_does_not_let_the_viewer_in_is_a_failure_with_the_reason(string? answers, string reason)
    {
        using var folder = new TemporaryFolder();
        using var loop = new EventLoop();
        using UnixListener socket = UnixListener.Listen(folder["display"]);
        UnixSocket? viewer = null;
        using EventLoop.Watch watch = loop.Add(socket.Descriptor, LoopEvents.Readable, _ =>
        {
            viewer = socket.Accept()!;
            viewer.SendAll(System.Text.Encoding.ASCII.GetBytes(answers ?? new string('x', 5000)));
        });
        var e = Assert.Throws<DisplayException>(() => DisplayClient.Connect(loop, new DisplayAddress(DisplayAddressKind.Unix, socket.Path)));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        viewer!.Dispose();
    }

    private static byte[] ScanoutMap(string path = Path, string member = "ScanoutMap", string signature = "huuuuu") =>
        WireMessage.MethodCall(1, path, DisplayProtocol.MapName, member, signature, Numbers(0, 0, 8, 8, 32, PixmanFormats.ToPixman(DrmFormat.XR24)), descriptors: 1);

    private static byte[] Scanout(int width, int height, byte[] pixels, uint descriptors = 0) => WireMessage.MethodCall(
        1, Path, Listener, "Scanout", "uuuuay",
        [.. Numbers((uint)width, (uint)height, (uint)width * 4, PixmanFormats.ToPixman(DrmFormat.XR24), (uint)pixels.Length), .. pixels], descriptors);

    private static byte[] Numbers(params uint[] numbers) => [.. numbers.SelectMany(WireMessage.Number)];
}
