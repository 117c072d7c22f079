using FbShare.Cli.Qemu;
using FbShare.Qemu;

namespace FbShare.Cli;

/// <summary>The files that a QEMU command line names: a missing one is reported before anything is started.</summary>
internal static class DiskImages
{
    private static readonly HashSet<string> FileOptions = ["", "hda", "hdb", "hdc", "hdd", "cdrom", "fda", "fdb", "kernel", "initrd", "pflash"];

    /// <exception cref="CliException">One is not there.</exception>
    public static void RequirePresent(IReadOnlyList<string> qemuArguments)
    {
        foreach (QemuOption option in QemuOption.Parse(qemuArguments))
        {
            string? file = option.Name == "drive" ? option.Properties("file").GetValueOrDefault("file") : FileOptions.Contains(option.Name) ? option.Value : null;
            // A colon makes it a protocol (nbd:, https://, json:, fat:), which only QEMU can judge.
            if (file is not null && !file.Contains(':', StringComparison.Ordinal) && !File.Exists(file))
            {
                throw new CliException(ExitCodes.Failure, $"{file} does not exist: check the path in {(option.Name.Length == 0 ? "the QEMU arguments" : $"-{option.Name}")}");
            }
        }
    }
}
