using System.Buffers.Binary;
using FbShare.Keeping;

namespace FbShare.Pci;

/// <summary>A function's configuration space (PCI Local Bus 3.0, chapter 6): registers, some of whose bits are writable.</summary>
internal sealed class PciConfigSpace
{
    /// <summary>Bytes of a conventional function's configuration space.</summary>
    public const int Size = 256;

    /// <summary>How many base address registers of 32 bits there are.</summary>
    public const int BarCount = 6;

    private const int CommandRegister = 0x04;
    private const int StatusRegister = 0x06;
    private const byte InterruptStatus = 1 << 3;
    private const int BarRegisters = 0x10;
    private const int RomRegister = 0x30;
    private const int CapabilityPointer = 0x34;
    private const int InterruptLine = 0x3c;
    private const int InterruptPin = 0x3d;
    private const int FirstCapability = 0x40;

    private const ushort MemorySpace = 1 << 1;
    private const ushort BusMaster = 1 << 2;
    private const ushort InterruptDisable = 1 << 10;
    private const ushort HasCapabilities = 1 << 4;

    private readonly byte[] _registers = new byte[Size];
    private readonly byte[] _writable = new byte[Size];
    private readonly byte[] _initial = new byte[Size];
    private int _lastCapability = CapabilityPointer;
    private int _end = FirstCapability;

    /// <param name="classCode">Base class, subclass and interface: 0x038000 for a display that is not VGA compatible.</param>
    public PciConfigSpace(ushort vendor, ushort device, byte revision, uint classCode, ushort subsystemVendor, ushort subsystem)
    {
        Put16(0x00, vendor);
        Put16(0x02, device);
        Put16(StatusRegister, HasCapabilities);
        BinaryPrimitives.WriteUInt32LittleEndian(_initial.AsSpan(0x08), (classCode << 8) | revision);
        Put16(0x2c, subsystemVendor);
        Put16(0x2e, subsystem);
        // INTA, the pin of a function with one interrupt.
        _initial[InterruptPin] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(_writable.AsSpan(CommandRegister), MemorySpace | BusMaster | InterruptDisable);
        _writable[InterruptLine] = 0xff;
        Reset();
    }

    /// <summary>The command register's Interrupt Disable bit.</summary>
    public bool InterruptDisabled => (BinaryPrimitives.ReadUInt16LittleEndian(_registers.AsSpan(CommandRegister)) & InterruptDisable) != 0;

    /// <summary>Sets every register to its value at power-on.</summary>
    public void Reset() => _initial.CopyTo(_registers, 0);

    /// <summary>Reads registers; bytes past the end read as zero.</summary>
    public void Read(int offset, Span<byte> destination)
    {
        destination.Clear();
        if (offset < Size)
        {
            ReadOnlySpan<byte> part = _registers.AsSpan(offset);
            part[..Math.Min(part.Length, destination.Length)].CopyTo(destination);
        }
    }

    /// <summary>Shows INTx's level in the status register.</summary>
    internal void SetInterruptStatus(bool asserted) =>
        _registers[StatusRegister] = (byte)((_registers[StatusRegister] & ~InterruptStatus) | (asserted ? InterruptStatus : 0));

    /// <summary>Writes the writable bits.</summary>
    public void Write(int offset, ReadOnlySpan<byte> source)
    {
        for (int i = 0; i < source.Length && offset + i < Size; i++)
        {
            ref byte register = ref _registers[offset + i];
            byte mask = _writable[offset + i];
            register = (byte)((register & ~mask) | (source[i] & mask));
        }
    }

    internal void Save(ref StateWriter writer) => writer.Write(_registers);

    /// <summary>Takes over the writable bits; the others are this function's own.</summary>
    internal void Resume(ref StateReader reader)
    {
        Span<byte> registers = stackalloc byte[Size];
        reader.Read(registers);
        Write(0, registers);
    }

    /// <summary>Declares a memory BAR. As on hardware, a guest finds its size by writing all ones.</summary>
    /// <param name="index">Its first register; a BAR of 64 bits takes two.</param>
    internal void AddBar(int index, PciBar bar)
    {
        int at = BarRegisters + (4 * index);
        uint flags = (bar.Is64Bit ? 4u : 0) | (bar.Prefetchable ? 8u : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(_initial.AsSpan(at), flags);
        BinaryPrimitives.WriteUInt32LittleEndian(_writable.AsSpan(at), (uint)-bar.Size);
        if (bar.Is64Bit)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_writable.AsSpan(at + 4), uint.MaxValue);
        }
        Reset();
    }

    /// <summary>Declares the expansion ROM's register.</summary>
    /// <param name="size">A power of two, 2048 or more.</param>
    internal void AddRom(int size)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_writable.AsSpan(RomRegister), (uint)-size | 1);
        Reset();
    }

    /// <summary>Appends a capability to the list.</summary>
    /// <param name="bytes">The whole capability; its second byte, the link to the next one, is filled in here.</param>
    /// <param name="writable">Its writable bits, of the same length, or empty for none.</param>
    /// <returns>Its offset.</returns>
    internal int AddCapability(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> writable = default)
    {
        int at = _end;
        bytes.CopyTo(_initial.AsSpan(at));
        writable.CopyTo(_writable.AsSpan(at));
        _initial[at + 1] = 0;
        _initial[_lastCapability] = (byte)at;
        _lastCapability = at + 1;
        // Capabilities are aligned to four bytes.
        _end = (at + bytes.Length + 3) & ~3;
        Reset();
        return at;
    }

    private void Put16(int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(_initial.AsSpan(at), value);
}
