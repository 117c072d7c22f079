using System.Diagnostics;
using System.Text;
using System.Text.Json;
using FbShare.Cli.Qemu;
using FbShare.Linux;
using FbShare.Qemu;
using Xunit;

namespace FbShare.Tests.Qemu;

public class QmpTests
{
    private const string Greeting = """{"QMP": {"version": {"qemu": {"micro": 3, "minor": 1, "major": 11}, "package": ""}, "capabilities": ["oob"]}}""" + "\r\n";

    [Fact]
    public void Commands_wait_for_the_greeting_and_follow_the_negotiation_in_order()
    {
        var (ours, qemus) = UnixSocket.CreatePair();
        using var loop = new EventLoop();
        using var session = new QmpSession(loop, ours);
        var answers = new List<string>();
        session.Send("one", json => json.WriteString("a", "\"é"), reply => answers.Add(reply.Value.GetRawText()));
        session.Send("two", null, reply => answers.Add(reply.Error!));
        Assert.Null(qemus.Receive(new byte[100], wait: false));

        qemus.SendAll(Encoding.UTF8.GetBytes(Greeting));
        loop.RunOnce(1000);

        string[] sent = Text(qemus).TrimEnd().Split('\n');
        Assert.Equal(3, sent.Length);
        Assert.Equal("""{"execute":"qmp_capabilities"}""", sent[0]);
        using (JsonDocument one = JsonDocument.Parse(sent[1]))
        {
            Assert.Equal("one", one.RootElement.GetProperty("execute").GetString());
            Assert.Equal("\"é", one.RootElement.GetProperty("arguments").GetProperty("a").GetString());
        }
        Assert.Equal("""{"execute":"two"}""", sent[2]);

        // Answers come in pieces and with an event between.
        foreach (string piece in (string[])["{\"return\": {}}\r\n{\"ret", "urn\": [1]}\r\n{\"event\": \"STOP\", \"timestamp\": {}}\r\n{\"error\": {\"class\": \"x\", \"desc\": \"no\"}}\r\n"])
        {
            qemus.SendAll(Encoding.UTF8.GetBytes(piece));
            loop.RunOnce(1000);
        }
        Assert.Equal(["[1]", "no"], answers);
        qemus.Dispose();
    }

    [Theory]
    [InlineData("no json at all\n")]
    [InlineData("{\"error\": 3}\n")]
    [InlineData("[]\n")]
    [InlineData("{\"event\": {}}\n")]
    [InlineData("")]
    public void Rubbish_and_a_gone_qemu_close_the_session_once(string text)
    {
        var (ours, qemus) = UnixSocket.CreatePair();
        using var loop = new EventLoop();
        int closed = 0;
        using var session = new QmpSession(loop, ours) { Closed = _ => closed++ };
        session.Send("one", null, _ => { });
        qemus.SendAll(Encoding.UTF8.GetBytes(Greeting + text));
        qemus.Dispose();
        while (loop.RunOnce(50))
        {
        }
        Assert.Equal(1, closed);
        session.Send("two");
        Assert.Equal(1, closed);
    }

    [Fact]
    public void A_client_that_gets_no_answer_says_so()
    {
        var (ours, qemus) = UnixSocket.CreatePair();
        using (qemus)
        {
            using var client = new QmpClient(ours) { Timeout = TimeSpan.FromMilliseconds(20) };
            Assert.Contains("did not answer query-status within", Assert.Throws<QemuException>(() => client.Execute("query-status")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_client_whose_qemu_is_gone_says_so()
    {
        var (ours, qemus) = UnixSocket.CreatePair();
        using var client = new QmpClient(ours);
        qemus.Dispose();
        Assert.Contains("monitor closed before it answered query-status", Assert.Throws<QemuException>(() => client.Execute("query-status")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_monitor_that_is_not_there_is_named() =>
        Assert.Contains("/nowhere/qmp", Assert.Throws<QemuException>(() => QmpClient.Connect("/nowhere/qmp")).Message, StringComparison.Ordinal);

    [NeedsProgramFact("qemu-system-x86_64")]
    public void A_real_qemu_answers_refuses_takes_a_descriptor_and_tells_of_its_end()
    {
        using var folder = new TemporaryFolder();
        using UnixListener listener = UnixListener.Listen(folder["qmp"]);
        using Process qemu = Process.Start("qemu-system-x86_64", ["-machine", "none", "-nodefaults", "-display", "none", "-chardev", $"socket,id=q,path={folder["qmp"]}", "-mon", "chardev=q,mode=control"]);
        try
        {
            using QmpClient client = new(Accept(listener));
            Assert.True(client.Execute("query-version").GetProperty("qemu").GetProperty("major").GetInt32() >= 5);
            Assert.Contains("no-such-command", Assert.Throws<QemuException>(() => client.Execute("no-such-command")).Message, StringComparison.Ordinal);
            client.Execute("getfd", json => json.WriteString("fdname", "mem"), MemFd.Create("test", 4096));
            client.Execute("closefd", json => json.WriteString("fdname", "mem"));
            string? reason = null;
            client.EventReceived = (name, data) => reason = name == "SHUTDOWN" ? data.GetProperty("reason").GetString() : reason;
            client.Execute("quit");
            Assert.Equal("host-qmp-quit", reason ?? client.WaitFor("SHUTDOWN").GetProperty("reason").GetString());
            Assert.True(qemu.WaitForExit(TimeSpan.FromSeconds(20)));
        }
        finally
        {
            qemu.Kill();
        }
    }

    [NeedsProgramFact("qemu-system-x86_64")]
    public void A_real_qemu_tells_what_it_is()
    {
        QemuInfo info = QemuInfo.Ask("qemu-system-x86_64");
        Assert.InRange(info.Version.Major, 5, 99);
        Assert.Contains("virtio-keyboard-pci", info.Devices);
        Assert.Contains("virtio-keyboard", info.Devices);
        Assert.Contains("tcg", info.Accelerators);
        Assert.DoesNotContain(info.Accelerators, a => a.Contains(' ', StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("no-such-qemu", "there is no no-such-qemu: install it (apt install qemu-system)")]
    [InlineData("/nowhere/qemu-system-x86_64", "apt install qemu-system-x86)")]
    [InlineData("/etc/passwd", "cannot be run")]
    [InlineData("/bin/echo", "is not a QEMU")]
    [InlineData("/bin/false", "does not work")]
    public void What_is_no_qemu_is_named(string program, string said) =>
        Assert.Contains(said, Assert.Throws<QemuException>(() => QemuInfo.Ask(program)).Message, StringComparison.Ordinal);

    internal static UnixSocket Accept(UnixListener listener)
    {
        using var loop = new EventLoop();
        UnixSocket? socket = null;
        using EventLoop.Watch watch = loop.Add(listener.Descriptor, LoopEvents.Readable, _ => socket = listener.Accept());
        loop.RunOnce(20_000);
        return socket ?? throw new TimeoutException("QEMU did not connect");
    }

    private static string Text(UnixSocket socket)
    {
        byte[] buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer)!.Value);
    }
}
