using FbShare.Linux;

namespace FbShare.Keeping;

/// <summary>Where a device leaves descriptors that must outlive it: its keeper, or systemd.</summary>
/// <remarks>What was given is kept even if the device dies right after the call.</remarks>
public interface IDescriptorStore
{
    /// <summary>Keeps another descriptor of the same open file; one with this key that was kept before is closed.</summary>
    /// <param name="key">What it is; any number.</param>
    /// <param name="descriptor">Stays the caller's.</param>
    /// <exception cref="LinuxException">The store is gone.</exception>
    void Put(ulong key, FileDescriptor descriptor);

    /// <summary>Closes what is kept under this key, if anything is.</summary>
    /// <param name="key">What it is.</param>
    /// <exception cref="LinuxException">The store is gone.</exception>
    void Remove(ulong key);
}

/// <summary>A listening socket that the next device goes on with.</summary>
public enum KeptListener
{
    /// <summary>Where front-ends connect.</summary>
    FrontEnd = DescriptorKind.Listener,

    /// <summary>Where viewers connect.</summary>
    Display = DescriptorKind.DisplayListener,

    /// <summary>Where QEMU's monitor connects.</summary>
    Monitor = DescriptorKind.MonitorListener,
}

/// <summary>What a kept descriptor is.</summary>
internal enum DescriptorKind : byte
{
    None,

    /// <summary>The memory of <see cref="KeptState"/>.</summary>
    State,

    /// <summary>The socket at which front-ends connect.</summary>
    Listener,

    /// <summary>The socket at which viewers connect.</summary>
    DisplayListener,

    /// <summary>The socket at which QEMU's monitor connects.</summary>
    MonitorListener,

    /// <summary>The front-end's connection. This kind and all that follow are of one front-end.</summary>
    Connection,

    /// <summary>The pipe that a reply goes through: the end to read from.</summary>
    ReplyOutlet,

    /// <summary>And the end to write to.</summary>
    ReplyInlet,

    /// <summary>A region of guest memory, by its guest address.</summary>
    Memory,

    /// <summary>The host memory of a 2D resource, by its number.</summary>
    Resource,

    /// <summary>The boot screen's memory.</summary>
    BootScreen,

    /// <summary>The eventfd of an interrupt vector, by its number.</summary>
    Vector,

    /// <summary>INTx's eventfd.</summary>
    Line,

    /// <summary>The eventfd by which INTx is unmasked.</summary>
    Unmask,

    /// <summary>A queue's eventfds, by its number.</summary>
    Kick,
    Call,
    QueueError,

    /// <summary>vhost-user's channel back to the front-end.</summary>
    BackendChannel,

    /// <summary>The socket to QEMU's own display.</summary>
    GpuSocket,
    Count,
}
