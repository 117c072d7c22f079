using FbShare.Cli.Viewer;
using FbShare.Testing.Typing;

namespace FbShare.Tests.Testing.Typing;

public sealed class LinuxKeysTests
{
    /// <summary>Linux's codes of USB usages 0x04 to 0x73 (drivers/hid/hid-input.c, hid_keyboard).</summary>
    private static readonly int[] OfUsages =
    [
        30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17, 45, 21, 44, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
        28, 1, 14, 15, 57, 12, 13, 26, 27, 43, 43, 39, 40, 41, 51, 52, 53, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 87, 88, 99, 70, 119, 110,
        102, 104, 111, 107, 109, 106, 105, 108, 103, 69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71, 72, 73, 82, 83, 86, 127, 116, 117,
        183, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 194,
    ];

    [Fact]
    public void A_key_has_the_number_that_the_viewer_gives_it()
    {
        for (int i = 0; i < OfUsages.Length; i++)
        {
            Assert.Equal((i + 4, KeyNumbers.Of(i + 4)), (i + 4, LinuxKeys.QemuNumber(OfUsages[i])));
        }
        // The keys of Japanese keyboards (international 1 to 5) and the modifiers.
        Assert.Equal(
            (uint[])[.. Enumerable.Range(0x87, 5).Concat(Enumerable.Range(0xe0, 8)).Select(KeyNumbers.Of)],
            (uint[])[.. ((int[])[89, 93, 124, 92, 94, 29, 42, 56, 125, 97, 54, 100, 126]).Select(LinuxKeys.QemuNumber)]);
    }

    [Fact]
    public void Only_keys_that_QEMU_knows_have_names_and_no_two_keys_share_a_number()
    {
        int[] keys = [.. Enumerable.Range(-1, 300).Where(k => LinuxKeys.QemuNumber(k) != 0)];
        Assert.Equal(keys.Length, keys.Select(LinuxKeys.QemuNumber).Distinct().Count());
        Assert.All(LinuxKeys.Names, name => Assert.True(LinuxKeys.TryGet(name, out int key) && keys.Contains(key), name));
    }
}
