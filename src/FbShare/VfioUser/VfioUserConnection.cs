using System.Runtime.InteropServices;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Logging;
using FbShare.Memory;
using FbShare.Pci;
using FbShare.Virtio;
using Microsoft.Extensions.Logging;

namespace FbShare.VfioUser;

/// <summary>One client's connection (QEMU's vfio-user-pci): takes its messages, keeps the guest memory map and gives the guest access to a PCI
/// function (QEMU docs/interop/vfio-user.rst).</summary>
/// <remarks>Every request is answered, if need be with an error number; only bytes that are not a message end the connection. A guest's
/// access to a register is answered before the work that it causes is done, because the guest's processor waits for the answer.</remarks>
internal sealed partial class VfioUserConnection : FrontEndConnection
{
    private readonly MessageChannel _channel;
    private readonly PciFunction _function;
    private readonly OncePerKind<(Command?, Errno)> _complained = new();
    private bool _versionAgreed;

    /// <param name="socket">A connected client; owned once this has succeeded.</param>
    /// <param name="memory">Emptied when the connection ends; stays the caller's.</param>
    /// <param name="function">Owned once this has succeeded.</param>
    /// <param name="defects">Told of errors of this program, each of which costs only this connection.</param>
    /// <exception cref="LinuxException">The connection cannot be watched.</exception>
    public VfioUserConnection(EventLoop loop, UnixSocket socket, GuestMemoryMap memory, PciFunction function, ILogger log, DefectLog defects)
        : this(loop, new MessageChannel(socket, KeptReplies.Open(memory.Keeper)), memory, function, log, defects)
    {
    }

    private VfioUserConnection(EventLoop loop, MessageChannel channel, GuestMemoryMap memory, PciFunction function, ILogger log, DefectLog defects)
        : base(loop, channel, memory, log, defects)
    {
        _channel = channel;
        _function = function;
    }

    /// <summary>JSON: what this server can do. Memory is mapped in whole pages, in more pieces than any machine has.</summary>
    private static ReadOnlySpan<byte> Capabilities =>
        """{"capabilities":{"max_msg_fds":16,"max_data_xfer_size":1048576,"pgsizes":4096,"max_dma_maps":1024,"write_multiple":true}}"""u8;

    private protected override void Release()
    {
        StopWatchingUnmask();
        _function.Dispose();
    }

    private protected override void Handle()
    {
        Messages.Header header = _channel.Header;
        if ((header.Flags & Messages.TypeMask) == Messages.TypeReply)
        {
            // This server asks the client nothing, so this reply answers nothing.
            return;
        }
        var command = (Command)header.Command;
        _channel.BeginReply();
        Errno error = (header.Flags & Messages.TypeMask) == Messages.TypeRequest ? Handle(command, _channel.Payload, out FileDescriptor? descriptor) : Nothing(out descriptor);
        if (error != Errno.None)
        {
            Complain(command, error);
        }
        Save();
        if ((header.Flags & Messages.NoReply) == 0)
        {
            if (error == Errno.None)
            {
                _channel.SendReply(descriptor);
            }
            else
            {
                _channel.SendError(error);
            }
        }
        _function.DoWork();

        static Errno Nothing(out FileDescriptor? descriptor)
        {
            descriptor = null;
            return Errno.EINVAL;
        }
    }

    /// <summary>Logs the first refusal of a kind. Every command that this server does not know is of the same kind.</summary>
    private void Complain(Command command, Errno error)
    {
        bool known = Enum.IsDefined(command);
        if (_complained.IsFirst((known ? command : null, error)))
        {
            Log.CommandRefused(known ? command.ToString() : $"command {(ushort)command}", error.ToString());
        }
    }

    private Errno Handle(Command command, ReadOnlySpan<byte> request, out FileDescriptor? descriptor)
    {
        descriptor = null;
        if (!_versionAgreed && command != Command.Version)
        {
            return Errno.EINVAL;
        }
        switch (command)
        {
            case Command.RegionWrite:
                return RegionWrite(request);
            case Command.RegionRead:
                return RegionRead(request);
            case Command.RegionWriteMulti:
                return RegionWriteMulti(request);
            case Command.Version:
                return AgreeOnVersion(request);
            case Command.DmaMap:
                return DmaMap(request);
            case Command.DmaUnmap:
                return DmaUnmap(request);
            case Command.DeviceGetInfo:
                return GetInfo(request);
            case Command.DeviceGetRegionInfo:
                return GetRegionInfo(request, out descriptor);
            case Command.DeviceGetIrqInfo:
                return GetIrqInfo(request);
            case Command.DeviceSetIrqs:
                return SetIrqs(request);
            case Command.DeviceReset:
                Log.DeviceReset();
                _function.Reset();
                return Errno.None;
            default:
                return Errno.EOPNOTSUPP;
        }
    }

    private Errno AgreeOnVersion(ReadOnlySpan<byte> request)
    {
        if ((_versionAgreed && !IsRepeated) || !MemoryMarshal.TryRead(request, out Messages.Version version))
        {
            return Errno.EINVAL;
        }
        if (version.Major != Messages.Major)
        {
            Log.VersionRefused(version.Major, version.Minor, Messages.Major, Messages.Minor);
            return Errno.EOPNOTSUPP;
        }
        _versionAgreed = true;
        _channel.Append(new Messages.Version { Major = Messages.Major, Minor = Messages.Minor });
        _channel.Append(Capabilities);
        _channel.Append((byte)0);
        return Errno.None;
    }

    private Errno GetInfo(ReadOnlySpan<byte> request)
    {
        if (!MemoryMarshal.TryRead(request, out Messages.DeviceInfo info) || info.ArgSize < Marshal.SizeOf<Messages.DeviceInfo>())
        {
            return Errno.EINVAL;
        }
        _channel.Append(new Messages.DeviceInfo
        {
            ArgSize = (uint)Marshal.SizeOf<Messages.DeviceInfo>(),
            Flags = Messages.DeviceFlagReset | Messages.DeviceFlagPci,
            RegionCount = RegionIndex.Count,
            IrqCount = (uint)IrqIndex.Count,
        });
        return Errno.None;
    }
}
