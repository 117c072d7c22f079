using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Virtio;
using FbShare.VirtioGpu;
using Microsoft.Extensions.Logging;

namespace FbShare.VhostUser;

/// <summary>Lets one vhost-user front-end at a time have the device.</summary>
/// <param name="loop">The loop that all of it runs on.</param>
/// <param name="listener">Owned from here on; null when the only front-end comes by <see cref="FrontEndServer.Serve"/>.</param>
/// <param name="memory">Filled with the guest's memory while a front-end is connected; stays the caller's.</param>
/// <param name="device">The device that it gets; stays the caller's.</param>
/// <param name="forward">See <see cref="VhostUserBackend"/>.</param>
/// <param name="log">Takes its messages.</param>
public sealed class VhostUserServer(EventLoop loop, UnixListener? listener, GuestMemoryMap memory, VirtioGpuDevice device, DisplayHub? forward, ILogger log)
    : FrontEndServer(loop, listener, memory.Keeper, log)
{
    private readonly EventLoop _loop = loop;

    private protected override FrontEndConnection Connect(UnixSocket socket) => new VhostUserBackend(_loop, socket, memory, device, forward, Log, Defects);
}
