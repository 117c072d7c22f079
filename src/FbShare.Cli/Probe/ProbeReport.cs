using System.Text.Json.Serialization;
using FbShare.Cli.Qemu;
using FbShare.Confinement;
using FbShare.Linux;
using FbShare.Qemu;

namespace FbShare.Cli.Probe;

/// <summary>What one part of the host can do.</summary>
/// <param name="Ok">Whether it can be used.</param>
/// <param name="Says">In words: what it is, or why it cannot be used.</param>
/// <param name="Cure">What would make it usable or better; null where nothing needs to be done.</param>
internal sealed record Finding(bool Ok, string Says, string? Cure = null);

/// <summary>How a kind of resource will reach a viewer.</summary>
/// <param name="Path">udmabuf, copy, or none where this QEMU cannot have such resources.</param>
/// <param name="Reason">In words.</param>
/// <param name="Cure">What would give the better path; null where there is none.</param>
internal sealed record Forecast(string Path, string Reason, string? Cure = null);

/// <summary>A device that <c>fbshare run</c> takes.</summary>
/// <param name="Kind">As --device takes it; none where this QEMU has none.</param>
/// <param name="Reason">In words.</param>
internal sealed record Choice(string Kind, string Reason);

/// <summary>What this host and this QEMU can do, and which paths follow from it.</summary>
internal sealed record ProbeReport(
    Finding Udmabuf,
    [property: JsonPropertyName("udmabufLimits")] UdmabufLimitsReport? UdmabufLimits,
    Finding Egl,
    [property: JsonPropertyName("hugepages")] Finding HugePages,
    Finding Kvm,
    Finding Sandbox,
    Finding Qemu,
    [property: JsonPropertyName("qemuVersion")] string? QemuVersion,
    [property: JsonPropertyName("blobDevice")] string? BlobDevice,
    [property: JsonPropertyName("gpuDevice")] string? GpuDevice,
    [property: JsonPropertyName("pciDevice")] string? PciDevice)
{
    /// <summary>The gpu as a whole PCI device.</summary>
    public Finding Pci => PciDevice is { } device
        ? new Finding(true, $"{device}: the guest's screen is shown from its firmware on", BlobDevice is null ? null : "for a memory balloon, or a guest with an IOMMU, --device blob; the machine can be migrated with neither")
        : new Finding(false, QemuVersion is null ? "there is no QEMU to ask" : "this QEMU has no vfio-user-pci: nothing is shown before the guest's driver runs", "QEMU 10.1 or later: ./run-qemu.sh brings one");

    /// <summary>What <c>fbshare run</c> takes by itself, and why.</summary>
    public Choice Device => (PciDevice, BlobDevice, GpuDevice) switch
    {
        ({ } pci, { } blob, _) => new("pci", $"this QEMU has {pci}; with a memory balloon or an IOMMU on the command line it is {blob} (--device blob)"),
        ({ } pci, null, _) => new("pci", $"this QEMU has {pci}"),
        (null, { } blob, _) => new("blob", $"this QEMU has {blob} and no vfio-user-pci (10.1 and later)"),
        (null, null, { } gpu) => new("2d", $"this QEMU has {gpu} and neither vfio-user-pci (10.1 and later) nor vhost-user-test-device-pci (10.2 and later)"),
        _ => new("none", QemuVersion is null ? "there is no QEMU to ask" : "this QEMU has no device for fbshare"),
    };

    /// <summary>Blob resources.</summary>
    public Forecast Blob => BlobDevice is null && PciDevice is null
        ? new Forecast("none", QemuVersion is null ? "there is no QEMU to ask" : "this QEMU has no device that lets a guest use blobs", "QEMU 10.1 or later: ./run-qemu.sh brings one, or --qemu PATH")
        : ZeroCopy();

    /// <summary>2D resources.</summary>
    [JsonPropertyName("twoD")]
    public Forecast TwoD => GpuDevice is null && BlobDevice is null && PciDevice is null
        ? new Forecast("none", QemuVersion is null ? "there is no QEMU to ask" : Qemu.Says, Qemu.Cure)
        : new Forecast(
            "copy",
            "a 2D resource shows what was transferred",
            Udmabuf.Ok && Egl.Ok ? "--zero-copy all shares the guest's pages instead (the picture may tear), or use a guest and a QEMU with blob resources" : null);

    /// <summary>Puts what was found into words.</summary>
    public static ProbeReport Of(UdmaBufException? udmabuf, UdmaBufLimits limits, Finding egl, HugePages hugePages, Kvm kvm, Sandbox sandbox, QemuInfo? qemu, string? qemuFailure)
    {
        return new ProbeReport(
            udmabuf is null
                ? new Finding(true, $"works, up to {limits.ListLimit} ranges and {(limits.SizeLimit >> 20 == int.MaxValue ? "any size" : $"{limits.SizeLimit >> 20} MiB")} a picture", CureOf(limits))
                : new Finding(false, udmabuf.Reason, udmabuf.Cure),
            udmabuf is null ? new UdmabufLimitsReport(limits.ListLimit, limits.SizeLimit >> 20) : null,
            udmabuf is not null && egl.Ok
                ? egl with { Cure = "make udmabuf usable first (see above), then probe again: it then tries the driver with a known picture" }
                : egl,
            hugePages.Free > 0
                ? new Finding(true, $"{hugePages.Free} of {hugePages.Total} pages of 2 MiB free: fbshare run --hugetlb with up to {hugePages.Free * 2L} MiB")
                : new Finding(false, $"none free ({hugePages.Total} in the pool)", "sudo sysctl -w vm.nr_hugepages=1024, for --hugetlb with 2 GiB"),
            new Finding(kvm.Usable, kvm.Reason, kvm.Cure),
            new Finding(sandbox.IsWhole, sandbox.Description),
            Judge(qemu, kvm, qemuFailure),
            qemu?.Version.ToString(),
            qemu?.BlobDevice,
            qemu?.GpuDevice,
            qemu?.PciDevice);
    }

    private Forecast ZeroCopy() => this switch
    {
        { Udmabuf.Ok: false } => new Forecast("copy", Udmabuf.Says, Udmabuf.Cure),
        { Egl.Ok: false } => new Forecast("copy", $"dma-bufs can be made, but this machine's OpenGL driver cannot import them: {Egl.Says}", Egl.Cure),
        _ => new Forecast("udmabuf", "zero copy", Udmabuf.Cure),
    };

    /// <summary>A 4K screen can be 8100 single pages and is 32 MiB; two screens side by side on one resource twice that.</summary>
    private static string? CureOf(UdmaBufLimits limits) => limits.ListLimit < 8192
        ? $"a screen that is scattered over up to 8100 ranges is shared in several parts; for one: echo 8192 | sudo tee {UdmaBufLimits.ParametersDirectory}/list_limit"
        : null;

    private static Finding Judge(QemuInfo? qemu, Kvm kvm, string? failure)
    {
        const string newer = "./run-qemu.sh brings QEMU 11.1; trixie-backports has it too";
        if (qemu is null)
        {
            return new Finding(false, failure!, newer);
        }
        string name = $"{qemu.Program} {qemu.Version}";
        return qemu switch
        {
            { PciDevice: { } device } => new Finding(true, $"{name}: {device} (blob and 2D)"),
            { BlobDevice: { } device } => new Finding(true, $"{name}: {device} (blob and 2D)"),
            { GpuDevice: { } device, GpuNeedsKvm: true } when !kvm.Usable => new Finding(false, $"{name} starts {device} only with KVM, and {kvm.Reason}", newer),
            { GpuDevice: { } device } => new Finding(true, $"{name}: {device} (2D only{(qemu.GpuNeedsKvm ? ", with KVM only" : "")})", newer),
            _ => new Finding(false, $"{name} has no vhost-user-gpu-pci", newer),
        };
    }
}

/// <summary>The udmabuf module's parameters.</summary>
internal sealed record UdmabufLimitsReport(int ListLimit, long SizeLimitMb);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProbeReport))]
internal sealed partial class ProbeJson : JsonSerializerContext;
