using System.Text;
using FbShare.Capture;
using FbShare.Cli;
using FbShare.Cli.Qemu;
using FbShare.Cli.Scripts;
using FbShare.Display.Client;
using FbShare.Testing.Text;
using FbShare.Testing.Typing;
using FbShare.Tests;

namespace FbShare.Fuzz;

/// <summary>What people and programs write: command lines of ours and of QEMU's, scripts, chords of keys, names of displays, tesseract's tables. Each is
/// understood, or refused in a sentence.</summary>
internal sealed class WordDoor : Door
{
    private static readonly string[] Commands = [.. new FbShareCommand().Subcommands.Select(c => c.Name)];

    private static readonly string[] Options = [.. new FbShareCommand().Subcommands.SelectMany(c => c.Options).Select(o => o.Name).Distinct(), "-q", "-v", "-o", "--help", "--version"];

    private static readonly string[] Values =
    [
        "", "0", "1", "-1", "17", "99999999999999999999", "1e400", "NaN", "1x1", "1280x800", "0x0", "still:1s", "frame:0", "unix:/tmp/x", "qmp:", "a.png", "/", "--", "-", "@file",
        "\u001b[2J", "auto", "copy", "true", "\n", "'", "=", ":", "1s", "-1s", "1:2", "0:0x1000,", "XR24", "1,2,3,4", "ctrl-alt-f2", "login:", "--text",
    ];

    private static readonly string[] QemuWords =
    [
        "-m", "2G", "512M,slots=2,maxmem=4G", "-machine", "q35,memory-backend=m,accel=kvm:tcg", "-object", "memory-backend-memfd,id=m,size=1G,share=on", "-numa", "node,memdev=m",
        "-device", "virtio-gpu-pci,xres=800", "virtio-balloon", "{\"driver\":\"virtio-vga\",\"id\":\"x\"}", "-vga", "std", "-display", "dbus,p2p=yes", "gtk,gl=on", "-nodefaults",
        "-cpu", "host", "-smp", "2", "-name", "guest=a,,b", "-uuid", "-S", "-snapshot", "disk.qcow2", "-incoming", "defer", "-mem-path", "/dev/hugepages", "-M", "pc", "-nographic",
    ];

    private static readonly QemuInfo Qemu = new(
        "qemu-system-x86_64", new Version(11, 1), new HashSet<string> { "vhost-user-gpu-pci", "vhost-user-test-device-pci", "vfio-user-pci" }, new HashSet<string> { "tcg", "kvm" });

    private static readonly QemuRequest Request = new() { GpuSocket = "/run/gpu", MonitorSocket = "/run/qmp" };

    private static readonly string[] Keys = ["ctrl", "alt", "shift", "super", "f2", "enter", "a", "-", "+", "é", "\ud83d\ude00", "XF86Eject", ""];

    private static readonly string[] Addresses = ["unix:/run/x", "qmp:/run/q", "bus:", "bus:unix:path=/run/bus", "libvirt:debian", "debian", "fbshare:debian", "DEBIAN!", "unix:", ":"];

    private HeldResources _early;

    public WordDoor()
        : base("texts")
    {
    }

    private enum Kind
    {
        CommandLine,
        QemuCommandLine,
        Script,
        Chord,
        Address,
        Table,
        Count,
    }

    public override IEnumerable<byte[]> Examples
    {
        get
        {
            var random = new Random(1);
            for (int i = 0; i < 60; i++)
            {
                Kind kind = (Kind)(i % (int)Kind.Count);
                yield return [(byte)kind, .. Encoding.UTF8.GetBytes(Make(kind, random))];
            }
        }
    }

    public override void Round(Random random)
    {
        for (int i = 0; i < 20; i++)
        {
            var kind = (Kind)random.Next((int)Kind.Count);
            Try(kind, Spoil(Make(kind, random), random));
        }
        if (_early == default)
        {
            _early = HeldResources.Now();
        }
    }

    /// <summary>The first byte says what kind of text the rest is. Words of command lines end with a zero, as in /proc/PID/cmdline.</summary>
    public override void Take(ReadOnlyMemory<byte> input)
    {
        if (!input.IsEmpty)
        {
            Try((Kind)(input.Span[0] % (int)Kind.Count), Encoding.UTF8.GetString(input.Span[1..]));
        }
    }

    public override void Finish()
    {
        if (_early != default)
        {
            Harm.NoteGrowth(_early);
        }
    }

