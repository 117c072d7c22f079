using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Virtio;
using FbShare.VirtioGpu;
using Microsoft.Extensions.Logging;

namespace FbShare.VhostUser;

/// <summary>Lets one vhost-user front-end at a time have the device.</summary>
/// <param name="listener">Owned from here on; null when the only front-end comes by <see cref="FrontEndServer.Serve"/>.</param>
/// <param name="forward">See <see cref="VhostUserBackend"/>.</param>
public sealed class VhostUserServer(EventLoop loop, UnixListener? listener, GuestMemoryMap memory, VirtioGpuDevice device, DisplayHub? forward, ILogger log)
    : FrontEndServer(loop, listener, memory.Keeper, log)
{
    private readonly EventLoop _loop = loop;

    protected override FrontEndConnection Connect(UnixSocket socket) => new VhostUserBackend(_loop, socket, memory, device, forward, Log, Defects);
}
