using System.Buffers.Binary;
using FbShare.Bochs;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pci;
using FbShare.VirtioGpu;
using Microsoft.Extensions.Logging;

namespace FbShare.VirtioPci;

/// <summary>A virtio-gpu as a PCI function (1af4:1050, virtio 1.3, section 4.1), with a Bochs display beside it for firmware and
/// guests without a driver.</summary>
public sealed class VirtioGpuFunction : PciFunction
{
    private const ushort Vendor = 0x1af4;
    private const ushort Device = 0x1050;
    private const ushort Subsystem = 0x1100;
    private const byte Revision = 1;

    /// <summary>A display that is not VGA compatible, so that firmware uses its virtio-gpu driver if it has one.</summary>
    private const uint ClassCode = 0x038000;

    private const int FrameBufferBar = 0;
    private const int BochsRegistersBar = 2;
    private const int VirtioBar = 4;

    /// <summary>One for configuration changes, and one for each queue.</summary>
    private const int Vectors = 1 + VirtioPciDevice.QueueCount;

    private const byte VendorCapability = 0x09;
    private const byte MsixCapability = 0x11;
    private const int CapabilitySize = 16;
    private const int NotifyCapabilitySize = 20;
    private const int PciCfgCapabilitySize = 20;
    private const int MsixCapabilitySize = 12;
    private const byte MsixEnable = 0x80;

    private readonly VirtioPciDevice _virtio;
    private readonly VirtioPciBar _bar;
    private readonly BochsDisplay? _bochs;
    private readonly int _msix;
    private readonly int _pciCfg;

    /// <param name="loop">The loop that all of it runs on.</param>
    /// <param name="memory">Guest memory, to whose addresses those of rings refer; owned by the caller.</param>
    /// <param name="device">Owned by the caller; reset when this is disposed.</param>
    /// <param name="rom">The boot screen's expansion ROM (<see cref="VgaBios"/>), empty for none; null for no boot screen at all.</param>
    /// <param name="log">Takes its messages.</param>
    public VirtioGpuFunction(EventLoop loop, GuestMemoryMap memory, VirtioGpuDevice device, ReadOnlyMemory<byte>? rom, ILogger log)
        : base(new PciConfigSpace(Vendor, Device, Revision, ClassCode, Vendor, Subsystem), Vectors)
    {
        _virtio = new VirtioPciDevice(loop, memory, device, Interrupts, () => UsesVectors, log);
        _bar = new VirtioPciBar(_virtio, Interrupts);
        AddBar(VirtioBar, _bar);
        AddStructure(StructureType.Common, VirtioPciBar.CommonAt, VirtioPciBar.CommonSize);
        AddStructure(StructureType.Isr, VirtioPciBar.IsrAt, VirtioPciBar.IsrSize);
        AddStructure(StructureType.Device, VirtioPciBar.DeviceAt, VirtioPciBar.DeviceSize);
        AddNotify();
        _pciCfg = AddPciCfg();
        _msix = AddMsix();
        if (rom is { } bytes)
        {
            _bochs = new BochsDisplay(loop, device, log);
            _virtio.WasReset = _bochs.Wake;
            AddBar(FrameBufferBar, _bochs.FrameBuffer);
            AddBar(BochsRegistersBar, _bochs.Registers);
            if (bytes.Length > 0)
            {
                AddRom(bytes);
            }
        }
    }

    /// <summary>Values of virtio_pci_cap.cfg_type.</summary>
    private enum StructureType : byte
    {
        Common = 1,
        Notify,
        Isr,
        Device,
        PciCfg,
    }

    /// <summary>Whether the guest has enabled MSI-X or has got eventfds for its vectors: either may come first.</summary>
    private bool UsesVectors
    {
        get
        {
            Span<byte> control = stackalloc byte[1];
            Config.Read(_msix + 3, control);
            return (control[0] & MsixEnable) != 0 || Interrupts.UsesVectors;
        }
    }

    internal override void ReadConfig(int offset, Span<byte> destination)
    {
        if (IsWindow(offset, destination.Length) && TryGetWindow(out int at, out int length))
        {
            destination.Clear();
            _bar.Read(at, destination[..Math.Min(length, destination.Length)]);
            return;
        }
        base.ReadConfig(offset, destination);
    }

