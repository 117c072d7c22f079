using System.Diagnostics;
using System.Text;
using FbShare.Display.Server;
using FbShare.Input;
using FbShare.Linux;
using FbShare.Qemu;
using Xunit;

namespace FbShare.Tests.Qemu;

public class QmpInputTests
{
    public static TheoryData<string, string> Inputs => new()
    {
        { "key", """[{"type":"key","data":{"down":true,"key":{"type":"number","data":156}}}]""" },
        { "button", """[{"type":"btn","data":{"down":false,"button":"wheel-up"}}]""" },
        { "move by", """[{"type":"rel","data":{"axis":"x","value":-3}},{"type":"rel","data":{"axis":"y","value":7}}]""" },
        { "move to the first pixel", """[{"type":"abs","data":{"axis":"x","value":0}},{"type":"abs","data":{"axis":"y","value":0}}]""" },
        { "move to the last pixel", """[{"type":"abs","data":{"axis":"x","value":32767}},{"type":"abs","data":{"axis":"y","value":32767}}]""" },
        { "move outside", """[{"type":"abs","data":{"axis":"x","value":32767}},{"type":"abs","data":{"axis":"y","value":0}}]""" },
        { "finger down", """[{"type":"mtt","data":{"type":"begin","slot":2,"tracking-id":2,"axis":"x","value":0}},{"type":"mtt","data":{"type":"data","slot":2,"tracking-id":2,"axis":"x","value":0}},{"type":"mtt","data":{"type":"data","slot":2,"tracking-id":2,"axis":"y","value":32767}}]""" },
        { "finger up", """[{"type":"mtt","data":{"type":"end","slot":2,"tracking-id":-1,"axis":"x","value":0}}]""" },
    };

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Each_input_is_the_event_that_qapi_defines(string what, string events)
    {
        var (ours, qemus) = UnixSocket.CreatePair();
        using var loop = new EventLoop();
        using var session = new QmpSession(loop, ours);
        Do(new QmpInput(session), what);
        qemus.SendAll("{\"QMP\": {}}\r\n"u8);
        loop.RunOnce(1000);

        byte[] buffer = new byte[4096];
        string[] lines = Encoding.UTF8.GetString(buffer, 0, qemus.Receive(buffer)!.Value).TrimEnd().Split('\n');

        Assert.Equal("""{"execute":"input-send-event","arguments":{"events":""" + events + "}}", lines[^1]);
        qemus.Dispose();
    }

    [Theory]
    [InlineData("""[{"name": "a", "index": 1, "current": true, "absolute": false}, {"name": "b", "index": 2, "current": false, "absolute": true}]""", false)]
    [InlineData("""[{"name": "b", "index": 2, "current": true, "absolute": true}]""", true)]
    public void The_pointer_that_qemu_says_is_current_decides_the_mode(string mice, bool absolute)
    {
        var (ours, qemus) = UnixSocket.CreatePair();
        using var loop = new EventLoop();
        using var session = new QmpSession(loop, ours);
        var input = new QmpInput(session);
        qemus.SendAll(Encoding.UTF8.GetBytes("{\"QMP\": {}}\r\n{\"return\": {}}\r\n{\"return\": " + mice + "}\r\n"));
        loop.RunOnce(1000);

        Assert.Equal(absolute, input.IsAbsolute);
        qemus.Dispose();
    }

    [Fact]
    public void While_qemu_answers_nothing_input_does_not_pile_up_and_what_was_pressed_is_still_let_go()
    {
        var (ours, qemus) = UnixSocket.CreatePair();
        using var loop = new EventLoop();
        using var session = new QmpSession(loop, ours);
        var input = new QmpInput(session);
        input.Key(30, pressed: true);
        input.Button(MouseButton.Left, pressed: true);
        for (int i = 0; i < 100_000; i++)
        {
            input.MoveTo(i % 64, 0, 64, 64);
            input.Key(31, pressed: i % 2 == 0);
            input.Touch(TouchKind.Update, 1, i % 64, 0, 64, 64);
        }
        int before = session.Unanswered;
        Assert.InRange(before, 100, 400);
        input.Key(30, pressed: false);
        input.Button(MouseButton.Left, pressed: false);
        input.Key(32, pressed: true);
        input.Key(32, pressed: false);
        Assert.Equal(before + 2, session.Unanswered);
        qemus.Dispose();
    }

    [Theory]
    [InlineData("""{"return": [{"name": "a", "index": 99999999999, "current": true, "absolute": true}]}""")]
    [InlineData("""{"return": [{"name": "a", "index": 1.5, "current": true, "absolute": true}]}""")]
    [InlineData("""{"return": [{"name": "a", "index": 1, "current": 7, "absolute": true}]}""")]
    [InlineData("""{"return": {"mice": 1}}""")]
    [InlineData("""{"return": [7]}""")]
    [InlineData("""{"error": {"desc": 7}}""")]
    [InlineData("[]")]
    public void An_answer_that_makes_no_sense_ends_the_session_and_nothing_else(string answer)
    {
        var (ours, qemus) = UnixSocket.CreatePair();
        using var loop = new EventLoop();
        using var session = new QmpSession(loop, ours);
        List<string> closed = [];
        session.Closed = closed.Add;
        _ = new QmpInput(session);
        qemus.SendAll(Encoding.UTF8.GetBytes("{\"QMP\": {}}\r\n{\"return\": {}}\r\n" + answer + "\r\n"));
        loop.RunOnce(1000);
        Assert.Single(closed);
        qemus.Dispose();
    }

