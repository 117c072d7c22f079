using System.Globalization;

namespace FbShare.Tests;

/// <summary>Sockets of other processes.</summary>
internal static class ListeningSocket
{
    /// <summary>__SO_ACCEPTCON of linux/net.h: somebody listens.</summary>
    private const uint AcceptsConnections = 1 << 16;

    /// <summary>Whether a process listens at a path. Its file alone does not tell: that is there a moment before.</summary>
    /// <remarks>proc_pid_net(5): the columns of /proc/net/unix are number, references, protocol, flags, type, state, inode, path. Nobody is connected to, which a device would take for its
    /// machine.</remarks>
    public static bool IsAt(string path) => File.ReadLines("/proc/net/unix")
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Any(columns => columns.Length == 8 && columns[7] == path && (uint.Parse(columns[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & AcceptsConnections) != 0);
}
