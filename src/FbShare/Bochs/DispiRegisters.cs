using System.Buffers.Binary;
using System.Runtime.InteropServices;
using FbShare.Keeping;
using FbShare.Pci;
using FbShare.Pictures;
using FbShare.VirtioGpu;

namespace FbShare.Bochs;

/// <summary>The Bochs display's registers as a memory BAR: the monitor's EDID at 0, the DISPI registers at 0x500, two bytes each
/// (QEMU docs/specs/standard-vga.rst).</summary>
internal sealed class DispiRegisters : PciBar
{
    private const int EdidSize = 0x400;
    private const int DispiAt = 0x500;

    private const ushort Id5 = 0xb0c5;
    private const ushort Enabled = 1;
    private const ushort GetCapabilities = 2;
    private const ushort Depth = 32;
    private const int BankSize = 64 << 10;

    private readonly ushort[] _registers = new ushort[(int)Register.Count];
    private readonly byte[] _edid = new byte[EdidSize];
    private readonly int _memorySize;
    private readonly (int Width, int Height) _largest;

    /// <param name="memorySize">Bytes of the frame buffer.</param>
    /// <param name="preferred">The monitor's preferred mode, which fits the frame buffer.</param>
    /// <param name="largest">The largest mode that a guest is told of.</param>
    public DispiRegisters(int memorySize, (int Width, int Height) preferred, (int Width, int Height) largest)
    {
        _memorySize = memorySize;
        _largest = largest;
        Edid.Write(_edid, 0, preferred.Width, preferred.Height);
    }

    private enum Register
    {
        Id,
        XRes,
        YRes,
        Bpp,
        Enable,
        Bank,
        VirtWidth,
        VirtHeight,
        XOffset,
        YOffset,
        VideoMemory64K,
        Count,
    }

    public override int Size => 0x1000;

    /// <summary>Called after a register was written.</summary>
    public Action? Written { get; set; }

    /// <summary>The mode that the registers give now; false if the display is off, the depth is another one, or the picture would not be inside its
    /// memory.</summary>
    public bool TryGetMode(out FrameLayout layout)
    {
        layout = default;
        uint width = this[Register.XRes];
        uint stride = Math.Max(width, this[Register.VirtWidth]) * DrmFormats.BytesPerPixel;
        ulong offset = ((ulong)this[Register.YOffset] * stride) + ((ulong)this[Register.XOffset] * DrmFormats.BytesPerPixel);
        return (this[Register.Enable] & Enabled) != 0 && HasDepth
            && FrameLayout.TryCreate(DrmFormat.XR24, width, this[Register.YRes], stride, offset, _memorySize, out layout, out _);
    }

    public void Save(ref StateWriter writer) => writer.Write(MemoryMarshal.AsBytes(_registers.AsSpan()));

    public void Resume(ref StateReader reader) => reader.Read(MemoryMarshal.AsBytes(_registers.AsSpan()));

    public void Reset() => Array.Clear(_registers);

    public override void Read(long offset, Span<byte> destination)
    {
        destination.Clear();
        if (offset < EdidSize)
        {
            ReadOnlySpan<byte> part = _edid.AsSpan((int)offset);
            part[..Math.Min(part.Length, destination.Length)].CopyTo(destination);
            return;
        }
        for (int i = 0; i < destination.Length; i++)
        {
            long at = offset + i - DispiAt;
            if (at >= 0 && at / sizeof(ushort) < _registers.Length)
            {
                ushort value = ReadRegister((Register)(at / sizeof(ushort)));
                destination[i] = (byte)(at % sizeof(ushort) == 0 ? value : value >> 8);
            }
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> source)
    {
        for (; source.Length >= sizeof(ushort); source = source[sizeof(ushort)..], offset += sizeof(ushort))
        {
            long at = offset - DispiAt;
            if (at >= 0 && at % sizeof(ushort) == 0 && at / sizeof(ushort) < _registers.Length)
            {
                _registers[at / sizeof(ushort)] = BinaryPrimitives.ReadUInt16LittleEndian(source);
                Written?.Invoke();
            }
        }
    }

    /// <summary>Whether the guest wants the depth that is there, or said nothing.</summary>
    private bool HasDepth => this[Register.Bpp] is 0 or Depth;

    private ushort this[Register register] => _registers[(int)register];

    private ushort ReadRegister(Register register) => (register, (this[Register.Enable] & GetCapabilities) != 0) switch
    {
        (Register.Id, _) => Id5,
        (Register.VideoMemory64K, _) => (ushort)(_memorySize / BankSize),
        // Always this one, whatever was written: a guest that reads it back sees that there is no other.
        (Register.Bpp, _) => Depth,
        // A display that was switched on with another depth stays off, and says so.
        (Register.Enable, _) when !HasDepth => (ushort)(this[register] & ~Enabled),
        (Register.XRes, true) => (ushort)_largest.Width,
        (Register.YRes, true) => (ushort)_largest.Height,
        _ => this[register],
    };
}