    [Fact]
    public void A_greeting_that_comes_again_is_not_answered_again()
    {
        var (ours, qemus) = UnixSocket.CreatePair();
        using var loop = new EventLoop();
        using var session = new QmpSession(loop, ours);
        for (int i = 0; i < 100; i++)
        {
            qemus.SendAll("{\"QMP\": {}}\r\n"u8);
        }
        loop.RunOnce(1000);
        Assert.Equal(1, session.Unanswered);
        qemus.Dispose();
    }

    [Fact]
    public void Of_a_qemu_that_never_answers_commands_are_refused_in_the_end()
    {
        var (ours, qemus) = UnixSocket.CreatePair();
        using var loop = new EventLoop();
        using var session = new QmpSession(loop, ours);
        string? error = null;
        for (int i = 0; i < 100_000 && error is null; i++)
        {
            session.Send("query-status", null, reply => error = reply.Error);
        }
        Assert.Contains("commands unanswered", error, StringComparison.Ordinal);
        qemus.Dispose();
    }

    [Fact]
    public void A_wheel_to_the_side_goes_to_the_mouse_that_has_one_and_the_pointer_is_the_tablet_again()
    {
        var (ours, qemus) = UnixSocket.CreatePair();
        using var loop = new EventLoop();
        using var session = new QmpSession(loop, ours);
        var input = new QmpInput(session);
        qemus.SendAll("{\"QMP\": {}}\r\n{\"return\": {}}\r\n{\"return\": [{\"name\": \"Tablet\", \"index\": 3, \"current\": true, \"absolute\": true}, {\"name\": \"QEMU PS/2 Mouse\", \"index\": 2, \"current\": false, \"absolute\": false}]}\r\n"u8);
        loop.RunOnce(1000);
        byte[] buffer = new byte[4096];
        qemus.Receive(buffer);

        input.Button(MouseButton.WheelLeft, pressed: true);
        input.Button(MouseButton.WheelLeft, pressed: false);

        Assert.Equal(
            """
            {"execute":"human-monitor-command","arguments":{"command-line":"mouse_set 2"}}
            {"execute":"input-send-event","arguments":{"events":[{"type":"btn","data":{"down":true,"button":"wheel-left"}}]}}
            {"execute":"human-monitor-command","arguments":{"command-line":"mouse_set 3"}}

            """,
            Encoding.UTF8.GetString(buffer, 0, qemus.Receive(buffer)!.Value));
        Assert.True(input.IsAbsolute);
        qemus.Dispose();
    }

    [NeedsProgramFact("qemu-system-x86_64")]
    public void A_real_qemu_takes_each_of_them()
    {
        using var folder = new TemporaryFolder();
        using UnixListener listener = UnixListener.Listen(folder["qmp"]);
        using Process qemu = Process.Start(
            "qemu-system-x86_64", ["-machine", "q35,accel=tcg", "-nodefaults", "-display", "none", "-usb", "-device", "usb-tablet", "-qmp", $"unix:{folder["qmp"]},server=off"]);
        try
        {
            using QmpClient client = new(QmpTests.Accept(listener));
            foreach (object[] input in Inputs)
            {
                // Fingers need a device that no QEMU here has by default.
                if (!((string)input[0]).StartsWith("finger", StringComparison.Ordinal))
                {
                    client.Execute("input-send-event", json =>
                    {
                        json.WritePropertyName("events");
                        json.WriteRawValue((string)input[1]);
                    });
                }
            }
            Assert.Throws<QemuException>(() => client.Execute("input-send-event", json => json.WriteString("events", "")));
        }
        finally
        {
            qemu.Kill();
        }
    }

    private static void Do(QmpInput input, string what)
    {
        switch (what)
        {
            case "key":
                input.Key(0x9C, pressed: true);
                break;
            case "button":
                input.Button(MouseButton.WheelUp, pressed: false);
                break;
            case "move by":
                input.MoveBy(-3, 7);
                break;
            case "move to the first pixel":
                input.MoveTo(0, 0, 1280, 800);
                break;
            case "move to the last pixel":
                input.MoveTo(1279, 799, 1280, 800);
                break;
            case "move outside":
                input.MoveTo(int.MaxValue, -1, 1280, 800);
                break;
            case "finger down":
                input.Touch(TouchKind.Begin, 2, 0, 799.5, 1280, 800);
                break;
            case "finger up":
                input.Touch(TouchKind.End, 2, 5, 5, 1280, 800);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(what));
        }
    }
}
