using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pci;
using FbShare.Virtio;
using Microsoft.Extensions.Logging;

namespace FbShare.VfioUser;

/// <summary>Lets one vfio-user client at a time have the device.</summary>
/// <param name="loop">The loop that all of it runs on.</param>
/// <param name="listener">Owned from here on; null when the only client comes by <see cref="FrontEndServer.Serve"/>.</param>
/// <param name="memory">Filled with the guest's memory while a client is connected; stays the caller's.</param>
/// <param name="function">Makes the PCI function for a client, which is disposed with the connection; it is given where that function logs.</param>
/// <param name="log">Takes its messages.</param>
public sealed class VfioUserServer(EventLoop loop, UnixListener? listener, GuestMemoryMap memory, Func<ILogger, PciFunction> function, ILogger log)
    : FrontEndServer(loop, listener, memory.Keeper, log)
{
    private readonly EventLoop _loop = loop;

    private protected override FrontEndConnection Connect(UnixSocket socket)
    {
        PciFunction made = function(Log);
        try
        {
            return new VfioUserConnection(_loop, socket, memory, made, Log, Defects);
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }
}
