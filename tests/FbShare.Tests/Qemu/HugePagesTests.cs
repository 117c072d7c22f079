using FbShare.Cli.Qemu;
using FbShare.Linux;
using Xunit;

namespace FbShare.Tests.Qemu;

public class HugePagesTests
{
    [Theory]
    [InlineData("512\n", "500\n", 512, 500)]
    [InlineData("0\n", "0\n", 0, 0)]
    [InlineData("many\n", "7", 0, 7)]
    public void The_pool_is_what_the_kernel_shows(string total, string free, int expectedTotal, int expectedFree)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["nr_hugepages"], total);
        File.WriteAllText(folder["free_hugepages"], free);
        Assert.Equal(new HugePages(expectedTotal, expectedFree), HugePages.Read(folder.Path));
    }

    [Fact]
    public void A_kernel_without_huge_pages_has_none() => Assert.Equal(default, HugePages.Read("/nowhere"));
}
