using System.Text.Json;
using FbShare.Cli.Probe;
using FbShare.Cli.Qemu;
using FbShare.Confinement;
using FbShare.Linux;
using FbShare.Qemu;
using Xunit;

namespace FbShare.Tests.Cli;

public class ProbeTests
{
    private static readonly UdmaBufLimits Limits = new(8192, 64 << 20);
    private static readonly Finding GoodEgl = new(true, "a GPU");
    private static readonly Finding NoEgl = new(false, "an old Mesa", "a newer one");
    private static readonly UdmaBufException NoUdmabuf = new("there is no /dev/udmabuf", "modprobe", Errno.ENOENT);
    private static readonly QemuInfo Qemu11 = Info("11.1.3", "vhost-user-gpu-pci", "vhost-user-test-device-pci");

    [Fact]
    public void With_all_in_place_blobs_go_without_a_copy()
    {
        ProbeReport report = Report(null, GoodEgl, Qemu11);
        Assert.Equal(new Forecast("udmabuf", "zero copy"), report.Blob);
        Assert.Equal("copy", report.TwoD.Path);
        Assert.Contains("--zero-copy all", report.TwoD.Cure, StringComparison.Ordinal);
        Assert.Null(report.Udmabuf.Cure);
    }

    [Fact]
    public void Each_thing_that_is_missing_is_the_reason_and_has_its_cure()
    {
        Assert.Equal(new Forecast("copy", "there is no /dev/udmabuf", "modprobe"), Report(NoUdmabuf, GoodEgl, Qemu11).Blob);
        Forecast egl = Report(null, NoEgl, Qemu11).Blob;
        Assert.Equal(("copy", "a newer one"), (egl.Path, egl.Cure));
        Assert.Contains("an old Mesa", egl.Reason, StringComparison.Ordinal);
        Assert.Equal("none", Report(null, GoodEgl, Info("10.0.13", "vhost-user-gpu-pci")).Blob.Path);
        Assert.Equal("copy", Report(null, GoodEgl, Info("10.0.13", "vhost-user-gpu-pci")).TwoD.Path);
        Assert.Equal("none", Report(null, GoodEgl, Info("10.0.13")).TwoD.Path);
        Assert.Equal("none", Report(null, GoodEgl, null).TwoD.Path);
    }

    [Fact]
    public void A_driver_that_could_not_be_tried_is_no_more_than_its_word()
    {
        Finding egl = Report(NoUdmabuf, GoodEgl, Qemu11).Egl;
        Assert.True(egl.Ok);
        Assert.Contains("make udmabuf usable first", egl.Cure, StringComparison.Ordinal);
        Assert.Null(Report(null, GoodEgl, Qemu11).Egl.Cure);
    }

    [Theory]
    [InlineData("7.2.22", true, true)]
    [InlineData("7.2.22", false, false)]
    [InlineData("10.0.13", false, true)]
    public void Version_7_needs_kvm(string version, bool kvm, bool ok)
    {
        Finding qemu = Report(null, GoodEgl, Info(version, "vhost-user-gpu-pci"), new Kvm(kvm, "there is no /dev/kvm")).Qemu;
        Assert.Equal(ok, qemu.Ok);
        Assert.Contains("run-qemu.sh", qemu.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void The_PCI_device_is_there_or_has_its_cure()
    {
        Assert.False(Report(null, GoodEgl, null).Pci.Ok);
        Assert.Contains("10.1 or later", Report(null, GoodEgl, Qemu11).Pci.Cure, StringComparison.Ordinal);
        Assert.Equal("vfio-user-pci", Report(null, GoodEgl, Info("11.1.3", "vfio-user-pci")).PciDevice);
        Assert.True(Report(null, GoodEgl, Info("11.1.3", "vfio-user-pci")).Pci.Ok);
        Assert.Contains("--device blob", Report(null, GoodEgl, Info("11.1.3", "vfio-user-pci", "vhost-user-test-device-pci")).Pci.Cure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pci", "udmabuf", "vfio-user-pci", "vhost-user-test-device-pci", "vhost-user-gpu-pci")]
    [InlineData("pci", "udmabuf", "vfio-user-pci", "vhost-user-gpu-pci")]
    [InlineData("blob", "udmabuf", "vhost-user-test-device-pci", "vhost-user-gpu-pci")]
    [InlineData("2d", "none", "vhost-user-gpu-pci")]
    [InlineData("none", "none")]
    public void The_device_that_run_takes_is_told_with_the_reason(string kind, string blobPath, params string[] devices)
    {
        ProbeReport report = Report(null, GoodEgl, Info("11.1.3", devices));
        Assert.Equal((kind, blobPath), (report.Device.Kind, report.Blob.Path));
        Assert.All(devices.Take(kind == "none" ? 0 : 1), device => Assert.Contains(device, report.Device.Reason, StringComparison.Ordinal));
        Assert.Equal(kind != "none", report.Qemu.Ok);
    }

    [Fact]
    public void A_short_list_limit_is_worth_raising()
    {
        var report = ProbeReport.Of(null, UdmaBufLimits.Default, GoodEgl, default, new Kvm(false, ""), Sandbox.Foretell(), Qemu11, null);
        Assert.True(report.Udmabuf.Ok);
        Assert.Contains("/list_limit", report.Blob.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void The_json_of_this_host_is_json()
    {
        var (code, output, error) = FbShareProgram.Run("probe", "--quiet", "--json", "--qemu", "/nowhere/qemu");
        Assert.Equal(4, code);
        Assert.Empty(error);
        using JsonDocument json = JsonDocument.Parse(output);
        Assert.Equal("none", json.RootElement.GetProperty("blob").GetProperty("path").GetString());
        Assert.Equal("none", json.RootElement.GetProperty("device").GetProperty("kind").GetString());
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("qemuVersion").ValueKind);
        Assert.Contains(json.RootElement.GetProperty("udmabuf").GetProperty("ok").ValueKind, new[] { JsonValueKind.True, JsonValueKind.False });
    }

    private static ProbeReport Report(UdmaBufException? udmabuf, Finding egl, QemuInfo? qemu, Kvm? kvm = null) =>
        ProbeReport.Of(udmabuf, Limits, egl, new HugePages(0, 0), kvm ?? new Kvm(false, "there is no /dev/kvm"), Sandbox.Foretell(), qemu, qemu is null ? "not there" : null);

    private static QemuInfo Info(string version, params string[] devices) =>
        new("qemu-system-x86_64", Version.Parse(version), new HashSet<string>(devices), new HashSet<string>(["tcg", "kvm"]));
}
