using System.Runtime.InteropServices;
using FbShare.Cli;
using FbShare.Linux;

namespace FbShare.Tests.Linux;

public class SupportedPlatformTests
{
    [Fact]
    public void It_may_run_on_linux_on_x86_64() => Assert.Null(SupportedPlatform.WhyNot(linux: true, Architecture.X64));

    [Theory]
    [InlineData(true, Architecture.Arm64)]
    [InlineData(true, Architecture.X86)]
    [InlineData(true, Architecture.RiscV64)]
    [InlineData(false, Architecture.X64)]
    public void Elsewhere_it_says_in_one_sentence_that_it_may_not(bool linux, Architecture architecture)
    {
        string? why = SupportedPlatform.WhyNot(linux, architecture);

        Assert.NotNull(why);
        Assert.Contains("linux-x64", why, StringComparison.Ordinal);
        Assert.Contains(architecture.ToString(), why, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', why);
    }

    [Fact]
    public void The_program_ends_with_4_there_before_it_does_anything() =>
        Assert.Equal(4, Program.Run(["--version"], () => throw new PlatformNotSupportedException(SupportedPlatform.WhyNot(linux: true, Architecture.Arm64))));
}
