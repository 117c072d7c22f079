using System.Globalization;
using FbShare.Capture;
using FbShare.Linux;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Cli;

public sealed class RegionTests : IDisposable
{
    private const int Page = 4096;

    private readonly TemporaryFolder _folder = new();
    private readonly FileDescriptor _memory = MemFd.Create("region-test", 64 * Page);

    private string Output => _folder["out.png"];

    [Theory]
    [InlineData("XR24", 37, 29, 160, new[] { 3, 9 })]
    [InlineData("RA24", 32, 32, 128, new[] { 60 })]
    [InlineData("BX24", 20, 100, 132, new[] { 7, 6, 5, 4 })]
    public void Ranges_of_another_process_memory_become_a_picture(string format, int width, int height, int stride, int[] pages)
    {
        byte[] bytes = new byte[pages.Length * Page];
        new Random(4).NextBytes(bytes);
        using (MemoryMapping mapping = MemoryMapping.Map(_memory, 0, 64 * Page, writable: true))
        {
            for (int i = 0; i < pages.Length; i++)
            {
                bytes.AsSpan(i * Page, Page).CopyTo(mapping.Slice(pages[i] * Page, Page));
            }
        }

        (int code, _, string error) = FbShareProgram.Run(
            "region", "--pid", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), "--fd", _memory.Number.ToString(CultureInfo.InvariantCulture),
            "--range", string.Join(',', pages.Select(p => $"0x{p * Page:x}:{Page}")),
            "--size", $"{width}x{height}", "--stride", $"{stride}", "--format", format, "-o", Output);

        Assert.True(code == 0, error);
        Picture picture = PictureFile.Read(Output);
        (int red, int green, int blue, _) = Enum.Parse<DrmFormat>(format).ByteOrder();
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int at = (y * stride) + (x * 4);
                Assert.Equal((bytes[at + red], bytes[at + green], bytes[at + blue], (byte)255), picture[x, y]);
            }
        }
    }

    [Theory]
    [InlineData(2, "range 0:4095 does not start and end at a page's edge", "--range", "0:4095")]
    [InlineData(2, "range 100:4096 does not start and end at a page's edge", "--range", "100:4096")]
    [InlineData(2, "range 0:0 does not start and end at a page's edge", "--range", "0:0")]
    [InlineData(2, "range 4096:4096 overlaps another one", "--range", "0:8192,4096:4096")]
    [InlineData(2, "range 0:524288 ends after the file's 262144 bytes", "--range", "0:524288")]
    [InlineData(2, "range 0xfffffffffffff000:4096 ends after", "--range", "0xfffffffffffff000:4096")]
    [InlineData(2, "\"0-4096\" is not a range", "--range", "0-4096")]
    [InlineData(2, "the picture does not fit: 40x40 with stride 160", "--size", "40x40")]
    [InlineData(2, "stride 100 is less than a row of 32 pixels", "--stride", "100")]
    [InlineData(2, "\"32*32\" is not a size", "--size", "32*32")]
    [InlineData(2, "format YUYV is not known: one of XR24, AR24", "--format", "YUYV")]
    [InlineData(2, "name the file .png, .jpg, .webp, .ppm or .raw", "-o", "/tmp/screen.gif")]
    [InlineData(1, "the part 8x8+30+0 is not inside the picture of 32x32", "--crop", "30,0,8x8")]
    [InlineData(1, "there is no descriptor 999 in process", "--fd", "999")]
    [InlineData(1, "process 4194303 does not exist", "--pid", "4194303")]
    [InlineData(2, "give either --pid, --fd or --path", "--path", "/dev/shm/x")]
    [InlineData(2, "give either --output FILE or --live", "--live", "true")]
    public void What_cannot_be_is_said_in_one_sentence(int code, string sentence, string option, string value)
    {
        var arguments = new Dictionary<string, string>
        {
            ["--pid"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            ["--fd"] = _memory.Number.ToString(CultureInfo.InvariantCulture),
            ["--range"] = "0:4096",
            ["--size"] = "32x32",
            ["-o"] = Output,
            [option] = value,
        };

        (int actual, string output, string error) = FbShareProgram.Run(["region", .. arguments.SelectMany(a => new[] { a.Key, a.Value })]);

        Assert.Contains(sentence, error, StringComparison.Ordinal);
        Assert.Equal((code, ""), (actual, output));
        Assert.False(File.Exists(Output));
    }

    public void Dispose()
    {
        _memory.Dispose();
        _folder.Dispose();
    }
}
