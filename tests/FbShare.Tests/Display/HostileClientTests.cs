using FbShare.Display;
using FbShare.Display.Client;
using FbShare.Display.DBus;
using FbShare.Input;
using FbShare.Linux;
using FbShare.Logging;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Display;

/// <summary>Clients that write their D-Bus by hand: what they get wrong costs their own connection and nothing else.</summary>
public sealed class HostileClientTests
{
    private const long Second = 1_000_000_000;
    private const string Console0 = "/org/qemu/Display1/Console_0";
    private const string Console = "org.qemu.Display1.Console";
    private const string Keyboard = "org.qemu.Display1.Keyboard";
    private const string Properties = "org.freedesktop.DBus.Properties";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_client_that_sends_a_descriptor_right_after_begin_is_served(bool inOneWrite)
    {
        using var fixture = new DisplayFixture();
        using UnixSocket client = UnixSocket.Connect(fixture.Path);
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        {
            byte[] call = WireMessage.MethodCall(1, Console0, Console, "RegisterListener", "h", WireMessage.Number(0), descriptors: 1);
            if (inOneWrite)
            {
                client.SendAll([.. WireMessage.Authentication, .. call], [theirs.Descriptor]);
            }
            else
            {
                client.SendAll(WireMessage.Authentication);
                client.SendAll(call, [theirs.Descriptor]);
            }
            theirs.Dispose();
            fixture.RunUntil(() => fixture.Server.ListenerCount == 1);
            Assert.Empty(fixture.Log);
        }
    }

    [Fact]
    public void A_client_that_sends_its_calls_byte_by_byte_is_served()
    {
        using var fixture = new DisplayFixture();
        using UnixSocket client = UnixSocket.Connect(fixture.Path);
        foreach (byte one in (byte[])[.. WireMessage.Authentication, .. WireMessage.MethodCall(7, "/", "org.freedesktop.DBus.Peer", "Ping")])
        {
            client.SendAll([one]);
            fixture.Settle();
        }
        byte[] answer = new byte[4096];
        int length = client.Receive(answer, wait: false)!.Value;
        Assert.True(answer.AsSpan(0, length).IndexOf("AGREE_UNIX_FD\r\nl\u0002"u8) > 0, "the call's answer follows the authentication's");
    }

