using FbShare.Cli.Qemu;
using FbShare.Display;
using FbShare.Graphics;
using FbShare.Tests;

namespace FbShare.QemuTests.Testbed;

/// <summary>The guests of the nested tests, each booted once for all of them, when the first wants it. One after the other: two emulated machines
/// in an emulated one that translate code at the same time were seen to hold each other up.</summary>
public sealed class NestedGuests : IDisposable
{
    /// <summary>For what takes seconds elsewhere, and minutes in an emulated machine on a busy one.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    internal static readonly GuestOptions Options = new() { Patience = Patience, DisplayPatience = TestMachine.Patience };

    private readonly TemporaryFolder _folder = new("nested");
    private readonly Lazy<Guest> _shmem = new(() => new Guest(Options with { Gpu = GpuKind.Blob, RoomForMemory = "slots=1,maxmem=4G", MoreArguments = ["-device", "virtio-balloon-pci"] }));
    private readonly Lazy<Guest> _pci = new(() => new Guest(Options));
    private readonly Lazy<Guest> _hugeTlb = new(() => new Guest(Options with { HugePages = true }));
    private readonly Lazy<StockGuest> _stock;

    public NestedGuests() => _stock = new Lazy<StockGuest>(() => new StockGuest(Options, _folder.Path, gl: false, "virtio-gpu-pci,blob=true"));

    /// <summary>On our vhost-user device, with a balloon, and room for a DIMM.</summary>
    internal Guest Shmem => _shmem.Value;

    /// <summary>On our whole PCI device.</summary>
    internal Guest Pci => _pci.Value;

    /// <summary>On our whole PCI device, in huge pages.</summary>
    internal Guest HugeTlb => _hugeTlb.Value;

    /// <summary>On QEMU's own device.</summary>
    internal StockGuest Stock => _stock.Value;

    public void Dispose()
    {
        End(_shmem);
        End(_pci);
        End(_hugeTlb);
        End(_stock);
        _folder.Dispose();

        static void End<T>(Lazy<T> guest)
            where T : IDisposable
        {
            if (guest.IsValueCreated)
            {
                guest.Value.Dispose();
            }
        }
    }
}

/// <summary>A consumer on a guest's output 0 that draws what the guest's own pages hold.</summary>
internal sealed class GuestScreen : IDisposable
{
    private GraphicsDevice? _device;
    private GlScreen? _screen;
    private long _copiedBefore;

    public GuestScreen(Guest guest)
    {
        Guest = guest;
        guest.OnLoop(hub =>
        {
            // The driver's context belongs to the loop's thread.
            _device = Drivers.Open();
            _screen = new GlScreen(_device);
            _copiedBefore = hub.BytesCopied;
            hub.Attach(0, _screen);
            return true;
        });
    }

    public Guest Guest { get; }

    public long Imports => Guest.OnLoop(_ => _screen!.Imports);

    /// <summary>Has the guest show a picture.</summary>
    public void Show(string command, string answer) => Guest.Ask(command, answer);

    /// <summary>What is seen, drawn and read back: R, G, B. Fails where anything was copied on the way.</summary>
    public byte[] Look()
    {
        (byte[] rgba, PathChoice? path, long copied) = Guest.OnLoop(hub => (_screen!.Look(), hub.GetPath(0), hub.BytesCopied));
        Assert.True(path is { Path: FramePath.Udmabuf }, path?.ToString());
        Assert.Equal(_copiedBefore, copied);
        return [.. rgba.Chunk(4).SelectMany(pixel => pixel.AsSpan(0, 3).ToArray())];
    }

    public void AssertSees(byte[] rgb)
    {
        byte[] seen = Look();
        Assert.Equal(rgb.Length, seen.Length);
        Assert.Equal(rgb.Length, rgb.AsSpan().CommonPrefixLength(seen));
    }

    public void Dispose() => Guest.OnLoop(hub =>
    {
        hub.Detach(0, _screen!);
        _screen!.Dispose();
        _device!.Dispose();
        return true;
    });
}

/// <summary>Runs where that is so, and windows can be opened and looked at.</summary>
internal sealed class NestedViewerFactAttribute : FactAttribute
{
    /// <param name="programs">What else has to be there.</param>
    public NestedViewerFactAttribute(params string[] programs) => Skip = NestedFactAttribute.Missing(Needs.Blob) ?? ViewerFactAttribute.Missing(programs);
}

/// <summary>Runs where there is a real /dev/udmabuf and a QEMU with the test guest.</summary>
internal sealed class NestedFactAttribute : FactAttribute
{
    public NestedFactAttribute(Needs needs) => Skip = Missing(needs);

    /// <param name="node">A device node that has to be there too.</param>
    public NestedFactAttribute(Needs needs, string node) => Skip = Missing(needs) ?? (File.Exists(node) ? null : $"no {node}");

    public static string? Missing(Needs needs) => TestbedHost.Missing(TestbedNeeds.Device) ?? TestMachine.Missing(needs);
}

/// <inheritdoc cref="NestedFactAttribute"/>
internal sealed class NestedTheoryAttribute : TheoryAttribute
{
    public NestedTheoryAttribute(Needs needs) => Skip = NestedFactAttribute.Missing(needs);
}
