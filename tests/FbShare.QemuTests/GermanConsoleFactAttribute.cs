using System.Diagnostics;

namespace FbShare.QemuTests;

/// <summary>A test with a guest whose console has a German keyboard, as Debian makes it: skipped where console-setup and kbd are missing.</summary>
internal sealed class GermanConsoleFactAttribute : FactAttribute
{
    private const string Compiler = "/usr/bin/ckbcomp";
    private const string Loader = "/usr/bin/loadkeys";

    public GermanConsoleFactAttribute() =>
        Skip = TestMachine.Missing(Needs.Blob) ?? (File.Exists(Compiler) && File.Exists(Loader) ? null : "ckbcomp and loadkeys (apt-get install console-setup kbd)");

    /// <summary>The kernel's table for xkb's layout, as busybox's loadkmap reads it, in base64.</summary>
    public static string MakeKeymap()
    {
        string text = Path.Combine(Path.GetTempPath(), $"fbshare-de-{Guid.NewGuid():N}.kmap");
        try
        {
            File.WriteAllBytes(text, Read(Compiler, "-layout", "de"));
            return Convert.ToBase64String(Read(Loader, "-q", "-b", "-u", text));
        }
        finally
        {
            File.Delete(text);
        }
    }

    private static byte[] Read(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> said = process.StandardError.ReadToEndAsync();
        var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, said.Result);
        return output.ToArray();
    }
}
