using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using FbShare.Cli.Qemu;
using FbShare.Qemu;

namespace FbShare.QemuTests;

/// <summary>A QEMU that runs the test guest, with whatever display device: its monitor and its serial shell.</summary>
internal sealed class GuestMachine : IDisposable
{
    private readonly GuestOptions _options;
    private readonly StringBuilder _console = new();
    private readonly StringBuilder _pending = new();
    private readonly TextWriter _log;
    private readonly Process _qemu;
    private readonly string _folder;
    private Socket? _serial;

    /// <summary>Starts QEMU, with the guest standing still.</summary>
    /// <param name="device">Arguments for the display device.</param>
    /// <param name="folder">For its sockets; stays the caller's.</param>
    /// <param name="log">Takes what QEMU says, also for messages of failures.</param>
    public GuestMachine(GuestOptions options, IEnumerable<string> device, string folder, TextWriter log)
    {
        _options = options;
        _folder = folder;
        _log = log;
        _qemu = Process.Start(new ProcessStartInfo(options.Qemu, [.. Arguments(options, folder), .. device, .. options.MoreArguments]) { RedirectStandardError = true })!;
        _qemu.ErrorDataReceived += (_, line) => _log.WriteLine($"qemu: {line.Data}");
        _qemu.BeginErrorReadLine();
        Monitor = Await(() => QmpClient.Connect(Path.Combine(folder, "qmp")));
    }

    public QmpClient Monitor { get; }

    public int ProcessId => _qemu.Id;

    /// <summary>Lets the guest run and waits until its shell is there; a boot loader waits first.</summary>
    public void Boot()
    {
        if (!_options.FirmwareOnly)
        {
            _serial = Await(() =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 1000 };
                socket.Connect(new UnixDomainSocketEndPoint(Path.Combine(_folder, "serial")));
                return socket;
            });
        }
        Monitor.Execute("cont");
        if (!_options.FirmwareOnly && _options.BootImage is null)
        {
            WaitForLine("fbshare-guest ready");
        }
    }

    /// <summary>Types a line into the guest's serial shell.</summary>
    public void Type(string line) => _serial!.Send(Encoding.UTF8.GetBytes(line + "\n"));

    /// <summary>Types a line and waits for one that begins with <paramref name="answer"/>.</summary>
    public string Ask(string line, string answer)
    {
        Type(line);
        return WaitForLine(answer);
    }

    /// <summary>Ends the program that holds the picture and waits until it has said so.</summary>
    public void EndCard() => Ask("", "card: done");

    public string WaitForLine(string start)
    {
        var clock = Stopwatch.StartNew();
        var buffer = new byte[4096];
        while (true)
        {
            string text = _pending.ToString();
            int end;
            while ((end = text.IndexOf('\n')) >= 0)
            {
                string line = text[..end].TrimEnd('\r');
                text = text[(end + 1)..];
                _pending.Clear().Append(text);
                if (line.StartsWith(start, StringComparison.Ordinal))
                {
                    return line;
                }
                if (line.StartsWith("card: error", StringComparison.Ordinal) || line.StartsWith("card: refused", StringComparison.Ordinal))
                {
                    throw new InvalidOperationException($"the guest said: {line}");
                }
            }
            if (clock.Elapsed > _options.Patience)
            {
                throw new TimeoutException($"the guest did not say '{start}' in {_options.Patience.TotalSeconds} s; console:\n{_console}\nlog:\n{_log}");
            }
            try
            {
                int count = _serial!.Receive(buffer);
                string got = Encoding.UTF8.GetString(buffer, 0, count);
                _console.Append(got);
                _pending.Append(got);
                if (count == 0)
                {
                    throw new InvalidOperationException($"QEMU is gone; console:\n{_console}\nlog:\n{_log}");
                }
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
            {
            }
        }
    }

    public void Dispose()
    {
        if (!_qemu.HasExited)
        {
            _qemu.Kill();
        }
        _qemu.WaitForExit();
        _serial?.Dispose();
        Monitor.Dispose();
        _qemu.Dispose();
    }

    private static List<string> Arguments(GuestOptions options, string folder)
    {
        List<string> arguments =
        [
            .. TestMachine.Accelerator, "-m", options.Memory,
            "-object", $"memory-backend-memfd,id=mem,size={options.Memory},share=on{(options.HugePages ? ",hugetlb=on,hugetlbsize=2M" : "")}",
            "-machine", "q35,memory-backend=mem", "-nodefaults", "-no-user-config", "-display", "none", "-S",
            "-qmp", $"unix:{folder}/qmp,server=on,wait=off",
        ];
        if (options.FirmwareOnly)
        {
            arguments.AddRange(options.Bios ? [] : ["-bios", TestMachine.Firmware]);
        }
        else
        {
            arguments.AddRange(options.BootImage is { } image
                ? ["-cdrom", image]
                : ["-kernel", TestMachine.Kernel, "-initrd", Path.Combine(TestMachine.Guest, "initrd.img"), "-append", TestMachine.CommandLine]);
            arguments.AddRange(["-serial", $"unix:{folder}/serial,server=on,wait=off"]);
        }
        return arguments;
    }

    private T Await<T>(Func<T> connect)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return connect();
            }
            catch (Exception e) when (e is QemuException or SocketException && clock.Elapsed < _options.Patience && !_qemu.HasExited)
            {
                Thread.Yield();
            }
            catch (Exception e) when (_qemu.HasExited)
            {
                throw new InvalidOperationException($"QEMU ended with {_qemu.ExitCode}:\n{_log}", e);
            }
        }
    }
}
