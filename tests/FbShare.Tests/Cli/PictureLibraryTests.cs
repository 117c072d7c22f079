using System.Diagnostics;
using Xunit;

namespace FbShare.Tests.Cli;

/// <summary>libSkiaSharp.so beside the program: loaded only where a picture is made, and missed in one sentence.</summary>
public sealed class PictureLibraryTests : IDisposable
{
    private const string Library = "libSkiaSharp.so";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_device_loads_it_only_if_it_is_to_write_a_picture(bool dumps)
    {
        string[] arguments = ["serve", "--socket-path", _folder["gpu"], .. dumps ? ["--dump-to", _folder["s.png"]] : Array.Empty<string>()];
        using Process process = FbShareProgram.Start(arguments);
        try
        {
            Assert.Contains("waiting for QEMU", process.StandardError.ReadLine(), StringComparison.Ordinal);
            Assert.Equal(dumps, File.ReadAllText($"/proc/{process.Id}/maps").Contains(Library, StringComparison.Ordinal));
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    [Theory]
    [InlineData("dump", "--display", "unix:/nowhere", "-o", "s.png")]
    [InlineData("dump", "--display", "unix:/nowhere", "-o", "s.ppm", "--scale", "50%")]
    [InlineData("run", "--dump-to", "s.webp", "--", "/bin/false")]
    [InlineData("serve", "--socket-path", "gpu", "--dump-to", "s.jpg")]
    [InlineData("region", "--pid", "1", "--range", "0:4096", "--size", "1x1", "-o", "s.png")]
    public void Without_it_a_command_says_so_in_one_sentence_before_it_begins(params string[] arguments)
    {
        CopyProgram();
        AssertMissed("is missing", arguments);
        File.WriteAllText(_folder[Library], "not a library");
        AssertMissed("cannot be loaded (libstdc++6 must be installed)", arguments);
    }

    [Fact]
    public void Without_it_what_needs_none_goes_on()
    {
        CopyProgram();
        var (code, _, error) = Run("dump", "--display", "unix:/nowhere", "-o", "s.ppm", "--crop", "0,0,1x1");
        Assert.True(code == 5, error);
    }

    private void AssertMissed(string why, string[] arguments)
    {
        var (code, output, error) = Run(arguments);
        Assert.StartsWith($"fbshare: pictures and text need {Library}, which {why}: ", error, StringComparison.Ordinal);
        Assert.Equal((4, "", 1), (code, output, error.TrimEnd().Split('\n').Length));
        Assert.False(File.Exists(_folder["gpu"]));
    }

    /// <summary>The program and what it needs but the library: by itself if it is native, else with its assemblies, but without the list of
    /// what it consists of, which names the library.</summary>
    private void CopyProgram()
    {
        string from = Path.GetDirectoryName(TestedProgram.Path)!;
        string settings = Path.Combine(from, "fbshare.runtimeconfig.json");
        IEnumerable<string> files = File.Exists(settings) ? Directory.GetFiles(from, "*.dll").Append(settings) : [];
        foreach (string file in files.Append(TestedProgram.Path))
        {
            File.Copy(file, _folder[Path.GetFileName(file)]);
        }
    }

    private (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(_folder["fbshare"], arguments)
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        string error = process.StandardError.ReadToEnd();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error);
    }
}
