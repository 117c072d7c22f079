using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pci;
using FbShare.Virtio;
using FbShare.VirtioGpu;
using Microsoft.Extensions.Logging;

namespace FbShare.VirtioPci;

/// <summary>The device's side of virtio over PCI (virtio 1.3, section 4.1): status, features, queues, notifications and interrupts.</summary>
internal sealed class VirtioPciDevice : IDisposable
{
    public const int QueueCount = 2;

    /// <summary>VIRTIO_MSI_NO_VECTOR.</summary>
    public const ushort NoVector = 0xffff;

    private const VirtioFeatures TransportFeatures =
        VirtioFeatures.Version1 | VirtioFeatures.IndirectDesc | VirtioFeatures.EventIdx | VirtioFeatures.RingReset;

    private const DeviceStatus Running = DeviceStatus.FeaturesOk | DeviceStatus.DriverOk;

    private const byte QueueInterrupt = 1;
    private const byte ConfigInterrupt = 2;

    private readonly EventLoop _loop;
    private readonly GuestMemoryMap _memory;
    private readonly VirtioGpuDevice _device;
    private readonly PciInterrupts _interrupts;
    private readonly Func<bool> _usesVectors;
    private readonly ILogger _log;
    private readonly Action _again;
    private readonly VirtioPciQueue[] _queues = new VirtioPciQueue[QueueCount];
    private DeviceStatus _status;
    private uint _deviceFeatureSelect;
    private uint _driverFeatureSelect;
    private ulong _driverFeatures;
    private bool _strangeFeatures;
    private ushort _configVector = NoVector;
    private ushort _queueSelect;
    private byte _generation;
    private byte _isr;
    private bool _disposed;

    /// <param name="usesVectors">Whether interrupts are MSI-X vectors now.</param>
    public VirtioPciDevice(EventLoop loop, GuestMemoryMap memory, VirtioGpuDevice device, PciInterrupts interrupts, Func<bool> usesVectors, ILogger log)
    {
        _loop = loop;
        _memory = memory;
        _device = device;
        _interrupts = interrupts;
        _usesVectors = usesVectors;
        _log = log;
        _again = DoWork;
        for (int i = 0; i < QueueCount; i++)
        {
            _queues[i] = new VirtioPciQueue(i, RaiseQueue);
        }
        device.ConfigChanged = ConfigChanged;
    }

    /// <summary>Called after every reset.</summary>
    public Action? WasReset { get; set; }

    private ulong Offered => _device.Features | (ulong)TransportFeatures;

    private VirtioPciQueue? Selected => _queueSelect < QueueCount ? _queues[_queueSelect] : null;

    /// <summary>Returns to the state at power-on. The guest's memory is not touched any more.</summary>
    public void Reset()
    {
        _status = DeviceStatus.None;
        (_deviceFeatureSelect, _driverFeatureSelect, _queueSelect) = (0, 0, 0);
        _driverFeatures = 0;
        _strangeFeatures = false;
        _configVector = NoVector;
        ClearIsr();
        foreach (VirtioPciQueue queue in _queues)
        {
            queue.Reset();
        }
        _device.Reset();
        WasReset?.Invoke();
    }

    public void Save(ref StateWriter writer)
    {
        writer.Write((byte)_status);
        writer.Write(_deviceFeatureSelect);
        writer.Write(_driverFeatureSelect);
        writer.Write(_driverFeatures);
        writer.Write((byte)(_strangeFeatures ? 1 : 0));
        writer.Write(_configVector);
        writer.Write(_queueSelect);
        writer.Write(_generation);
        writer.Write(_isr);
        foreach (VirtioPciQueue queue in _queues)
        {
            queue.Save(ref writer);
        }
    }

    /// <summary>Goes on where a device that died has stopped. The driver is interrupted once for everything that it may have missed.</summary>
    public void Resume(ref StateReader reader)
    {
        _status = (DeviceStatus)reader.Read<byte>();
        _deviceFeatureSelect = reader.Read<uint>();
        _driverFeatureSelect = reader.Read<uint>();
        _driverFeatures = reader.Read<ulong>();
        _strangeFeatures = reader.Read<byte>() != 0;
        _configVector = reader.Read<ushort>();
        _queueSelect = reader.Read<ushort>();
        _generation = (byte)(reader.Read<byte>() + 1);
        _isr = reader.Read<byte>();
        foreach (VirtioPciQueue queue in _queues)
        {
            queue.Resume(ref reader);
        }
        _device.Resume();
        if ((_status & Running) != Running)
        {
            return;
        }
        foreach (VirtioPciQueue queue in _queues)
        {
            if (queue.Enabled)
            {
                Start(queue, resumes: true);
                RaiseQueue(queue);
            }
        }
        Raise(_configVector, ConfigInterrupt);
        _loop.Post(_again);
    }

