using FbShare.Cli.Viewer;
using Xunit;

namespace FbShare.Tests.Viewer;

public sealed class KeyNumbersTests
{
    /// <summary>USB HID usages (HID Usage Tables 1.21, page 7) and AT set 1 scancodes (Scan Codes Demystified), written from these.</summary>
    [Theory]
    [InlineData(0x04, 0x1e)] // A
    [InlineData(0x1d, 0x2c)] // Z
    [InlineData(0x1e, 0x02)] // 1
    [InlineData(0x27, 0x0b)] // 0
    [InlineData(0x28, 0x1c)] // Enter
    [InlineData(0x29, 0x01)] // Escape
    [InlineData(0x2c, 0x39)] // Space
    [InlineData(0x35, 0x29)] // `
    [InlineData(0x39, 0x3a)] // Caps Lock
    [InlineData(0x3a, 0x3b)] // F1
    [InlineData(0x45, 0x58)] // F12
    [InlineData(0x4a, 0x80 | 0x47)] // Home
    [InlineData(0x4c, 0x80 | 0x53)] // Delete
    [InlineData(0x4f, 0x80 | 0x4d)] // Right
    [InlineData(0x52, 0x80 | 0x48)] // Up
    [InlineData(0x54, 0x80 | 0x35)] // keypad /
    [InlineData(0x58, 0x80 | 0x1c)] // keypad Enter
    [InlineData(0x59, 0x4f)] // keypad 1
    [InlineData(0x64, 0x56)] // the key beside left Shift
    [InlineData(0x87, 0x73)] // Ro
    [InlineData(0x89, 0x7d)] // Yen
    [InlineData(0xe0, 0x1d)] // left Ctrl
    [InlineData(0xe4, 0x80 | 0x1d)] // right Ctrl
    [InlineData(0xe6, 0x80 | 0x38)] // right Alt
    [InlineData(0xe7, 0x80 | 0x5c)] // right Windows
    [InlineData(258, 0x80 | 0x19)] // next track
    [InlineData(262, 0x80 | 0x20)] // mute
    public void A_key_has_the_number_of_its_place(int scancode, int number) => Assert.Equal((uint)number, KeyNumbers.Of(scancode));

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(0xe8)]
    [InlineData(257)]
    [InlineData(287)]
    [InlineData(512)]
    public void What_is_no_key_has_no_number(int scancode) => Assert.Equal(0u, KeyNumbers.Of(scancode));

    [Fact]
    public void Every_key_of_a_full_keyboard_has_a_number_of_its_own_but_the_two_hashes()
    {
        int[] full = [.. Enumerable.Range(0x04, 0x65 - 0x04 + 1).Except([0x32]), .. Enumerable.Range(0xe0, 8)];
        Assert.DoesNotContain(full, scancode => KeyNumbers.Of(scancode) == 0);
        Assert.Equal(full.Length, full.Select(KeyNumbers.Of).Distinct().Count());
        Assert.Equal(KeyNumbers.Of(0x31), KeyNumbers.Of(0x32));
    }
}
