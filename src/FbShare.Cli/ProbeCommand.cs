using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using FbShare.Cli.Probe;
using FbShare.Graphics;
using FbShare.Linux;
using FbShare.Qemu;

namespace FbShare.Cli;

/// <summary><c>fbshare probe</c>: what this host and a QEMU can do, which path follows, and what would give a better one.</summary>
internal sealed class ProbeCommand : CliCommand
{
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };
    private readonly Option<string> _qemu = new("--qemu") { Description = "The QEMU to ask.", HelpName = "PATH", DefaultValueFactory = _ => "qemu-system-x86_64" };

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
        Add(_egl);
    }

    protected override int Run(ParseResult arguments, Log log)
    {
        if (arguments.GetValue(_egl))
        {
            return TryEgl(log);
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
        var report = ProbeReport.Of(TryUdmabuf(), UdmaBufLimits.Read(), TryEglApart(), HugePages.Read(), Kvm.Probe(), qemu, failure);
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
    private static Finding TryEglApart()
    {
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["probe", "--egl", "--quiet"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _ = process.StandardError.ReadToEndAsync();
        Task<string> said = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromSeconds(30)))
        {
            process.Kill();
            return new Finding(false, "the OpenGL driver did not answer within 30 s");
        }
        return process.ExitCode switch
        {
            ExitCodes.Success => new Finding(true, said.GetAwaiter().GetResult().Trim()),
            ExitCodes.Unfit => new Finding(false, said.GetAwaiter().GetResult().Trim(), "use a GPU with a Mesa driver, or, to draw with the CPU, Mesa 24.1 or later (Debian 13 has 25)"),
            int code => new Finding(false, $"the OpenGL driver crashed when it was tried (status {code})", "set LIBGL_ALWAYS_SOFTWARE=1, or remove the DRM node of vgem"),
        };
    }

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
            [("udmabuf", report.Udmabuf), ("EGL import", report.Egl), ("huge pages", report.HugePages), ("KVM", report.Kvm), ("QEMU", report.Qemu), ("PCI device", report.Pci)])
        {
            output.WriteLine($"{name,-11} {(finding.Ok ? "yes" : "no"),-8} {finding.Says}");
            WriteCure(output, finding.Cure);
        }
        output.WriteLine();
        foreach ((string name, Forecast forecast) in (ReadOnlySpan<(string, Forecast)>)[("blob", report.Blob), ("2D", report.TwoD)])
        {
            output.WriteLine($"{name,-11} {forecast.Path,-8} {forecast.Reason}");
            WriteCure(output, forecast.Cure);
        }
    }

    private static void WriteCure(TextWriter output, string? cure)
    {
        if (cure is not null)
        {
            output.WriteLine($"{"",-11} {"better:",-8} {cure}");
        }
    }
}
