using System.CommandLine;
using FbShare.Bochs;

namespace FbShare.Cli.Hosting;

/// <summary>The options of the boot screen: what a PCI device shows before the guest's driver runs.</summary>
internal sealed class BootArguments
{
    private readonly Option<bool> _off = new("--no-boot-screen") { Description = "Only with vfio-user: no screen for firmware and guests without a virtio-gpu driver." };
    private readonly Option<string?> _rom = new("--boot-rom")
    {
        Description = $"Only with vfio-user: the video BIOS of the boot screen (SeaBIOS's {VgaBios.FileName}); looked for where packages put it.",
        HelpName = "FILE",
    };

    public IReadOnlyList<Option> Options => [_off, _rom];

    /// <summary>The same for another process, with the video BIOS that is found.</summary>
    public IEnumerable<string> Repeat(ParseResult arguments, IEnumerable<string> folders)
    {
        if (arguments.GetValue(_off))
        {
            return [_off.Name];
        }
        string? path = arguments.GetValue(_rom) ?? VgaBios.Find([.. folders, .. VgaBios.UsualFolders]);
        return path is null ? [] : [$"{_rom.Name}={path}"];
    }

    public void AddTo(Command command)
    {
        command.Add(_off);
        command.Add(_rom);
    }

    /// <summary>Says which option means nothing without a PCI device; null: none was given.</summary>
    public string? FindUnused(ParseResult arguments, string otherwise)
    {
        Option? idle = Array.Find<Option>([_off, _rom], option => arguments.GetResult(option) is { Implicit: false });
        return idle is null ? null : $"{idle.Name} has no effect without {otherwise}";
    }

    /// <summary>Loads the boot screen's video BIOS.</summary>
    /// <param name="folders">Where to look for it first.</param>
    /// <returns>Empty where there is none; null for no boot screen at all.</returns>
    /// <exception cref="CliException">The file that was given is none.</exception>
    public ReadOnlyMemory<byte>? Load(ParseResult arguments, IEnumerable<string> folders, Log log)
    {
        if (arguments.GetValue(_off))
        {
            return null;
        }
        string? given = arguments.GetValue(_rom);
        string? path = given ?? VgaBios.Find([.. folders, .. VgaBios.UsualFolders]);
        string? why = $"there is no {VgaBios.FileName} on this machine";
        if (path is not null && VgaBios.TryLoad(path, out ReadOnlyMemory<byte> rom, out why))
        {
            log.Verbose($"boot screen: {path}");
            return rom;
        }
        if (given is not null)
        {
            throw new CliException(ExitCodes.Usage, $"--boot-rom: {why}: give SeaBIOS's {VgaBios.FileName} (Debian: package seabios)");
        }
        log.Warn($"{why}: a BIOS guest shows nothing until its driver runs (UEFI guests do): apt install seabios, or --boot-rom FILE");
        return ReadOnlyMemory<byte>.Empty;
    }
}
