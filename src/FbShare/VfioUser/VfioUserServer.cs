using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pci;
using FbShare.Virtio;

namespace FbShare.VfioUser;

/// <summary>Lets one vfio-user client at a time have the device.</summary>
/// <param name="listener">Owned from here on; null when the only client comes by <see cref="FrontEndServer.Serve"/>.</param>
/// <param name="function">Makes the PCI function for a client, which is disposed with the connection.</param>
/// <param name="log">Takes one line per event worth knowing.</param>
public sealed class VfioUserServer(EventLoop loop, UnixListener? listener, GuestMemoryMap memory, Func<PciFunction> function, Action<string> log)
    : FrontEndServer(loop, listener, log)
{
    private readonly EventLoop _loop = loop;
    private readonly Action<string> _log = log;

    protected override IFrontEndConnection Connect(UnixSocket socket, DefectLog defects)
    {
        PciFunction? made = null;
        try
        {
            made = function();
            return new VfioUserConnection(_loop, socket, memory, made, _log, defects);
        }
        catch
        {
            made?.Dispose();
            socket.Dispose();
            throw;
        }
    }
}
