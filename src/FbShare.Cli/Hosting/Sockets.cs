using FbShare.Display.Naming;
using FbShare.Linux;

namespace FbShare.Cli.Hosting;

/// <summary>Sockets that the user names, with errors in the user's terms.</summary>
internal static class Sockets
{
    /// <param name="option">Where the path came from, for the message.</param>
    /// <exception cref="CliException">The path is too long, taken, or cannot be made.</exception>
    public static UnixListener Listen(string path, string option)
    {
        try
        {
            return UnixListener.Listen(path);
        }
        catch (PathTooLongException e)
        {
            throw new CliException(ExitCodes.Usage, $"{option}: {e.Message}", e);
        }
        catch (LinuxException e)
        {
            string cure = e.Errno switch
            {
                Errno.EADDRINUSE => "something else is there: stop it, or choose another path",
                Errno.ENOENT => "the folder does not exist: create it, or choose another path",
                Errno.EACCES or Errno.EPERM => "you may not write there: choose a folder of your own, such as $XDG_RUNTIME_DIR",
                _ => "choose another path",
            };
            throw new CliException(ExitCodes.Unreachable, $"cannot listen at {path} ({option}): {e.Message}; {cure}", e);
        }
    }

    /// <summary>Listens under a name of this user's.</summary>
    /// <exception cref="CliException">A running display has the name, or there is no place for it.</exception>
    /// <inheritdoc cref="DisplayFolder.Listen"/>
    public static UnixListener Listen(DisplayName name, bool isWish, out DisplayName taken)
    {
        try
        {
            return DisplayFolder.Listen(name, isWish, out taken);
        }
        catch (LinuxException e) when (e.Errno == Errno.EADDRINUSE)
        {
            throw new CliException(ExitCodes.Unreachable, $"a display '{name}' is running already: choose another name with --display", e);
        }
        catch (Exception e) when (e is IOException or LinuxException)
        {
            throw new CliException(ExitCodes.Unreachable, $"the display '{name}' cannot be made: {e.Message}", e);
        }
    }

    /// <summary>A connected socket that the parent process handed over.</summary>
    /// <exception cref="CliException">The number is no open socket.</exception>
    public static UnixSocket Adopt(int fd)
    {
        try
        {
            var descriptor = new FileDescriptor(fd);
            if (!descriptor.GetStatus().IsSocket)
            {
                descriptor.Release();
                throw new CliException(ExitCodes.Usage, $"--fd {fd} is no socket: pass a connected UNIX socket of a vhost-user front-end");
            }
            return new UnixSocket(descriptor);
        }
        catch (LinuxException e)
        {
            throw new CliException(ExitCodes.Usage, $"--fd {fd} is not open in this process ({e.Message}): pass a connected UNIX socket of a vhost-user front-end", e);
        }
    }
}
