using FbShare.Memory;

namespace FbShare.Display;

/// <summary>Where scanouts come from: our virtio-gpu, or another display's client. Called on the source's loop.</summary>
public interface IScanoutSource
{
    /// <summary>What copies of this source's pictures are charged to.</summary>
    HostBudget HostMemory { get; }

    /// <summary>A consumer would like this size for the output; the guest is told and may follow. 0x0 disconnects the output.</summary>
    /// <returns>False if this source cannot pass it on.</returns>
    bool Resize(int output, int width, int height);

    /// <summary>A consumer is about to be shown the output's picture: a source that is not told of changes looks for them now.</summary>
    void PictureWanted(int output);
}