    public static TheoryData<string, byte[], string> Wrong => new()
    {
        { "a body shorter than its signature", WireMessage.MethodCall(1, Console0, Keyboard, "Press", "u"), "does not hold what its signature says" },
        { "text that is no UTF-8", WireMessage.MethodCall(1, Console0, Properties, "GetAll", "s", [1, 0, 0, 0, 0xff, 0]), "does not hold what its signature says" },
        { "a descriptor that was not announced", WireMessage.MethodCall(1, Console0, Console, "RegisterListener", "h", WireMessage.Number(0)), "does not hold what its signature says" },
        { "a descriptor that was not sent", WireMessage.MethodCall(1, Console0, Console, "RegisterListener", "h", WireMessage.Number(0), descriptors: 1), "announced 1 descriptors and sent 0" },
        { "an array that is cut short", WireMessage.MethodCall(1, Console0, Properties, "Set", "ssv", [1, 0, 0, 0]), "" },
        { "a hundred megabytes to come", WireMessage.MethodCall(1, Console0, Keyboard, "Press", "u", WireMessage.Number(30), announced: 100 << 20), "at most 65536 are taken" },
        { "the most there can be to come", WireMessage.MethodCall(1, Console0, Keyboard, "Press", "u", WireMessage.Number(30), announced: uint.MaxValue), "at most 65536 are taken" },
        { "no message", [.. "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8], "no D-Bus message" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_client_that_sends_what_makes_no_sense_is_dismissed_with_the_reason_and_the_others_go_on(string what, byte[] message, string reason)
    {
        var sink = new RecordingSink();
        using var fixture = new DisplayFixture(input: sink);
        (RemoteConsole other, RecordingView view) = fixture.Watch();
        using UnixSocket client = UnixSocket.Connect(fixture.Path);
        client.SendAll([.. WireMessage.Authentication, .. message]);
        if (reason.Length > 0)
        {
            fixture.RunUntil(() => fixture.Log.Count == 1);
            Assert.Contains($"({Environment.ProcessId}) is dismissed: it ", fixture.Log[0], StringComparison.Ordinal);
            Assert.Contains(reason, fixture.Log[0], StringComparison.Ordinal);
            Assert.Equal(1, fixture.Server.PeerCount);
        }
        fixture.Settle();
        Assert.Equal(0, fixture.Server.Defects);
        other.Key(30, true);
        fixture.RunUntil(() => sink.Events.Length == 1);
        Assert.NotNull(what);
        Assert.Equal(1, view.Disables);
    }

    [Fact]
    public void A_listener_whose_answer_is_broken_is_dismissed_and_the_client_s_other_listener_goes_on()
    {
        using var fixture = new DisplayFixture();
        using BusConnection main = fixture.ConnectRaw();
        using var good = new RawListener(fixture.Loop, main, Console0, [DisplayProtocol.MapName]);
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        {
            using (theirs)
            using (BusMessage call = main.NewCall(default, "/org/qemu/Display1/Console_0"u8, "org.qemu.Display1.Console"u8, "RegisterListener"u8))
            {
                call.Append(theirs.Descriptor);
                main.CallAndWait(call, TimeSpan.FromSeconds(10));
            }
            // sd-bus numbers its messages from 1: that is the question which interfaces there are.
            ours.SendAll([.. WireMessage.Authentication, .. WireMessage.MethodReply(1, 1, "a{sv}", WireMessage.Number(4000))]);
            fixture.RunUntil(() => fixture.Log.Count > 0);
            Assert.Contains("listener on output 0 is dismissed: it sent a D-Bus message", Assert.Single(fixture.Log), StringComparison.Ordinal);
            fixture.RunUntil(() => fixture.Server.ListenerCount == 1);
            fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 8, 8, 32, 0, i => 1));
            fixture.Hub.Commit();
            fixture.RunUntil(() => good.Calls.Contains("UpdateMap 0,0 8x8"));
        }
    }

    [Fact]
    public void A_client_that_asks_without_reading_is_not_listened_to_until_it_reads_and_then_loses_nothing()
    {
        using var fixture = new DisplayFixture();
        using UnixSocket client = UnixSocket.Connect(fixture.Path);
        client.Descriptor.SetNonBlocking();
        client.SendAll(WireMessage.Authentication);
        uint sent = 0;
        int refused = 0;
        byte[] left = [];
        while (sent < 100_000 && refused < 3)
        {
            if (left.Length == 0)
            {
                left = WireMessage.MethodCall(++sent, Console0, "org.freedesktop.DBus.Introspectable", "Introspect");
            }
            int count = client.Send(left, wait: false);
            left = left[count..];
            if (count == 0)
            {
                // The socket is full: either the server reads now, or it never will.
                refused++;
                fixture.Settle();
            }
            else
            {
                refused = 0;
            }
        }
        Assert.True(sent < 10_000, $"{sent} calls were taken from a client that reads no answer");
        Assert.Equal(1, fixture.Server.PeerCount);

        // Each answer is some kilobytes and names its call.
        var answered = new HashSet<uint>();
        byte[] received = [];
        byte[] buffer = new byte[1 << 20];
        fixture.RunUntil(() =>
        {
            if (left.Length > 0)
            {
                left = left[client.Send(left, wait: false)..];
            }
            if (client.Receive(buffer, wait: false) is { } length)
            {
                received = [.. received, .. buffer[..length]];
                received = TakeAnswers(received, answered);
            }
            return answered.Count == sent;
        });
        Assert.Empty(fixture.Log);
    }

    [Fact]
    public void A_defect_of_ours_in_one_client_s_call_is_told_with_its_trace_once_and_counted_and_the_others_go_on()
    {
        using var fixture = new DisplayFixture(input: new BrokenSink());
        RemoteConsole other = fixture.Connect().Consoles[0];
        for (int i = 0; i < 3; i++)
        {
            using BusConnection raw = fixture.ConnectRaw();
            using BusMessage call = raw.NewCall(default, "/org/qemu/Display1/Console_0"u8, "org.qemu.Display1.Keyboard"u8, "Press"u8);
            call.Append(30u);
            Assert.Throws<BusException>(() => raw.CallAndWait(call, TimeSpan.FromSeconds(10)));
        }
        Assert.Equal(3, fixture.Server.Defects);
        Assert.Single(fixture.Log, l => l.Contains(nameof(BrokenSink), StringComparison.Ordinal) && l.Contains("   at ", StringComparison.Ordinal));
        other.RefreshStatus();
    }

    [Fact]
    public void Ten_thousand_clients_that_are_refused_cannot_fill_the_log()
    {
        using var fixture = new DisplayFixture();
        while (fixture.Server.PeerCount < 64)
        {
            fixture.Own(UnixSocket.Connect(fixture.Path));
            fixture.Loop.RunOnce(1000);
        }
        for (int i = 0; i < 10_000; i++)
        {
            using UnixSocket client = UnixSocket.Connect(fixture.Path);
            fixture.Loop.RunOnce(1000);
        }
        Assert.InRange(fixture.Log.Count(l => l.Contains("64 clients are connected already", StringComparison.Ordinal)), 1, 3 * LogLimit.MostPerMinute);
        Assert.InRange(fixture.Log.Count, 1, 3 * LogLimit.MostPerMinute);
        Assert.Equal(64, fixture.Server.PeerCount);
    }

    [Fact]
    public void Clients_that_come_again_to_be_dismissed_cannot_fill_the_log()
    {
        using var fixture = new DisplayFixture();
        for (int i = 0; i < 1000; i++)
        {
            using UnixSocket client = UnixSocket.Connect(fixture.Path);
            client.SendAll("GET / HTTP/1.1\r\n\r\n"u8);
            fixture.RunUntil(() => fixture.Server.PeerCount == 1);
            fixture.RunUntil(() => fixture.Server.PeerCount == 0);
        }
        Assert.InRange(fixture.Log.Count, 1, 3 * LogLimit.MostPerMinute);
    }

    [Fact]
    public void A_client_that_never_authenticates_itself_is_dismissed_after_its_time()
    {
        using var loop = new EventLoop();
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (theirs)
        {
            using BusConnection connection = BusConnection.OverSocket(loop, ours.Descriptor, authenticates: true);
            theirs.SendAll("\0AUTH EXTERNAL\r\n"u8);
            loop.RunOnce(1000);
            long now = EventLoop.Now;
            connection.EndIfLate(now + (9 * Second));
            Assert.Null(connection.End);
            connection.EndIfLate(now + (11 * Second));
            Assert.Equal(new BusEnd(BusEndKind.Dismissed, "it did not authenticate itself within 10 s"), connection.End);
        }
    }

    [Fact]
    public void A_client_that_reads_nothing_of_what_waits_for_it_is_dismissed_after_its_time()
    {
        using var loop = new EventLoop();
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (theirs)
        {
            using BusConnection connection = BusConnection.OverSocket(loop, ours.Descriptor, authenticates: true);
            theirs.SendAll(WireMessage.Authentication);
            loop.RunOnce(1000);
            connection.EndIfLate(EventLoop.Now + (60 * Second));
            Assert.Null(connection.End);
            while (connection.Queued == 0)
            {
                using BusMessage signal = connection.NewSignal("/x"u8, "org.example.X"u8, "Changed"u8);
                signal.AppendBytes(60_000).Clear();
                connection.Send(signal);
            }
            connection.EndIfLate(EventLoop.Now + (29 * Second));
            Assert.Null(connection.End);
            connection.EndIfLate(EventLoop.Now + (31 * Second));
            Assert.Equal(new BusEnd(BusEndKind.Dismissed, "it has read nothing for 30 s"), connection.End);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_connection_that_cannot_be_made_leaves_no_descriptor_open(bool authenticates)
    {
        var loop = new EventLoop();
        loop.Dispose();
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (theirs)
        {
            Assert.ThrowsAny<Exception>(() => BusConnection.OverSocket(loop, ours.Descriptor, authenticates));
            // Nobody holds the other end any more: not even the collector, later.
            int? received;
            do
            {
                received = theirs.Receive(new byte[1000], wait: false);
            }
            while (received > 0);
            Assert.Equal(0, received);
        }
    }

    public static TheoryData<string, byte[]> CallsThatAreNotValid => new()
    {
        { "a signature that ends too soon", Register(signature: "(a{sv}") },
        { "a path with an empty element", Register(path: "/org//qemu") },
        { "an interface of one element", Register(of: "Console") },
        { "a member with a dash", Register(member: "Register-Listener") },
        { "no serial number", [.. Register()[..8], 0, 0, 0, 0, .. Register()[12..]] },
        { "a kind of message that there is not", [.. Register()[..1], 77, .. Register()[2..]] },
        { "a body without a signature", Register(signature: "") },
    };

    [Theory]
    [MemberData(nameof(CallsThatAreNotValid))]
    public void Descriptors_that_come_with_a_call_that_is_not_valid_are_closed_with_its_connection(string what, byte[] call)
    {
        using var fixture = new DisplayFixture();
        using UnixSocket client = UnixSocket.Connect(fixture.Path);
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        {
            client.SendAll(WireMessage.Authentication);
            client.SendAll(call, [theirs.Descriptor]);
            theirs.Dispose();
            fixture.RunUntil(() => fixture.Log.Count == 1);
            Assert.Contains("descriptors with a message that may carry none", fixture.Log[0], StringComparison.Ordinal);
            fixture.RunUntil(() => fixture.Server.PeerCount == 0);
            // Nobody holds the other end any more.
            Assert.Equal(0, ours.Receive(new byte[1], wait: false));
        }
        Assert.NotNull(what);
    }

    [Fact]
    public void What_a_client_wrote_into_its_call_comes_back_short_and_printable()
    {
        using var fixture = new DisplayFixture();
        using BusConnection raw = fixture.ConnectRaw();
        using BusMessage call = raw.NewCall(default, "/org/qemu/Display1/VM"u8, "org.freedesktop.DBus.Properties"u8, "GetAll"u8);
        call.Append("\u001b[31m\n" + new string('x', 30_000));
        string error = Assert.Throws<BusException>(() => raw.CallAndWait(call, TimeSpan.FromSeconds(10))).Message;
        Assert.InRange(error.Length, 10, 600);
        Assert.DoesNotContain(error, char.IsControl);
    }

    private static byte[] Register(string path = Console0, string of = Console, string member = "RegisterListener", string signature = "h") =>
        WireMessage.MethodCall(1, path, of, member, signature, WireMessage.Number(0), descriptors: 1);

    private static byte[] TakeAnswers(byte[] received, HashSet<uint> answered)
    {
        int at = received.AsSpan().StartsWith("DATA\r\n"u8) ? received.AsSpan().IndexOf("AGREE_UNIX_FD\r\n"u8) + "AGREE_UNIX_FD\r\n".Length : 0;
        while (received.Length - at >= BusFraming.HeaderLength)
        {
            Assert.True(BusFraming.TryGetLength(received.AsSpan(at), out ulong length));
            if ((ulong)(received.Length - at) < length)
            {
                break;
            }
            Assert.True(answered.Add(BitConverter.ToUInt32(received, at + 8)), "no answer comes twice");
            at += (int)length;
        }
        return received[at..];
    }

    private sealed class BrokenSink : IInputSink
    {
        public bool IsAbsolute => true;

        public void Key(uint number, bool pressed) => throw new InvalidOperationException($"{nameof(BrokenSink)} fails at {number}");

        public void Button(MouseButton button, bool pressed) => throw new InvalidOperationException();

        public void MoveTo(int x, int y, int width, int height) => throw new InvalidOperationException();

        public void MoveBy(int dx, int dy) => throw new InvalidOperationException();

        public void Touch(TouchKind kind, int slot, double x, double y, int width, int height) => throw new InvalidOperationException();
    }
}
