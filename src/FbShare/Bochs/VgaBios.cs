using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace FbShare.Bochs;

/// <summary>SeaBIOS's video BIOS for a Bochs display (vgabios-bochs-display.bin), adapted to a function with other ids.</summary>
public static class VgaBios
{
    /// <summary>The file's name in QEMU's and SeaBIOS's packages.</summary>
    public const string FileName = "vgabios-bochs-display.bin";

    private const int LargestSize = 256 << 10;
    private const int BlockSize = 512;
    private const int SizeAt = 2;

    /// <summary>A byte that nothing reads, between the entry jump and the pointer to the PCI data.</summary>
    private const int SpareAt = 6;

    private const int PciDataPointerAt = 0x18;
    private const int PciDataSize = 0x18;

    /// <summary>Where the packages of distributions and QEMU's own installation put the file.</summary>
    public static IReadOnlyList<string> UsualFolders { get; } =
        ["/usr/share/seabios", "/usr/share/qemu", "/usr/share/seavgabios", "/usr/local/share/qemu", "/usr/lib/ipxe/qemu", "/usr/share/qemu/firmware"];

    /// <summary>Finds the file.</summary>
    /// <param name="folders">Searched in this order.</param>
    public static string? Find(IEnumerable<string> folders) => folders.Select(f => Path.Combine(f, FileName)).FirstOrDefault(File.Exists);

    /// <summary>Reads a video BIOS, gives it the ids of virtio-gpu (1af4:1050), and corrects its checksum.</summary>
    /// <param name="path">The file.</param>
    /// <param name="rom">The ROM, padded to the size of a ROM BAR, a power of two.</param>
    /// <param name="why">What is wrong with the file, in words.</param>
    public static bool TryLoad(string path, out ReadOnlyMemory<byte> rom, [NotNullWhen(false)] out string? why)
    {
        rom = default;
        try
        {
            if (new FileInfo(path) is { Length: > LargestSize } file)
            {
                why = $"{path} is not a video BIOS: {file.Length} bytes are too many for one";
                return false;
            }
            return TryPatch(File.ReadAllBytes(path), path, out rom, out why);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            why = $"{path} cannot be read: {e.Message}";
            return false;
        }
    }

    /// <inheritdoc cref="TryLoad"/>
    /// <param name="bytes">The file.</param>
    internal static bool TryPatch(ReadOnlySpan<byte> bytes, string path, out ReadOnlyMemory<byte> rom, [NotNullWhen(false)] out string? why)
    {
        rom = default;
        // PCI Firmware 3.0, section 5.1: signature, length in blocks, pointer to the PCI data structure.
        int length = bytes.Length > SizeAt ? bytes[SizeAt] * BlockSize : 0;
        if (bytes.Length < PciDataPointerAt + 2 || bytes[0] != 0x55 || bytes[1] != 0xaa || length == 0 || length > bytes.Length)
        {
            why = $"{path} is not an expansion ROM";
            return false;
        }
        int data = BinaryPrimitives.ReadUInt16LittleEndian(bytes[PciDataPointerAt..]);
        if (data + PciDataSize > length || !bytes.Slice(data, 4).SequenceEqual("PCIR"u8))
        {
            why = $"{path} is an expansion ROM, but not one of a PCI device";
            return false;
        }
        byte[] patched = new byte[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length)];
        patched.AsSpan().Fill(0xff);
        bytes[..length].CopyTo(patched);
        BinaryPrimitives.WriteUInt16LittleEndian(patched.AsSpan(data + 4), 0x1af4);
        BinaryPrimitives.WriteUInt16LittleEndian(patched.AsSpan(data + 6), 0x1050);
        byte sum = 0;
        foreach (byte b in patched.AsSpan(0, length))
        {
            sum += b;
        }
        // All bytes of a ROM add up to zero.
        patched[SpareAt] -= sum;
        rom = patched;
        why = null;
        return true;
    }
}
