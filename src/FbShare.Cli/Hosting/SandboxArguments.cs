using System.CommandLine;
using System.Globalization;
using FbShare.Confinement;
using FbShare.Linux;

namespace FbShare.Cli.Hosting;

/// <summary>The options of <c>serve</c> about whose process it is, and what it takes along when it starts itself again.</summary>
internal sealed class SandboxArguments
{
    private readonly Option<string?> _user = new("--user")
    {
        Description = "When started as root: become this user, with its groups, before anything else. It must be able to write where the sockets and pictures are to be.",
        HelpName = "NAME",
    };

    /// <summary>Said by a process that started itself again without its privileges.</summary>
    private readonly Option<bool> _again = new("--started-again") { Hidden = true };

    /// <summary>/dev/udmabuf, opened by root for a user who may not.</summary>
    private readonly Option<int?> _udmabuf = new("--udmabuf") { Hidden = true };

    /// <summary>What a process that this one starts has no use for.</summary>
    public IReadOnlyList<Option> Own => [_again];

    public void AddTo(Command command)
    {
        command.Add(_user);
        command.Add(_again);
        command.Add(_udmabuf);
    }

    /// <summary>The number of the opened device that this process was started with.</summary>
    public int? ReadUdmaBuf(ParseResult arguments) => arguments.GetValue(_udmabuf);

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
            string[] words = [.. Environment.GetCommandLineArgs()[1..], _again.Name];
            if (becomes)
            {
                if (TryOpenUdmaBuf() is { } device)
                {
                    device.SetInheritable();
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
            Privileges.StartAgain(Environment.ProcessPath!, words);
        }
        catch (LinuxException e)
        {
            throw new CliException(
                user is null ? ExitCodes.Failure : ExitCodes.Usage,
                user is null ? $"privileges cannot be given up: {e.Message}; --sandbox off keeps them" : $"--user {user}: {e.Message}; only root can become another user");
        }
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