    /// <summary>Reads the common configuration; bytes past its end read as zero.</summary>
    public void ReadCommon(int offset, Span<byte> destination)
    {
        VirtioPciQueue? queue = Selected;
        var registers = new CommonRegisters
        {
            DeviceFeatureSelect = _deviceFeatureSelect,
            DeviceFeature = Half(Offered, _deviceFeatureSelect),
            DriverFeatureSelect = _driverFeatureSelect,
            DriverFeature = Half(_driverFeatures, _driverFeatureSelect),
            ConfigVector = _configVector,
            QueueCount = QueueCount,
            DeviceStatus = (byte)_status,
            ConfigGeneration = _generation,
            QueueSelect = _queueSelect,
            // A size of zero means that there is no such queue.
            QueueSize = queue?.Size ?? 0,
            QueueVector = queue?.Vector ?? NoVector,
            QueueEnable = queue is { Enabled: true } ? (ushort)1 : (ushort)0,
            QueueNotifyOff = (ushort)(queue?.Index ?? 0),
            QueueDescriptors = queue?.Descriptors ?? 0,
            QueueDriver = queue?.Driver ?? 0,
            QueueDevice = queue?.Device ?? 0,
        };
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<CommonRegisters>(in registers));
        destination.Clear();
        if (offset < bytes.Length)
        {
            ReadOnlySpan<byte> part = bytes[offset..];
            part[..Math.Min(part.Length, destination.Length)].CopyTo(destination);
        }
    }

    /// <summary>Writes one field of the common configuration, with an access of the field's size, or of half its size for an address. Other
    /// accesses have no effect.</summary>
    public void WriteCommon(int offset, ReadOnlySpan<byte> source)
    {
        switch (offset, source.Length)
        {
            case (CommonRegisters.DeviceFeatureSelectAt, sizeof(uint)):
                _deviceFeatureSelect = BinaryPrimitives.ReadUInt32LittleEndian(source);
                break;
            case (CommonRegisters.DriverFeatureSelectAt, sizeof(uint)):
                _driverFeatureSelect = BinaryPrimitives.ReadUInt32LittleEndian(source);
                break;
            case (CommonRegisters.DriverFeatureAt, sizeof(uint)):
                SetDriverFeatures(BinaryPrimitives.ReadUInt32LittleEndian(source));
                break;
            case (CommonRegisters.ConfigVectorAt, sizeof(ushort)):
                _configVector = Vector(source);
                break;
            case (CommonRegisters.DeviceStatusAt, sizeof(byte)):
                SetStatus((DeviceStatus)source[0]);
                break;
            case (CommonRegisters.QueueSelectAt, sizeof(ushort)):
                _queueSelect = BinaryPrimitives.ReadUInt16LittleEndian(source);
                break;
            default:
                if (Selected is { } queue)
                {
                    WriteQueue(queue, offset, source);
                }
                break;
        }
    }

    /// <summary>Reads the ISR status, which clears it and lowers INTx's level.</summary>
    public byte ReadIsr()
    {
        byte isr = _isr;
        ClearIsr();
        return isr;
    }

    public void ReadDeviceConfig(int offset, Span<byte> destination) => _device.ReadConfig(offset, destination);

    public void WriteDeviceConfig(int offset, ReadOnlySpan<byte> source) => _device.WriteConfig(offset, source);

    /// <summary>The driver has put something into a queue, which <see cref="DoWork"/> handles.</summary>
    public void Notify(int queue)
    {
        if ((uint)queue < QueueCount)
        {
            _queues[queue].Notified = true;
        }
    }

    /// <summary>Handles the queues that were notified.</summary>
    public void DoWork()
    {
        if (_disposed || (_status & Running) != Running)
        {
            return;
        }
        bool more = false;
        foreach (VirtioPciQueue queue in _queues)
        {
            if (queue is not { Notified: true, Ring: { Broken: null } ring })
            {
                continue;
            }
            queue.Notified = queue.Index == 0 ? _device.ProcessControl(ring) : _device.ProcessCursor(ring);
            more |= queue.Notified;
            if (ring.Broken is { } why)
            {
                _log.QueueBroken(queue.Index, why);
                Fail();
            }
        }
        if (more)
        {
            _loop.Post(_again);
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _device.ConfigChanged = null;
            Reset();
        }
    }

    private static uint Half(ulong features, uint select) => select switch
    {
        0 => (uint)features,
        1 => (uint)(features >> 32),
        _ => 0,
    };

    private void SetDriverFeatures(uint half)
    {
        if ((_status & DeviceStatus.FeaturesOk) != 0)
        {
            return;
        }
        switch (_driverFeatureSelect)
        {
            case 0:
                _driverFeatures = (_driverFeatures & 0xffff_ffff_0000_0000) | half;
                break;
            case 1:
                _driverFeatures = (_driverFeatures & 0xffff_ffff) | ((ulong)half << 32);
                break;
            default:
                _strangeFeatures |= half != 0;
                break;
        }
    }

    private void SetStatus(DeviceStatus status)
    {
        if (status == DeviceStatus.None)
        {
            Reset();
            return;
        }
        DeviceStatus news = status & ~_status & ~DeviceStatus.DeviceNeedsReset;
        if ((news & DeviceStatus.FeaturesOk) != 0 && RefuseFeatures() is { } why)
        {
            _log.FeaturesRefused(why);
            news &= ~DeviceStatus.FeaturesOk;
        }
        // A driver may only add bits: without a reset, none is cleared.
        _status |= news;
        if ((_status & Running) == Running && (news & Running) != 0)
        {
            foreach (VirtioPciQueue queue in _queues)
            {
                if (queue.Enabled)
                {
                    Start(queue);
                }
            }
        }
    }

    private string? RefuseFeatures()
    {
        if ((_driverFeatures & (ulong)VirtioFeatures.Version1) == 0)
        {
            return "VIRTIO_F_VERSION_1 is missing: drivers from before virtio 1.0 are not supported";
        }
        ulong strange = _driverFeatures & ~Offered;
        return strange != 0 || _strangeFeatures ? $"bits 0x{strange:x} were not offered" : null;
    }

    private void WriteQueue(VirtioPciQueue queue, int offset, ReadOnlySpan<byte> source)
    {
        switch (offset, source.Length)
        {
            case (CommonRegisters.QueueSizeAt, sizeof(ushort)):
                queue.SetSize(BinaryPrimitives.ReadUInt16LittleEndian(source));
                break;
            case (CommonRegisters.QueueVectorAt, sizeof(ushort)):
                queue.Vector = Vector(source);
                break;
            case (CommonRegisters.QueueEnableAt, sizeof(ushort)):
                if (BinaryPrimitives.ReadUInt16LittleEndian(source) == 1 && !queue.Enabled)
                {
                    queue.Enable();
                    if ((_status & Running) == Running)
                    {
                        Start(queue);
                    }
                }
                break;
            case (CommonRegisters.QueueResetAt, sizeof(ushort)):
                if (BinaryPrimitives.ReadUInt16LittleEndian(source) == 1 && (_driverFeatures & (ulong)VirtioFeatures.RingReset) != 0)
                {
                    Stop(queue);
                }
                break;
            case ( >= CommonRegisters.QueueDescriptorsAt and < CommonRegisters.QueueDeviceAt + sizeof(ulong), sizeof(uint)) when offset % sizeof(uint) == 0:
                queue.SetAddress(offset & ~7, offset & 7, source.Length, BinaryPrimitives.ReadUInt32LittleEndian(source));
                break;
            case (CommonRegisters.QueueDescriptorsAt or CommonRegisters.QueueDriverAt or CommonRegisters.QueueDeviceAt, sizeof(ulong)):
                queue.SetAddress(offset, 0, source.Length, BinaryPrimitives.ReadUInt64LittleEndian(source));
                break;
        }
    }

    private void Start(VirtioPciQueue queue, bool resumes = false)
    {
        RingLedger? ledger = _device.Keeper?.State.Ring(queue.Index);
        if (queue.Ring is null && !queue.TryStart(_memory, (VirtioFeatures)_driverFeatures & TransportFeatures, ledger, resumes, out string? why))
        {
            _log.QueueNotStarted(queue.Index, why);
            Fail();
        }
    }

    /// <summary>queue_reset: the queue is reset by the time the driver reads the register again.</summary>
    private void Stop(VirtioPciQueue queue)
    {
        if (queue.Ring is { } ring)
        {
            // Requests that are still held must be given back before the driver reuses the memory.
            _device.Drain(ring);
        }
        queue.Reset();
    }

    /// <summary>Tells the driver that it must reset the device, and does nothing more until then (section 2.1.2).</summary>
    private void Fail()
    {
        if ((_status & DeviceStatus.DeviceNeedsReset) == 0)
        {
            _status |= DeviceStatus.DeviceNeedsReset;
            ConfigChanged();
        }
    }

    /// <summary>The vector that the driver asks for, or NO_VECTOR if there is no such vector; the driver reads the result back.</summary>
    private ushort Vector(ReadOnlySpan<byte> source)
    {
        ushort vector = BinaryPrimitives.ReadUInt16LittleEndian(source);
        return vector < _interrupts.VectorCount ? vector : NoVector;
    }

    private void RaiseQueue(VirtioPciQueue queue) => Raise(queue.Vector, QueueInterrupt);

    private void ConfigChanged()
    {
        _generation++;
        if ((_status & DeviceStatus.DriverOk) != 0)
        {
            Raise(_configVector, ConfigInterrupt);
        }
    }

    private void Raise(ushort vector, byte isr)
    {
        if (_usesVectors())
        {
            _interrupts.Raise(vector);
            return;
        }
        _isr |= isr;
        _interrupts.SetLevel(true);
    }

    private void ClearIsr()
    {
        _isr = 0;
        _interrupts.SetLevel(false);
    }
}