    public override void Dispose()
    {
    }

    private static string Make(Kind kind, Random random) => kind switch
    {
        Kind.CommandLine => string.Join('\0', Arguments(random)),
        Kind.QemuCommandLine => string.Join('\0', Some(QemuWords, random)),
        Kind.Script => string.Join('\n', Enumerable.Range(0, random.Next(4)).Select(_ => string.Join(' ', Arguments(random).Select(a => a.Contains(' ', StringComparison.Ordinal) ? $"'{a}'" : a)) + (random.Next(4) == 0 ? " # text" : ""))),
        Kind.Chord => string.Join(random.Next(2) == 0 ? '-' : '+', Some(Keys, random)),
        Kind.Address => Addresses[random.Next(Addresses.Length)],
        _ => "level\tpage_num\n" + string.Join('\n', Enumerable.Range(0, random.Next(5)).Select(i => $"5\t1\t1\t1\t{i / 2}\t{i}\t{random.Next(900)}\t{random.Next(900)}\t{random.Next(90)}\t{random.Next(90)}\t96.1\tlogin:")),
    };

    private static List<string> Arguments(Random random)
    {
        List<string> words = [Commands[random.Next(Commands.Length)]];
        for (int n = random.Next(6); n > 0; n--)
        {
            words.Add(random.Next(8) == 0 ? Values[random.Next(Values.Length)] : Options[random.Next(Options.Length)]);
            if (random.Next(3) > 0)
            {
                words.Add(Values[random.Next(Values.Length)]);
            }
        }
        return words;
    }

    private static IEnumerable<string> Some(string[] words, Random random) => Enumerable.Range(0, random.Next(1, 10)).Select(_ => words[random.Next(words.Length)]);

    private static string Spoil(string text, Random random)
    {
        for (int i = random.Next(3); i > 0 && text.Length > 0; i--)
        {
            int at = random.Next(text.Length);
            text = random.Next(3) switch
            {
                0 => text[..at] + (char)random.Next(128) + text[(at + 1)..],
                1 => text.Remove(at, random.Next(text.Length - at)),
                _ => text.Insert(at, Values[random.Next(Values.Length)]),
            };
        }
        return text;
    }

    private void Try(Kind kind, string text)
    {
        Tally.Sent++;
        try
        {
            Tally.Ok += IsUnderstood(kind, text) ? 1 : 0;
        }
        catch (Exception e)
        {
            Harm.Note(kind + e.GetType().Name, $"{kind}: {e}\n{Convert.ToBase64String([(byte)kind, .. Encoding.UTF8.GetBytes(text)])}");
        }
        Tally.Answered++;
    }

    private bool IsUnderstood(Kind kind, string text)
    {
        switch (kind)
        {
            case Kind.CommandLine:
                return CheckSentence(FbShare.Cli.Program.FindMistake(FbShare.Cli.Program.Parse(text.Split('\0'))));
            case Kind.QemuCommandLine:
                return QemuCommandLine.TryBuild(text.Split('\0'), Qemu, () => new Kvm(false, "there is no KVM here"), Request, out _, out string? why) || CheckSentence(why);
            case Kind.Script:
                try
                {
                    foreach (ScriptStep step in ScriptFile.Parse(text))
                    {
                        CheckSentence(FbShare.Cli.Program.FindMistake(FbShare.Cli.Program.Parse(step.Words)));
                    }
                    return true;
                }
                catch (ScriptException e)
                {
                    return CheckSentence(e.Message);
                }
            case Kind.Chord:
                try
                {
                    KeyChord.Parse(text, () => throw new TypingException("there is no keyboard layout here"));
                    return true;
                }
                catch (TypingException e)
                {
                    return CheckSentence(e.Message);
                }
            case Kind.Address:
                return DisplayAddress.TryParse(text, out _, out string? reason) || CheckSentence(reason);
            default:
                return Tesseract.Parse(text, 2).Lines.Count > 0;
        }
    }

    /// <summary>A refusal has words, and none of them are the program's own insides.</summary>
    /// <returns>Whether there is no refusal.</returns>
    private bool CheckSentence(string? refusal)
    {
        if (refusal is not null && (refusal.Trim().Length == 0 || refusal.Contains("System.", StringComparison.Ordinal)))
        {
            Harm.Note("sentence", $"this is no sentence: '{refusal}'");
        }
        return refusal is null;
    }
}