    internal override void WriteConfig(int offset, ReadOnlySpan<byte> source)
    {
        if (IsWindow(offset, source.Length))
        {
            if (TryGetWindow(out int at, out int length) && source.Length >= length)
            {
                _bar.Write(at, source[..length]);
            }
            return;
        }
        base.WriteConfig(offset, source);
    }

    internal override void Reset()
    {
        base.Reset();
        _bar.Reset();
        _bochs?.Reset();
        _virtio.Reset();
    }

    internal override void SaveState(ref StateWriter writer)
    {
        base.SaveState(ref writer);
        _bar.Save(ref writer);
        _virtio.Save(ref writer);
        _bochs?.Save(ref writer);
    }

    internal override void ResumeState(ref StateReader reader)
    {
        base.ResumeState(ref reader);
        _bar.Resume(ref reader);
        _virtio.Resume(ref reader);
        _bochs?.Resume(ref reader);
    }

    internal override void DoWork() => _virtio.DoWork();

    /// <inheritdoc/>
    public override void Dispose()
    {
        _virtio.WasReset = null;
        _virtio.Dispose();
        _bochs?.Dispose();
        base.Dispose();
    }

    /// <summary>Whether an access is to pci_cfg_data (section 4.1.4.9), the window in configuration space through which the BAR is accessed.</summary>
    private bool IsWindow(int offset, int length) => offset == _pciCfg + CapabilitySize && length <= PciCfgCapabilitySize - CapabilitySize;

    /// <summary>Which bytes of the BAR the guest's window shows; false unless they are 1, 2 or 4 aligned bytes inside the BAR.</summary>
    private bool TryGetWindow(out int at, out int length)
    {
        Span<byte> capability = stackalloc byte[CapabilitySize];
        Config.Read(_pciCfg, capability);
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(capability[8..]);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(capability[12..]);
        bool good = capability[4] == VirtioBar && size is 1 or 2 or 4 && offset % size == 0 && offset <= _bar.Size - size;
        (at, length) = good ? ((int)offset, (int)size) : (0, 0);
        return good;
    }

    private void AddStructure(StructureType type, int offset, int length)
    {
        Span<byte> capability = stackalloc byte[CapabilitySize];
        WriteCapability(capability, type, offset, length);
        Config.AddCapability(capability);
    }

    private void AddNotify()
    {
        Span<byte> capability = stackalloc byte[NotifyCapabilitySize];
        WriteCapability(capability, StructureType.Notify, VirtioPciBar.NotifyAt, VirtioPciBar.NotifySize);
        BinaryPrimitives.WriteUInt32LittleEndian(capability[CapabilitySize..], VirtioPciBar.NotifyMultiplier);
        Config.AddCapability(capability);
    }

    private int AddPciCfg()
    {
        Span<byte> capability = stackalloc byte[PciCfgCapabilitySize];
        WriteCapability(capability, StructureType.PciCfg, 0, 0);
        capability[4] = 0;
        Span<byte> writable = stackalloc byte[PciCfgCapabilitySize];
        writable.Clear();
        writable[4] = 0xff;
        writable[8..CapabilitySize].Fill(0xff);
        return Config.AddCapability(capability, writable);
    }

    private int AddMsix()
    {
        Span<byte> capability = stackalloc byte[MsixCapabilitySize];
        capability.Clear();
        capability[0] = MsixCapability;
        BinaryPrimitives.WriteUInt16LittleEndian(capability[2..], Vectors - 1);
        BinaryPrimitives.WriteUInt32LittleEndian(capability[4..], VirtioPciBar.VectorTableAt | VirtioBar);
        BinaryPrimitives.WriteUInt32LittleEndian(capability[8..], VirtioPciBar.PendingBitsAt | VirtioBar);
        Span<byte> writable = stackalloc byte[MsixCapabilitySize];
        writable.Clear();
        // The bits Enable and Function Mask.
        writable[3] = 0xc0;
        return Config.AddCapability(capability, writable);
    }

    /// <summary>struct virtio_pci_cap.</summary>
    private static void WriteCapability(Span<byte> capability, StructureType type, int offset, int length)
    {
        capability.Clear();
        capability[0] = VendorCapability;
        capability[2] = (byte)capability.Length;
        capability[3] = (byte)type;
        capability[4] = VirtioBar;
        BinaryPrimitives.WriteInt32LittleEndian(capability[8..], offset);
        BinaryPrimitives.WriteInt32LittleEndian(capability[12..], length);
    }
}
