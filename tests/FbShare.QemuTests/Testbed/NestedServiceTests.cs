using System.Diagnostics;
using FbShare.Linux;

namespace FbShare.QemuTests.Testbed;

/// <summary>The device as a service of a real systemd, on a kernel with udmabuf, with everything in force that its unit file asks for.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
[Trait("Category", "Nested")]
[Trait("Category", "Slow")]
public sealed class NestedServiceTests
{
    [NestedServiceFact]
    public void A_guest_s_own_pages_are_shared_by_a_confined_service_and_by_the_next_one()
    {
        AllowGroup();
        using var service = new ServiceMachine(isOfUser: false, NestedGuests.Patience);
        service.Machine.Ask("card still --frame 3", "card: shown");
        AssertShared(service);
        service.Machine.EndCard();
        KillSoak.GoesOn(service, upgrade: false, 1);
        KillSoak.AssertShows(service, 7);
        service.Machine.Ask("card still --frame 4", "card: shown");
        AssertShared(service);
        service.Machine.EndCard();
        service.AssertConfined();
    }

    /// <summary>What udev and its rules do on other machines (assets/deb/60-fbshare.rules): the device is of a group that is there.</summary>
    private static void AllowGroup()
    {
        if (!File.ReadLines("/etc/group").Any(l => l.StartsWith("kvm:", StringComparison.Ordinal)))
        {
            File.AppendAllText("/etc/group", "kvm:x:993:\n");
        }
        using Process change = Process.Start("chgrp", ["kvm", UdmaBufDevice.DevicePath]);
        change.WaitForExit();
        Assert.Equal(0, change.ExitCode);
        File.SetUnixFileMode(UdmaBufDevice.DevicePath, (UnixFileMode)0b110_110_000);
    }

    /// <summary>A picture of the display is read through its dma-bufs.</summary>
    private static void AssertShared(ServiceMachine service)
    {
        using Process dump = Process.Start(new ProcessStartInfo(
            Tests.TestedProgram.Path, ["dump", "--display", $"unix:{service.Display}", "-o", service.File, "--wait-still", "300ms"])
        {
            RedirectStandardOutput = true,
        })!;
        string said = dump.StandardOutput.ReadToEnd();
        dump.WaitForExit();
        Assert.Contains("path: udmabuf", said, StringComparison.Ordinal);
    }
}

/// <summary>A nested guest's test with a real systemd, which changes who may use the machine's devices.</summary>
internal sealed class NestedServiceFactAttribute : FactAttribute
{
    public NestedServiceFactAttribute() => Skip = TestbedHost.Missing(TestbedNeeds.Kernel) ?? TestMachine.Missing(Needs.Pci) ?? Systemd.Missing;
}
