using System.CommandLine;
using System.Globalization;
using FbShare.Capture;
using FbShare.Cli.Hosting;
using FbShare.Confinement;
using FbShare.Display.Naming;
using FbShare.Linux;

namespace FbShare.Cli;

/// <summary><c>fbshare helper</c>: what a confined device starts beforehand, to have what needs a path done by it. Not for users.</summary>
internal sealed class HelperCommand : CliCommand
{
    private const string Word = "helper";
    private const string SocketName = "--socket";
    private const string RemoveName = "--may-remove";
    private const string WriteName = "--may-write";
    private const string TidyName = "--may-tidy";

    private readonly Option<int?> _socket = NumberOption.Optional(SocketName, 0, int.MaxValue, "Where the device listens to it.");
    private readonly Option<string[]> _remove = new(RemoveName);
    private readonly Option<string[]> _write = new(WriteName);
    private readonly Option<string?> _tidy = new(TidyName);

    public HelperCommand()
        : base(Word, "Opens and removes files for a confined device, which starts this.")
    {
        Hidden = true;
        _socket.Required = true;
        Add(_socket);
        Add(_remove);
        Add(_write);
        Add(_tidy);
    }

    /// <param name="socket">The number of the descriptor that leads to the device.</param>
    /// <param name="sockets">What the device will ask to be removed.</param>
    /// <param name="files">What it will ask to be written.</param>
    /// <param name="named">The socket of a display that has a name, whose folder goes with the last one in it; null if there is none.</param>
    public static IEnumerable<string> Words(int socket, IEnumerable<string> sockets, IEnumerable<string> files, string? named) =>
    [
        Word, $"{SocketName}={socket.ToString(CultureInfo.InvariantCulture)}", .. sockets.Select(path => $"{RemoveName}={path}"), .. files.Select(path => $"{WriteName}={path}"),
        .. named is null ? [] : (string[])[$"{TidyName}={named}"],
    ];

    protected override int Run(ParseResult arguments, Log log)
    {
        using var socket = new UnixSocket(new FileDescriptor(arguments.GetValue(_socket)!.Value));
        // Signals to end go to the device as well, which still needs this one then.
        using var signals = new StopSignals(_ => { });
        var server = new PathServer(socket, arguments.GetValue(_remove) ?? [], arguments.GetValue(_write) ?? [], AtomicFile.Write, Tidy);
        Inheritance.KeepDescriptors();
        log.Verbose($"sandbox of the helper: {Sandbox.EnterAsHelper().Description}");
        server.Run();
        return ExitCodes.Success;

        void Tidy(string removed)
        {
            if (removed == arguments.GetValue(_tidy))
            {
                DisplayFolder.Tidy(removed);
            }
        }
    }
}
