using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FbShare.Display;
using FbShare.Display.Client;
using FbShare.Display.DBus;
using FbShare.Display.Server;
using FbShare.Input;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Tests.Memory;
using Xunit;

namespace FbShare.Tests.Display;

public sealed class DisplayRobustnessTests
{
    private const string Console0 = "/org/qemu/Display1/Console_0";
    private const long Seconds = 1_000_000_000;

    [Fact]
    public void A_listener_that_does_not_answer_an_update_is_dropped_after_its_time_and_named_and_the_others_go_on()
    {
        using var fixture = new DisplayFixture();
        using BusConnection main = fixture.ConnectRaw();
        using var stuck = new RawListener(fixture.Loop, main, Console0, ["org.qemu.Display1.Listener.Unix.Map"]) { IsStuck = true };
        (_, RecordingView view) = fixture.Watch();
        fixture.RunUntil(() => view.Disables == 1);
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 8, 8, 32, 0, i => 1));
        Assert.False(fixture.Flush(0, new Rect(0, 0, 8, 8)));
        fixture.RunUntil(() => view.Updates.Count == 1 && stuck.Calls.Contains("UpdateMap 0,0 8x8"));
        for (int i = 0; i < 100; i++)
        {
            fixture.Flush(0, new Rect(i % 8, 0, 1, 1));
            fixture.RunUntil(() => view.Updates.Count == i + 2);
        }
        Assert.Single(stuck.Calls, c => c.StartsWith("UpdateMap", StringComparison.Ordinal));
        fixture.Settle();

        long now = EventLoop.Now;
        fixture.Server.DropStalled(now + (4 * Seconds));
        Assert.Equal(2, fixture.Server.ListenerCount);
        fixture.Server.DropStalled(now + (6 * Seconds));
        Assert.Equal(1, fixture.Server.ListenerCount);
        string line = Assert.Single(fixture.Log);
        Assert.Contains($"({Environment.ProcessId})", line, StringComparison.Ordinal);
        Assert.Contains("from output 0: it did not answer an update for 5 s", line, StringComparison.Ordinal);
        fixture.RunUntil(() => stuck.IsClosed);
        fixture.Flush(0, new Rect(0, 0, 8, 8));
        fixture.RunUntil(() => view.Updates.Count == 102);
    }

    [Fact]
    public void A_listener_that_never_says_what_it_can_is_dropped_without_ever_being_shown_anything()
    {
        using var fixture = new DisplayFixture();
        using BusConnection main = fixture.ConnectRaw();
        using var mute = new RawListener(fixture.Loop, main, Console0, interfaces: null, isMute: true);
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 8, 8, 32, 0, i => 1));
        Assert.False(fixture.Flush(0, new Rect(0, 0, 8, 8)));
        fixture.Server.DropStalled(EventLoop.Now + (6 * Seconds));
        Assert.Equal(0, fixture.Server.ListenerCount);
        Assert.Contains("did not answer which interfaces it has", Assert.Single(fixture.Log), StringComparison.Ordinal);
        Assert.Empty(mute.Calls);
    }

    [Fact]
    public void A_slow_listener_that_answers_in_time_is_kept()
    {
        using var fixture = new DisplayFixture();
        using BusConnection main = fixture.ConnectRaw();
        using var slow = new RawListener(fixture.Loop, main, Console0, ["org.qemu.Display1.Listener.Unix.Map"]) { IsStuck = true };
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 8, 8, 32, 0, i => 1));
        fixture.Hub.Commit();
        for (int i = 1; i <= 3; i++)
        {
            fixture.RunUntil(() => slow.Calls.Count(c => c.StartsWith("UpdateMap", StringComparison.Ordinal)) == i);
            slow.AnswerAll();
            fixture.Settle();
            fixture.Server.DropStalled(EventLoop.Now + (60 * Seconds));
            Assert.Equal(1, fixture.Server.ListenerCount);
            fixture.Flush(0, new Rect(0, 0, 1, 1));
        }
        Assert.Empty(fixture.Log);
    }

    [Fact]
    public void A_client_that_does_not_read_costs_a_bounded_queue_for_the_pointer()
    {
        using var fixture = new DisplayFixture();
        (RemoteConsole console, RecordingView view) = fixture.Watch();
        fixture.RunUntil(() => view.Disables == 1);
        // The client is on the same loop, so nothing is read in between.
        for (int i = 0; i < 100_000; i++)
        {
            fixture.Hub.MoveCursor(0, new CursorPosition(i, i, true));
        }
        fixture.RunUntil(() => console.CursorPosition.X == 99_999);
        Assert.Equal(1, fixture.Server.ListenerCount);
    }

    [Fact]
    public void A_viewer_that_dies_lets_go_of_the_guest_s_frame()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        (RemoteConsole console, RecordingView view) = fixture.Watch(takeDmaBuf: true);
        view.IsSlow = true;
        fixture.RunUntil(() => view.Disables == 1);
        fixture.Hub.SetScanout(0, fixture.DmaBufPicture(pages, 0, 32, 8, bands: 1));
        Assert.True(fixture.Flush(0, new Rect(0, 0, 32, 8)));
        fixture.RunUntil(() => view.Updates.Count == 1);
        console.Client.Dispose();
        fixture.RunUntil(() => fixture.Consumed.GetValueOrDefault(0) == 1 && fixture.Server is { ListenerCount: 0, PeerCount: 0 });
        Assert.False(fixture.Flush(0, new Rect(0, 0, 32, 8)));
    }

    [Theory]
    [InlineData(1000u, 1000u, true)]
    [InlineData(0u, 1000u, true)]
    [InlineData(1001u, 1000u, false)]
    [InlineData(1000u, 0u, false)]
    public void Only_the_user_who_runs_it_and_root_may_connect(uint user, uint own, bool may) => Assert.Equal(may, DisplayServer.MayConnect(user, own));

    [NeedsRootFact("setpriv", "busctl")]
    public async Task A_process_of_another_user_is_not_let_in_and_is_named()
    {
        const int nobody = 65534;
        using var fixture = new DisplayFixture();
        File.SetUnixFileMode(Path.GetDirectoryName(fixture.Path)!, (UnixFileMode)0b111_101_101);
        Assert.Contains("Permission denied", await ReadAsNobody(), StringComparison.Ordinal);
        Assert.Empty(fixture.Log);

        // Who may open the socket after all is refused by who they are.
        File.SetUnixFileMode(fixture.Path, (UnixFileMode)0b110_110_110);
        string refusal = await ReadAsNobody();
        Assert.DoesNotContain("test vm", refusal, StringComparison.Ordinal);
        Assert.Matches($"^display: refused busctl \\([0-9]+\\) of user {nobody}: only user 0 and root may connect$", Assert.Single(fixture.Log));
        Assert.Equal(0, fixture.Server.PeerCount);

        async Task<string> ReadAsNobody()
        {
            using Process busctl = Process.Start(new ProcessStartInfo("setpriv",
            [
                $"--reuid={nobody}", $"--regid={nobody}", "--clear-groups",
                "busctl", $"--address=unix:path={fixture.Path}", "get-property", "org.qemu", "/org/qemu/Display1/VM", "org.qemu.Display1.VM", "Name",
            ])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            Task<string> output = busctl.StandardOutput.ReadToEndAsync(), error = busctl.StandardError.ReadToEndAsync();
            fixture.RunUntil(() => busctl.HasExited && output.IsCompleted && error.IsCompleted);
            Assert.NotEqual(0, busctl.ExitCode);
            return await output + await error;
        }
    }

    [Fact]
    public void The_socket_is_the_user_s_alone()
    {
        using var fixture = new DisplayFixture();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(fixture.Path));
    }

    [Theory]
    [InlineData("/org/qemu/Display1/Console_7", "org.qemu.Display1.Console", "SetUIInfo", "UnknownObject")]
    [InlineData("/org/qemu/Display1/Console_00", "org.qemu.Display1.Console", "SetUIInfo", "UnknownObject")]
    [InlineData("/org/qemu/Display1/Console_", "org.qemu.Display1.Console", "SetUIInfo", "UnknownObject")]
    [InlineData("/org/qemu/Display1/Console_4294967296", "org.qemu.Display1.Console", "SetUIInfo", "UnknownObject")]
    [InlineData("/nothing", "org.example", "Nothing", "UnknownObject")]
    [InlineData("/org/qemu/Display1/VM", "org.qemu.Display1.VM", "Nothing", "UnknownMethod")]
    [InlineData(Console0, "org.qemu.Display1.Console", "Nothing", "UnknownMethod")]
    [InlineData(Console0, "org.qemu.Display1.Console", "SetUIInfo", "InvalidArgs")]
    [InlineData(Console0, "org.qemu.Display1.Console", "RegisterListener", "InvalidArgs")]
    [InlineData(Console0, "org.qemu.Display1.Keyboard", "Press", "InvalidArgs")]
    [InlineData(Console0, "org.qemu.Display1.Mouse", "SetAbsPosition", "InvalidArgs")]
    [InlineData(Console0, "org.qemu.Display1.Mouse", "RelMotion", "InvalidArgs")]
    [InlineData(Console0, "org.qemu.Display1.MultiTouch", "SendEvent", "InvalidArgs")]
    [InlineData(Console0, "org.freedesktop.DBus.Properties", "Get", "InvalidArgs")]
    [InlineData(Console0, "org.freedesktop.DBus.Properties", "GetAll", "InvalidArgs")]
    [InlineData("/nothing", "org.freedesktop.DBus.Introspectable", "Introspect", "UnknownObject")]
    public void A_call_that_makes_no_sense_gets_an_error_and_the_server_lives_on(string path, string interfaceName, string member, string error)
    {
        using var fixture = new DisplayFixture();
        using BusConnection raw = fixture.ConnectRaw();
        Assert.Contains($".{error}", Refusal(raw, path, interfaceName, member, m => m.AppendStrings(["wrong"])), StringComparison.Ordinal);
        Assert.Equal("test vm", fixture.Connect().Name);
    }

    [Fact]
    public void Properties_can_be_read_but_not_written()
    {
        using var fixture = new DisplayFixture();
        using BusConnection raw = fixture.ConnectRaw();
        const string properties = "org.freedesktop.DBus.Properties";
        Assert.Contains("PropertyReadOnly", Refusal(raw, Console0, properties, "Set", m =>
        {
            m.Append("org.qemu.Display1.Console");
            m.Append("Width");
            m.AppendVariant("u", v => v.Append(5u));
        }), StringComparison.Ordinal);
        Assert.Contains("UnknownProperty", Refusal(raw, Console0, properties, "Get", m =>
        {
            m.Append("org.qemu.Display1.Console");
            m.Append("Colour");
        }), StringComparison.Ordinal);
        Assert.Contains("UnknownInterface", Refusal(raw, Console0, properties, "GetAll", m => m.Append("org.example")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_listener_that_is_no_socket_is_refused_and_one_that_talks_nonsense_is_let_go()
    {
        using var fixture = new DisplayFixture();
        using BusConnection raw = fixture.ConnectRaw();
        using FileDescriptor file = MemFd.Create("no-socket", 4096);
        Assert.Contains("is not a socket", Refusal(raw, Console0, "org.qemu.Display1.Console", "RegisterListener", m => m.Append(file)), StringComparison.Ordinal);

        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        {
            using (theirs)
            {
                using BusMessage call = raw.NewCall(default, "/org/qemu/Display1/Console_0"u8, "org.qemu.Display1.Console"u8, "RegisterListener"u8);
                call.Append(theirs.Descriptor);
                raw.CallAndWait(call, TimeSpan.FromSeconds(10));
            }
            Assert.Equal(1, fixture.Server.ListenerCount);
            ours.SendAll("GET / HTTP/1.1\r\nHost: nowhere\r\n\r\n"u8);
            fixture.RunUntil(() => fixture.Server.ListenerCount == 0);
        }
        Assert.Equal("test vm", fixture.Connect().Name);
    }

    [Fact]
    public void Bytes_that_are_no_d_bus_at_all_cost_only_their_own_connection()
    {
        using var fixture = new DisplayFixture();
        RemoteConsole console = fixture.Connect().Consoles[0];
        var random = new Random(1);
        for (int i = 0; i < 20; i++)
        {
            using UnixSocket socket = UnixSocket.Connect(fixture.Path);
            byte[] noise = new byte[random.Next(1, 3000)];
            random.NextBytes(noise);
            socket.SendAll(noise);
            fixture.Settle();
        }
        // A right beginning, then a header that promises far too much.
        using (UnixSocket socket = UnixSocket.Connect(fixture.Path))
        {
            socket.SendAll("\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n"u8);
            socket.SendAll([(byte)'l', 1, 0, 1, 0xff, 0xff, 0xff, 0x7f, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f]);
            fixture.RunUntil(() => fixture.Server.PeerCount == 1);
        }
        console.RefreshStatus();
    }

    [Fact]
    public void Keys_and_pointers_reach_the_sink_checked_and_what_is_held_is_let_go_with_the_client()
    {
        var sink = new RecordingSink();
        using var fixture = new DisplayFixture(input: sink);
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 30, 20, 120, 0, i => 0));
        RemoteConsole console = fixture.Connect().Consoles[0];
        List<InputRefusal> refused = [];
        console.InputRefused = refused.Add;
        console.Key(0x1e, true);
        console.Key(0x1e, false);
        console.Key(0x9d, true);
        console.Button(MouseButton.Extra, true);
        console.MoveTo(29, 19);
        console.Touch(TouchKind.Begin, 3, 1.5, 2.25);
        console.Key(0, true);
        console.Button((MouseButton)99, true);
        console.MoveTo(30, 0);
        console.MoveBy(1, 1);
        console.Touch((TouchKind)9, 0, 0, 0);
        console.Touch(TouchKind.Begin, 10, 0, 0);
        console.Touch(TouchKind.Begin, 0, double.NaN, 0);
        fixture.RunUntil(() => refused.Count == 7);
        sink.IsAbsolute = false;
        console.MoveBy(-3, 4);
        console.MoveTo(1, 1);
        fixture.RunUntil(() => refused.Count == 8);
        console.Client.Dispose();
        fixture.RunUntil(() => fixture.Server.PeerCount == 0);
        Assert.Equal(
            [
                "key 30 down", "key 30 up", "key 157 down", "Extra down", "to 29,19 of 30x20", "Begin 3 1.5,2.25 of 30x20", "by -3,4", "key 157 up", "Extra up",
            ],
            sink.Events);
    }

    [Fact]
    public void A_pointer_in_the_second_output_is_there_on_the_whole_desktop()
    {
        var sink = new RecordingSink();
        using var fixture = new DisplayFixture(outputs: 2, input: sink);
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 30, 20, 120, 0, i => 0));
        fixture.Hub.SetScanout(1, fixture.HostPicture(DrmFormat.XR24, 50, 40, 200, 0, i => 0, resource: 2));
        DisplayClient client = fixture.Connect();
        client.Consoles[1].MoveTo(49, 39);
        client.Consoles[1].Touch(TouchKind.Begin, 0, 1.5, 2.25);
        client.Consoles[0].MoveTo(1, 2);
        fixture.RunUntil(() => sink.Events.Length == 3);
        Assert.Equal(["to 79,39 of 80x40", "Begin 0 31.5,2.25 of 80x40", "to 1,2 of 80x40"], sink.Events);
    }

    [Fact]
    public void Without_a_way_to_the_guest_input_is_refused_with_what_to_do()
    {
        using var fixture = new DisplayFixture();
        RemoteConsole console = fixture.Connect().Consoles[0];
        string? refused = null;
        console.InputRefused = refusal => refused = refusal.Reason;
        console.Key(0x1e, true);
        fixture.RunUntil(() => refused is not null);
        Assert.EndsWith("keyboard and mouse: plug one in", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void Updates_over_a_map_allocate_nothing()
    {
        using var fixture = new DisplayFixture();
        var view = new CountingView();
        RemoteConsole console = fixture.Connect().Consoles[0];
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 64, 64, 256, 0, i => 0));
        fixture.Hub.Commit();
        console.Watch(view, takeDmaBuf: false);
        Flush(200);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Flush(1000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        // Server, client and the loop together; the odd timer may cost something once.
        Assert.InRange(allocated, 0, 10_000);

        void Flush(int times)
        {
            for (int i = 0; i < times; i++)
            {
                int seen = view.Count;
                fixture.Hub.Flush(0, new Rect(1, 2, 3, 4));
                while (view.Count == seen)
                {
                    fixture.Loop.RunOnce(1000);
                }
            }
        }
    }

    [NeedsProgramTheory("busctl")]
    [InlineData("introspect", "org.qemu", Console0, ".RegisterListener", "h")]
    [InlineData("get-property", "org.qemu", "/org/qemu/Display1/VM", "org.qemu.Display1.VM", "Name", "s \"test vm\"")]
    [InlineData("get-property", "org.qemu", Console0, "org.qemu.Display1.Console", "Width", "u 30")]
    [InlineData("tree", "org.qemu", "/org/qemu/Display1/Console_0")]
    public async Task Busctl_reads_the_server(params string[] words)
    {
        using var fixture = new DisplayFixture();
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 30, 20, 120, 0, i => 0));
        string[] arguments = words[0] switch
        {
            "get-property" => words[..5],
            "introspect" => words[..3],
            _ => words[..2],
        };
        using Process busctl = Process.Start(new ProcessStartInfo("busctl", [$"--address=unix:path={fixture.Path}", "--no-pager", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = busctl.StandardOutput.ReadToEndAsync();
        Task<string> error = busctl.StandardError.ReadToEndAsync();
        fixture.RunUntil(() => busctl.HasExited && output.IsCompleted && error.IsCompleted);
        Assert.Equal("", await error);
        Assert.Contains(words[^1], await output, StringComparison.Ordinal);
        Assert.Contains(words[^2] is ".RegisterListener" ? words[^2] : "", await output, StringComparison.Ordinal);
    }

    [NeedsGDBusFact]
    public async Task A_client_of_another_D_Bus_library_watches_the_console_and_maps_the_picture()
    {
        using var fixture = new DisplayFixture();
        const int width = 37, height = 11, stride = 160, offset = 52;
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.BX24, width, height, stride, offset, i => (byte)(i * 7)));
        fixture.Hub.Commit();
        using Process client = Process.Start(new ProcessStartInfo(
            NeedsGDBusFactAttribute.Python, [Path.Combine(AppContext.BaseDirectory, "Display", "gdbus-client.py"), fixture.Path])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = client.StandardOutput.ReadToEndAsync(), error = client.StandardError.ReadToEndAsync();
        fixture.RunUntil(() => client.HasExited && output.IsCompleted && error.IsCompleted);
        Assert.True(client.ExitCode == 0, await error);

        byte[] rows = [.. Enumerable.Range(0, height).SelectMany(y => Enumerable.Range(0, width * 4).Select(x => (byte)((offset + (y * stride) + x) * 7)))];
        Assert.Equal(
            $"""
            vm test vm
            size {width} {height}
            map {width}x{height} stride {width * 4} offset 0 format 0x20080888
            update 0 0 {width} {height}
            pixels {Convert.ToHexStringLower(SHA256.HashData(rows))}

            """,
            await output);
    }

    private static string Refusal(BusConnection raw, string path, string interfaceName, string member, Action<BusMessage> fill)
    {
        using BusMessage call = raw.NewCall(default, Utf8(path), Utf8(interfaceName), Utf8(member));
        fill(call);
        return Assert.Throws<BusException>(() => raw.CallAndWait(call, TimeSpan.FromSeconds(10))).Message;
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + '\0');

    private sealed class CountingView : IDisplayView
    {
        public int Count { get; private set; }

        public string? Show(RemotePicture picture) => null;

        public bool Update(Rect damage)
        {
            Count++;
            return true;
        }

        public void Forget(RemotePicture picture)
        {
        }

        public void Disable()
        {
        }

        public void DefineCursor(CursorImage image)
        {
        }

        public void MoveCursor(CursorPosition position)
        {
        }
    }
}
