using System.Runtime.InteropServices;
using FbShare.Display;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Logging;
using FbShare.Memory;
using FbShare.Virtio;
using FbShare.VirtioGpu;
using Microsoft.Extensions.Logging;

namespace FbShare.VhostUser;

/// <summary>One front-end's connection: takes its messages, keeps the guest memory map and feeds the device its queues
/// (QEMU docs/interop/vhost-user.rst).</summary>
/// <remarks>The device and the memory map outlive the connection; when it ends the device is reset and the map emptied.</remarks>
internal sealed partial class VhostUserBackend : FrontEndConnection
{
    private const int QueueCount = 2;
    private const int MaxMemSlots = 256;

    private const ProtocolFeatures Offered =
        ProtocolFeatures.MultiQueue | ProtocolFeatures.ReplyAck | ProtocolFeatures.BackendReq | ProtocolFeatures.Config |
        ProtocolFeatures.ResetDevice | ProtocolFeatures.ConfigureMemSlots | ProtocolFeatures.Status;

    /// <remarks>VIRTIO_F_RING_RESET is not offered: QEMU's generic device does not pass the reset of a queue on, and resets of both queues
    /// would look like a reset of the device.</remarks>
    private const VirtioFeatures TransportFeatures = VirtioFeatures.Version1 | VirtioFeatures.IndirectDesc | VirtioFeatures.EventIdx;

    private readonly MessageChannel _channel;
    private readonly VirtioGpuDevice _device;
    private readonly DisplayHub? _forward;
    private readonly Vring[] _vrings;
    private BackendChannel? _backendChannel;
    private GpuSocket? _gpuSocket;
    private VirtioFeatures _features;
    private ProtocolFeatures _protocolFeatures;
    private byte _status;
    private bool _configChangeOwed;

    /// <param name="socket">A connected front-end; owned once this has succeeded.</param>
    /// <param name="memory">Emptied when the connection ends; stays the caller's.</param>
    /// <param name="device">Reset when the connection ends; stays the caller's.</param>
    /// <param name="forward">Where to take pictures from for QEMU's own display (GPU_SET_SOCKET); null not to forward any.</param>
    /// <param name="defects">Told of errors of this program, each of which costs only this connection.</param>
    /// <exception cref="LinuxException">The connection cannot be watched.</exception>
    public VhostUserBackend(EventLoop loop, UnixSocket socket, GuestMemoryMap memory, VirtioGpuDevice device, DisplayHub? forward, ILogger log, DefectLog defects)
        : this(loop, new MessageChannel(socket, KeptReplies.Open(memory.Keeper)), memory, device, forward, log, defects)
    {
    }

    private VhostUserBackend(EventLoop loop, MessageChannel channel, GuestMemoryMap memory, VirtioGpuDevice device, DisplayHub? forward, ILogger log, DefectLog defects)
        : base(loop, channel, memory, log, defects)
    {
        _channel = channel;
        _device = device;
        _forward = forward;
        _vrings = [new Vring(loop, 0, Kicked), new Vring(loop, 1, Kicked)];
    }

    private protected override void Release()
    {
        foreach (Vring vring in _vrings)
        {
            vring.Dispose();
        }
        CloseGpuSocket();
        CloseBackendChannel();
        _device.Reset();
    }

    private protected override void Handle()
    {
        Messages.Header header = _channel.Header;
        var request = (FrontEndRequest)header.Request;
        string? refusal = null;
        switch (request)
        {
            case FrontEndRequest.GetFeatures:
                _channel.Reply(_device.Features | (ulong)TransportFeatures | Messages.FeatureProtocolFeatures);
                return;
            case FrontEndRequest.GetProtocolFeatures:
                _channel.Reply((ulong)Offered);
                return;
            case FrontEndRequest.GetQueueNum:
                _channel.Reply((ulong)QueueCount);
                return;
            case FrontEndRequest.GetMaxMemSlots:
                _channel.Reply((ulong)MaxMemSlots);
                return;
            case FrontEndRequest.GetStatus:
                _channel.Reply((ulong)_status);
                return;
            case FrontEndRequest.GetConfig:
                GetConfig();
                return;
            case FrontEndRequest.GetVringBase:
                GetVringBase();
                return;
            case FrontEndRequest.SetFeatures:
                SetFeatures(Read<ulong>());
                break;
            case FrontEndRequest.SetProtocolFeatures:
                _protocolFeatures = (ProtocolFeatures)Read<ulong>() & Offered;
                break;
            case FrontEndRequest.SetOwner:
            case FrontEndRequest.ResetOwner:
                break;
            case FrontEndRequest.SetMemTable:
                refusal = SetMemTable();
                break;
            case FrontEndRequest.AddMemReg:
                refusal = AddMemReg();
                break;
            case FrontEndRequest.RemMemReg:
                refusal = RemMemReg();
                break;
            case FrontEndRequest.SetVringNum:
            case FrontEndRequest.SetVringBase:
            case FrontEndRequest.SetVringEnable:
                refusal = SetVringState(request, Read<Messages.VringState>());
                break;
            case FrontEndRequest.SetVringAddr:
                refusal = SetVringAddress(Read<Messages.VringAddress>());
                break;
            case FrontEndRequest.SetVringKick:
            case FrontEndRequest.SetVringCall:
            case FrontEndRequest.SetVringErr:
                refusal = SetVringDescriptor(request, Read<ulong>());
                break;
            case FrontEndRequest.SetBackendReqFd:
                refusal = SetBackendChannel();
                break;
            case FrontEndRequest.SetConfig:
                refusal = SetConfig();
                break;
            case FrontEndRequest.GpuSetSocket:
                refusal = SetGpuSocket();
                break;
            case FrontEndRequest.ResetDevice:
                ResetDevice();
                break;
            case FrontEndRequest.SetStatus:
                SetStatus((byte)Read<ulong>());
                break;
            default:
                refusal = "this back-end did not offer it";
                break;
        }
        if (refusal is not null)
        {
            Log.RequestRefused(Enum.IsDefined(request) ? request.ToString() : $"message {header.Request}", refusal);
        }
        Save();
        if ((header.Flags & Messages.FlagNeedReply) != 0 && _protocolFeatures.HasFlag(ProtocolFeatures.ReplyAck))
        {
            _channel.Reply(refusal is null ? 0UL : 1UL);
        }
    }

