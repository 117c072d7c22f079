using System.CommandLine;
using System.Globalization;
using FbShare.Confinement;
using FbShare.Linux;

namespace FbShare.Cli.Hosting;

/// <summary>The options about whose process a device's is, and what it takes along when it starts itself again.</summary>
/// <param name="description">What --user does.</param>
internal sealed class SandboxArguments(string description)
{
    private readonly Option<string?> _user = new("--user") { Description = description, HelpName = "NAME" };

    /// <summary>Said by a process that started itself again without its privileges.</summary>
    private readonly Option<bool> _again = new("--started-again") { Hidden = true };

    /// <summary>/dev/udmabuf, opened by root for a user who may not.</summary>
    private readonly Option<int?> _udmabuf = NumberOption.Optional("--udmabuf", 0, int.MaxValue, "The opened device.");

    /// <summary>What a process that this one starts has no use for.</summary>
    public IReadOnlyList<Option> Own => [_again, _user];

    public void AddTo(Command command)
    {
        command.Add(_user);
        command.Add(_again);
        _udmabuf.Hidden = true;
        command.Add(_udmabuf);
    }

    /// <summary>The opened device that this process was started with, which nothing that it starts has by itself; null if there is none.</summary>
    /// <returns>The caller's.</returns>
    public FileDescriptor? TakeUdmaBuf(ParseResult arguments)
    {
        if (arguments.GetValue(_udmabuf) is not { } number)
        {
            return null;
        }
        var device = new FileDescriptor(number);
        device.SetInheritable(false);
        return device;
    }

    /// <summary>Becomes the user that was named, with the words of this command line and its descriptors. Where none was, nothing is given up.</summary>
    /// <exception cref="CliException">It cannot become that user.</exception>
    public void BecomeUser(ParseResult arguments)
    {
        if (arguments.GetValue(_user) is not null)
        {
            GiveUpPrivileges(arguments, SandboxMode.Off);
        }
    }

    /// <summary>Gives up the user and the capabilities that a device does not need. Where there were any, this process starts again.</summary>
    /// <exception cref="CliException">It cannot become that user.</exception>
    public void GiveUpPrivileges(ParseResult arguments, SandboxMode mode)
    {
        string? user = arguments.GetValue(_user);
        try
        {
            bool becomes = user is not null && !Privileges.Is(user);
            if (!becomes && (mode == SandboxMode.Off || arguments.GetValue(_again) || !Privileges.HasNeedlessCapabilities))
            {
                return;
            }
            string[] words = [_again.Name];
            if (becomes)
            {
                if (TryOpenUdmaBuf() is { } device)
                {
                    device.SetInheritable(true);
                    words = [.. words, $"{_udmabuf.Name}={device.Release().ToString(CultureInfo.InvariantCulture)}"];
                }
                Privileges.Become(user!);
            }
            else
            {
                Privileges.Reduce();
            }
            if (mode != SandboxMode.Off)
            {
                Privileges.MakeFinal();
            }
            Privileges.StartAgain(Environment.ProcessPath!, WithWords(arguments, words));
        }
        catch (LinuxException e)
        {
            throw new CliException(
                user is null ? ExitCodes.Failure : ExitCodes.Usage,
                user is null ? $"privileges cannot be given up: {e.Message}; --sandbox off keeps them" : $"--user {user}: {e.Message}; only root can become another user");
        }
    }

    /// <summary>This command line with some words more, right after the command: what comes last may be another program's.</summary>
    private static string[] WithWords(ParseResult arguments, string[] words)
    {
        string[] all = Environment.GetCommandLineArgs()[1..];
        int after = Array.IndexOf(all, arguments.CommandResult.Command.Name) + 1;
        return [.. all[..after], .. words, .. all[after..]];
    }

    private static FileDescriptor? TryOpenUdmaBuf()
    {
        try
        {
            return FileDescriptor.Open(UdmaBufDevice.DevicePath, writable: true);
        }
        catch (LinuxException)
        {
            // There is none; the device says so.
            return null;
        }
    }
}
