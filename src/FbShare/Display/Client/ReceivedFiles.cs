using FbShare.Linux;

namespace FbShare.Display.Client;

/// <summary>A message's descriptors until a picture takes them over.</summary>
internal sealed class ReceivedFiles : List<FileDescriptor>, IDisposable
{
    public void Dispose() => ForEach(f => f.Dispose());
}