    private T Read<T>()
        where T : unmanaged => MemoryMarshal.TryRead(_channel.Payload, out T value)
        ? value
        : throw new FrontEndException($"message {(FrontEndRequest)_channel.Header.Request} has only {_channel.Payload.Length} bytes");

    private void SetFeatures(ulong features)
    {
        // A running ring keeps the features with which it was started.
        _features = (VirtioFeatures)features & TransportFeatures;
        StartDisabled((features & Messages.FeatureProtocolFeatures) != 0);
        ulong strange = features & ~(_device.Features | (ulong)TransportFeatures | Messages.FeatureProtocolFeatures);
        if (strange != 0)
        {
            Log.FeaturesNotOffered(strange);
        }
    }

    private void GetConfig()
    {
        var header = Read<Messages.ConfigHeader>();
        if (header.Size > Messages.MaxConfig || header.Offset > Messages.MaxConfig)
        {
            _channel.Reply(header with { Size = 0 });
            return;
        }
        Span<byte> reply = stackalloc byte[Marshal.SizeOf<Messages.ConfigHeader>() + (int)header.Size];
        MemoryMarshal.Write(reply, in header);
        _device.ReadConfig((int)header.Offset, reply[Marshal.SizeOf<Messages.ConfigHeader>()..]);
        _channel.Reply(reply);
    }

    private string? SetConfig()
    {
        var header = Read<Messages.ConfigHeader>();
        ReadOnlySpan<byte> data = _channel.Payload[Marshal.SizeOf<Messages.ConfigHeader>()..];
        if (header.Size > Messages.MaxConfig || header.Offset > Messages.MaxConfig || data.Length < (int)header.Size)
        {
            return $"{header.Size} bytes at {header.Offset} with {data.Length} sent";
        }
        _device.WriteConfig((int)header.Offset, data[..(int)header.Size]);
        return null;
    }

    private string? SetBackendChannel()
    {
        if (_channel.TakeDescriptor() is not { } fd)
        {
            return NoDescriptor;
        }
        CloseBackendChannel();
        Memory.Keeper?.Keep(DescriptorKind.BackendChannel, 0, fd);
        OpenBackendChannel(new UnixSocket(fd));
        return null;
    }

    private void OpenBackendChannel(UnixSocket socket)
    {
        _backendChannel = new BackendChannel(Loop, socket);
        _device.ConfigChanged = SendConfigChange;
    }

    private string NoDescriptor => _channel.LostDescriptors
        ? "its descriptor was lost: the message had too many, or this process has as many open files as it may (ulimit -n)"
        : "it has no descriptor";

    /// <summary>While all rings are stopped the front-end is left alone ("Suspended device state"); it is told when one starts.</summary>
    private void SendConfigChange()
    {
        _configChangeOwed = IsSuspended;
        if (!_configChangeOwed)
        {
            _backendChannel?.SendConfigChange();
        }
    }

    private void CloseBackendChannel()
    {
        _device.ConfigChanged = null;
        _backendChannel?.Dispose();
        _backendChannel = null;
    }

    private string? SetGpuSocket()
    {
        if (_channel.TakeDescriptor() is not { } fd)
        {
            return NoDescriptor;
        }
        // QEMU spins when this socket is closed, so the old one goes only when a new one is there.
        Memory.Keeper?.Keep(DescriptorKind.GpuSocket, 0, fd);
        CloseGpuSocket();
        OpenGpuSocket(new UnixSocket(fd));
        return null;
    }

    /// <summary>An explicit reset of the device: rings stop, are disabled, and start at 0 again.</summary>
    private void ResetDevice()
    {
        foreach (Vring vring in _vrings)
        {
            vring.Reset();
        }
        _device.Reset();
    }

    private void SetStatus(byte status)
    {
        _status = status;
        if (status == 0)
        {
            ResetDevice();
        }
    }
}
