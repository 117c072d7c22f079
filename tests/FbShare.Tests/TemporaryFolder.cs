using System.Runtime.CompilerServices;

namespace FbShare.Tests;

/// <summary>A folder of a test's own, gone afterwards. Whatever tests leave in files lies in one: tools/test.sh fails on what is left elsewhere.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder;

    /// <param name="name">What it is for, as a part of its name.</param>
    public TemporaryFolder(string name = "test") => _folder = Directory.CreateTempSubdirectory($"fbshare-{name}-");

    public string Path => _folder.FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Programs of .NET make sockets for debuggers in the temporary folder, which stay there when they are killed or replace themselves.</summary>
    [ModuleInitializer]
    internal static void LetNobodyDebug() => Environment.SetEnvironmentVariable("DOTNET_EnableDiagnostics", "0");
}
