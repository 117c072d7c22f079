using System.CommandLine;
using System.Text.Json;
using FbShare.Cli.Probe;
using FbShare.Cli.Qemu;
using FbShare.Confinement;
using FbShare.Graphics;
using FbShare.Linux;
using FbShare.Qemu;

namespace FbShare.Cli;

/// <summary><c>fbshare probe</c>: what this host and a QEMU can do, which path follows, and what would give a better one.</summary>
internal sealed class ProbeCommand : CliCommand
{
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };
    private readonly Option<string> _qemu = new("--qemu") { Description = "The QEMU to ask.", HelpName = "PATH", DefaultValueFactory = _ => "qemu-system-x86_64" };

    private readonly Option<bool> _kvm = new("--kvm") { Description = "Only tell whether guests run by KVM here: status 0 if they do, 4 if not." };

    /// <summary>Only runs a guest by KVM, which may never return: see <see cref="KvmProbe"/>.</summary>
    private readonly Option<bool> _kvmTrial = new(KvmProbe.TrialOption) { Hidden = true };

    /// <summary>Only tries to do what a confined device must not: see <see cref="SandboxTrial"/>.</summary>
    private readonly Option<string?> _sandbox = new("--sandbox-trial") { Hidden = true };

    /// <summary>Only tries the OpenGL driver, which may crash: see <see cref="TryEglApart"/>.</summary>
    private readonly Option<bool> _egl = new("--egl") { Hidden = true };

    public ProbeCommand()
        : base(
            "probe",
            "Tells what this host and its QEMU can do, how pictures will reach viewers, and what to do for a better way.",
            "fbshare probe",
            "fbshare probe --json --qemu /opt/qemu/bin/qemu-system-x86_64 | jq .blob.path")
    {
        Add(_json);
        Add(_qemu);
        Add(_kvm);
        Add(_kvmTrial);
        _sandbox.AcceptOnlyFromAmong("confined", "free");
        Add(_sandbox);
        Add(_egl);
    }

    protected override int Run(ParseResult arguments, Log log)
    {
        if (arguments.GetValue(_egl))
        {
            return TryEgl(log);
        }
        if (arguments.GetValue(_sandbox) is { } how)
        {
            return SandboxTrial.Run(how == "confined");
        }
        if (arguments.GetValue(_kvmTrial))
        {
            string? why = KvmTrial.Run();
            Console.Out.Write(why);
            return why is null ? ExitCodes.Success : ExitCodes.Unfit;
        }
        Kvm kvm = KvmProbe.Ask(log);
        if (arguments.GetValue(_kvm))
        {
            Write(Console.Out, "KVM", new Finding(kvm.Usable, kvm.Reason, kvm.Cure));
            return kvm.Usable ? ExitCodes.Success : ExitCodes.Unfit;
        }
        QemuInfo? qemu = null;
        string? failure = null;
        try
        {
            qemu = QemuInfo.Ask(arguments.GetValue(_qemu)!);
        }
        catch (QemuException e)
        {
            failure = e.Message;
        }
        var report = ProbeReport.Of(TryUdmabuf(), UdmaBufLimits.Read(), TryEglApart(), HugePages.Read(), kvm, Sandbox.Foretell(), qemu, failure);
        if (arguments.GetValue(_json))
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(report, ProbeJson.Default.ProbeReport));
        }
        else
        {
            Write(Console.Out, report);
        }
        return report.Qemu.Ok ? ExitCodes.Success : ExitCodes.Unfit;
    }

    /// <summary>Makes a dma-buf of two pages, as a picture's would be made.</summary>
    private static UdmaBufException? TryUdmabuf()
    {
        try
        {
            int page = Environment.SystemPageSize;
            using UdmaBufDevice device = UdmaBufDevice.Open();
            using FileDescriptor memfd = MemFd.Create("fbshare-probe", 2 * page);
            device.Create([new FileRange(memfd, page, page), new FileRange(memfd, 0, page)]).Dispose();
            return null;
        }
        catch (UdmaBufException e)
        {
            return e;
        }
    }

    /// <summary>In a process of its own: a GL driver can crash (seen: Mesa with a vgem node).</summary>
    private Finding TryEglApart() => TrialProcess.Run(_egl.Name, TimeSpan.FromSeconds(30)) switch
    {
        (null, _) => new Finding(false, "the OpenGL driver did not answer within 30 s"),
        (ExitCodes.Success, string said) => new Finding(true, said),
        (ExitCodes.Unfit, string said) => new Finding(false, said, "use a GPU with a Mesa driver, or, to draw with the CPU, Mesa 24.1 or later (Debian 13 has 25)"),
        (int code, _) => new Finding(false, $"the OpenGL driver crashed when it was tried (status {code})", "set LIBGL_ALWAYS_SOFTWARE=1, or remove the DRM node of vgem"),
    };

    private static int TryEgl(Log log)
    {
        try
        {
            using GraphicsDevice device = GraphicsDevice.OpenBest(log.Verbose);
            Console.Out.WriteLine(device.Import.Reason);
            return device.Importer is null ? ExitCodes.Unfit : ExitCodes.Success;
        }
        catch (GraphicsException e)
        {
            Console.Out.WriteLine(e.Message);
            return ExitCodes.Unfit;
        }
    }

    private static void Write(TextWriter output, ProbeReport report)
    {
        foreach ((string name, Finding finding) in (ReadOnlySpan<(string, Finding)>)
            [("udmabuf", report.Udmabuf), ("EGL import", report.Egl), ("huge pages", report.HugePages), ("KVM", report.Kvm), ("sandbox", report.Sandbox), ("QEMU", report.Qemu), ("PCI device", report.Pci)])
        {
            Write(output, name, finding);
        }
        output.WriteLine();
        output.WriteLine($"{"device",-11} {report.Device.Kind,-8} {report.Device.Reason}");
        foreach ((string name, Forecast forecast) in (ReadOnlySpan<(string, Forecast)>)[("blob", report.Blob), ("2D", report.TwoD)])
        {
            output.WriteLine($"{name,-11} {forecast.Path,-8} {forecast.Reason}");
            WriteCure(output, forecast.Cure);
        }
    }

    private static void Write(TextWriter output, string name, Finding finding)
    {
        output.WriteLine($"{name,-11} {(finding.Ok ? "yes" : "no"),-8} {finding.Says}");
        WriteCure(output, finding.Cure);
    }

    private static void WriteCure(TextWriter output, string? cure)
    {
        if (cure is not null)
        {
            output.WriteLine($"{"",-11} {"better:",-8} {cure}");
        }
    }
}
