using FbShare.Bochs;

namespace FbShare.Tests.Bochs;

public class VgaBiosTests
{
    [Theory]
    [InlineData(3, 2048)]
    [InlineData(4, 2048)]
    [InlineData(5, 4096)]
    public void A_video_BIOS_gets_the_ids_of_virtio_gpu_and_a_checksum_that_fits(int blocks, int romSize)
    {
        byte[] file = Rom(blocks);

        Assert.True(VgaBios.TryPatch([.. file, 1, 2, 3], "rom", out ReadOnlyMemory<byte> rom, out string? why), why);

        Assert.Equal(romSize, rom.Length);
        ReadOnlySpan<byte> bytes = rom.Span;
        Assert.Equal([0xf4, 0x1a, 0x50, 0x10], bytes.Slice(0x40 + 4, 4).ToArray());
        Assert.Equal(0, bytes[..(blocks * 512)].ToArray().Sum(b => b) & 0xff);
        Assert.Equal(0xff, bytes[^1] | (blocks == 4 ? 0xff : 0));
        for (int i = 0; i < file.Length; i++)
        {
            Assert.True(bytes[i] == file[i] || i is 6 or (>= 0x44 and < 0x48), $"byte {i}");
        }
    }

    [Theory]
    [InlineData("empty", "is not an expansion ROM")]
    [InlineData("text", "is not an expansion ROM")]
    [InlineData("cut", "is not an expansion ROM")]
    [InlineData("isa", "not one of a PCI device")]
    [InlineData("pointer", "not one of a PCI device")]
    public void What_is_no_video_BIOS_is_named(string kind, string expected)
    {
        byte[] file = kind switch
        {
            "empty" => [],
            "text" => [.. "The quick brown fox jumps over the lazy dog, twice over."u8],
            "cut" => Rom(4)[..1000],
            _ => Rom(4),
        };
        if (kind == "isa")
        {
            file[0x40] = 0;
        }
        else if (kind == "pointer")
        {
            (file[0x18], file[0x19]) = (0xf0, 0x07);
        }
        Assert.False(VgaBios.TryPatch(file, "rom", out _, out string? why));
        Assert.Contains(expected, why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        Assert.False(VgaBios.TryLoad("/nowhere/vgabios.bin", out _, out string? why));
        Assert.Contains("/nowhere/vgabios.bin cannot be read", why, StringComparison.Ordinal);
        Assert.Null(VgaBios.Find(["/nowhere"]));
    }

    private static byte[] Rom(int blocks)
    {
        var rom = new byte[blocks * 512];
        new Random(blocks).NextBytes(rom);
        (rom[0], rom[1], rom[2], rom[0x18], rom[0x19]) = (0x55, 0xaa, (byte)blocks, 0x40, 0);
        "PCIR"u8.CopyTo(rom.AsSpan(0x40));
        return rom;
    }
}
