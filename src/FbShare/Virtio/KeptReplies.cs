using FbShare.Keeping;
using FbShare.Linux;

namespace FbShare.Virtio;

/// <summary>The pipe for the replies of a device that another one goes on for.</summary>
internal static class KeptReplies
{
    /// <summary>Takes over the pipe that a device that died has left, or makes one and keeps it.</summary>
    /// <param name="keeper">Null for none: then there is no pipe either.</param>
    /// <exception cref="LinuxException">No descriptor is free, or the keeper is gone.</exception>
    public static ReplyPipe? Open(Keeper? keeper)
    {
        if (keeper is null)
        {
            return null;
        }
        StateCell request = keeper.State.At(KeptState.Cell.Request);
        FileDescriptor? outlet = keeper.Take(DescriptorKind.ReplyOutlet);
        FileDescriptor? inlet = keeper.Take(DescriptorKind.ReplyInlet);
        if (outlet is not null && inlet is not null)
        {
            return new ReplyPipe(outlet, inlet) { Answering = request.Write, BeforeStep = keeper.State.BeforeStep };
        }
        outlet?.Dispose();
        inlet?.Dispose();
        var made = new ReplyPipe { Answering = request.Write, BeforeStep = keeper.State.BeforeStep };
        try
        {
            keeper.Keep(DescriptorKind.ReplyOutlet, 0, made.Outlet);
            keeper.Keep(DescriptorKind.ReplyInlet, 0, made.Inlet);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }
}
