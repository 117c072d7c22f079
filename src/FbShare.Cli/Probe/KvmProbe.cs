using FbShare.Qemu;

namespace FbShare.Cli.Probe;

/// <summary>Whether guests run by KVM here: tried once per boot of this machine, in a process of its own, and remembered in FbShare's cache.</summary>
internal static class KvmProbe
{
    /// <summary>The hidden option of <c>fbshare probe</c> that only runs the trial.</summary>
    public const string TrialOption = "--kvm-trial";

    /// <summary>Where KVM works, even a busy machine needs far less.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Asks the kernel, then the memory of an earlier trial, then makes one.</summary>
    public static Kvm Ask(Log log) => Ask(Kvm.Probe(), CacheFolder(), TryApart, log);

    /// <inheritdoc cref="Ask(Log)"/>
    /// <param name="node">What the kernel says.</param>
    /// <param name="folder">Where trials are remembered; null for nowhere.</param>
    /// <param name="runTrial">Says what went wrong; null if nothing did.</param>
    internal static Kvm Ask(Kvm node, string? folder, Func<string?> runTrial, Log log)
    {
        if (!node.Usable)
        {
            return node;
        }
        string? memory = folder is null ? null : Path.Combine(folder, $"kvm-{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}");
        string? said = Read(memory);
        if (said is null)
        {
            log.Info($"trying whether guests run by KVM on this machine (once per boot, {Patience.TotalSeconds:0} s at most)");
            said = runTrial() is { } why ? $"no: {why}" : "yes";
            Remember(memory, said, log);
        }
        return said.StartsWith("yes", StringComparison.Ordinal)
            ? new Kvm(true, $"a guest ran by {Kvm.Device}")
            : new Kvm(
                false,
                $"{Kvm.Device} opens, but a guest did not run in it{(said.StartsWith("no: ", StringComparison.Ordinal) ? $" ({said[4..]})" : "")}",
                "take TCG (-accel tcg -cpu max); on a virtual machine, ask its provider for nested virtualization" + (memory is null ? "" : $"; to try again: rm {memory}"));
    }

    private static string? Read(string? file)
    {
        try
        {
            return file is not null && File.Exists(file) && File.ReadAllText(file).Trim() is { Length: > 0 } said ? said : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Remember(string? file, string said, Log log)
    {
        if (file is null)
        {
            return;
        }
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            // Whole or not at all, whoever else tries at the same time.
            string part = $"{file}.{Environment.ProcessId}";
            File.WriteAllText(part, said + "\n");
            File.Move(part, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Verbose($"the result cannot be remembered ({e.Message}): the next start tries again");
        }
    }

    private static string? CacheFolder()
    {
        if (Environment.GetEnvironmentVariable("FBSHARE_CACHE") is { Length: > 0 } own)
        {
            return own;
        }
        string? caches = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given ? given
            : Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? Path.Combine(home, ".cache") : null;
        return caches is null ? null : Path.Combine(caches, "fbshare");
    }

    private static string? TryApart() => TrialProcess.Run(TrialOption, Patience) switch
    {
        (ExitCodes.Success, _) => null,
        (ExitCodes.Unfit, string why) => why,
        (null, _) => $"it did not end within {Patience.TotalSeconds:0} s",
        (int code, _) => $"the trial ended with status {code}",
    };
}
