using System.Diagnostics;
using FbShare.Cli.Qemu;
using FbShare.Linux;
using Xunit;

namespace FbShare.Tests;

/// <summary>A fact that needs a program in PATH; without it the test is skipped by that name.</summary>
public sealed class NeedsProgramFactAttribute : FactAttribute
{
    public NeedsProgramFactAttribute(string program) => Skip = NeedsProgram.SkipWithout(program);
}

/// <inheritdoc cref="NeedsProgramFactAttribute"/>
public sealed class NeedsProgramTheoryAttribute : TheoryAttribute
{
    public NeedsProgramTheoryAttribute(string program) => Skip = NeedsProgram.SkipWithout(program);
}

/// <summary>A fact that acts as other users, which only root can, with programs in PATH.</summary>
public sealed class NeedsRootFactAttribute : FactAttribute
{
    public NeedsRootFactAttribute(params string[] programs) =>
        Skip = Environment.UserName == "root" ? programs.Select(NeedsProgram.SkipWithout).FirstOrDefault(missing => missing is not null) : "root";
}

/// <summary>A fact on a disk that is full: a small tmpfs, which root may mount, though not in every container.</summary>
public sealed class FullDiskFactAttribute : FactAttribute
{
    public FullDiskFactAttribute(params string[] programs) => Skip = FullDisk.Missing(programs);
}

/// <inheritdoc cref="FullDiskFactAttribute"/>
public sealed class FullDiskTheoryAttribute : TheoryAttribute
{
    public FullDiskTheoryAttribute(params string[] programs) => Skip = FullDisk.Missing(programs);
}

/// <summary>A fact about speed, which only the published program has.</summary>
public sealed class PublishedProgramFactAttribute : FactAttribute
{
    public PublishedProgramFactAttribute() => Skip = Environment.GetEnvironmentVariable("FBSHARE_PROGRAM") is null ? "the published program, named by FBSHARE_PROGRAM" : null;
}

/// <summary>A fact that needs GLib's D-Bus in Python.</summary>
public sealed class NeedsGDBusFactAttribute : FactAttribute
{
    /// <summary>Debian's own, which Debian's packages are for.</summary>
    public const string Python = "/usr/bin/python3";

    public NeedsGDBusFactAttribute() => Skip = Directory.Exists("/usr/lib/python3/dist-packages/gi") && File.Exists(Python) ? null : "python3-gi";
}

/// <summary>A theory in huge pages of 2 MiB; so many must be free.</summary>
public sealed class NeedsHugePagesTheoryAttribute : TheoryAttribute
{
    public NeedsHugePagesTheoryAttribute(int pages) => Skip = HugePages.Read().Free >= pages ? null : $"{pages} free huge pages of 2 MiB";
}

internal static class NeedsProgram
{
    public static string? SkipWithout(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program))) ? null : program;
}

internal static class FullDisk
{
    private static readonly Lazy<string?> Obstacle = new(Try);

    public static string? Missing(string[] programs) => programs.Select(NeedsProgram.SkipWithout).FirstOrDefault(missing => missing is not null) ?? Obstacle.Value;

    private static string? Try()
    {
        if (Environment.UserName != "root")
        {
            return "root";
        }
        using var folder = new TemporaryFolder("mount");
        if (Run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder.Path) is { } refused)
        {
            return $"a tmpfs that can be mounted: {refused}";
        }
        _ = Run("umount", folder.Path);
        return null;
    }

    /// <summary>Why it failed; null: it did not.</summary>
    private static string? Run(string program, params string[] arguments)
    {
        if (NeedsProgram.SkipWithout(program) is { } missing)
        {
            return missing;
        }
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : said.Trim();
    }
}
