using System.Diagnostics;
using FbShare.Confinement;
using FbShare.Linux;

namespace FbShare.Cli.Hosting;

/// <summary>Confines the process of a device: starts its helper for files, and takes from it what it does not need.</summary>
internal static class DeviceSandbox
{
    /// <summary>Confines this process for good. The device is made, and nothing of the guest's was looked at.</summary>
    /// <exception cref="CliException">Something cannot be had, and <see cref="SandboxMode.On"/> asks for all.</exception>
    public static void Enter(DeviceOptions options, DeviceHost host, Log log)
    {
        if (options.Sandbox == SandboxMode.Off)
        {
            if (options.UdmaBuf is not null)
            {
                host.Exporter.Prepare(options.UdmaBuf);
            }
            log.Verbose("sandbox: off, as asked for");
            return;
        }
        Foretell(options.Sandbox);
        Prepare(options, host);
        Inheritance.KeepDescriptors();
        PathHelper.Use(StartHelper(options, host));
        Sandbox sandbox = Sandbox.EnterAsDevice();
        if (options.Sandbox == SandboxMode.On && !sandbox.IsWhole)
        {
            throw Refuse(sandbox);
        }
        log.Verbose($"sandbox: {sandbox.Description}");
    }

    /// <summary>Says beforehand that <see cref="SandboxMode.On"/> cannot be had.</summary>
    /// <exception cref="CliException">It cannot.</exception>
    public static void Foretell(SandboxMode mode)
    {
        if (mode == SandboxMode.On && !Sandbox.Foretell().IsWhole)
        {
            throw Refuse(Sandbox.Foretell());
        }
    }

    /// <summary>Confines a keeper that only starts devices from now on.</summary>
    /// <param name="keepsCapabilities">Whether it keeps those that it has.</param>
    /// <exception cref="CliException"><inheritdoc cref="Enter"/></exception>
    public static void EnterAsKeeper(SandboxMode mode, bool keepsCapabilities, Log log)
    {
        if (mode == SandboxMode.Off)
        {
            return;
        }
        Sandbox sandbox = Sandbox.EnterAsKeeper(keepsCapabilities);
        if (mode == SandboxMode.On && !sandbox.IsWhole)
        {
            throw Refuse(sandbox);
        }
        log.Verbose($"sandbox of the keeper: {sandbox.Description}");
    }

    private static CliException Refuse(Sandbox sandbox) =>
        new(ExitCodes.Unfit, $"--sandbox on: not everything can be had here ({sandbox.Description}); --sandbox auto takes what there is");

    /// <summary>What is loaded, opened or asked when it is first used is used now.</summary>
    private static void Prepare(DeviceOptions options, DeviceHost host)
    {
        host.Exporter.Prepare(options.UdmaBuf);
        options.Dump?.To.Rehearse();
        // A terminal's properties, and the source of random numbers.
        _ = Console.Out;
        _ = Guid.NewGuid();
    }

    private static UnixSocket StartHelper(DeviceOptions options, DeviceHost host)
    {
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (theirs)
        {
            theirs.Descriptor.SetInheritable();
            Process.Start(new ProcessStartInfo(
                Environment.ProcessPath!,
                HelperCommand.Words(
                    theirs.Descriptor.Number,
                    [.. new[] { options.SocketPath, options.VfioUserPath, options.Display.Path ?? host.NamedSocket, options.MonitorPath }.OfType<string>()],
                    [.. options.Dump?.To.Files ?? []],
                    host.NamedSocket)))!.Dispose();
        }
        return ours;
    }
}
