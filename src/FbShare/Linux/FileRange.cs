namespace FbShare.Linux;

/// <summary>Some bytes of a file.</summary>
/// <param name="File">Owned by somebody else.</param>
/// <param name="Offset">Bytes from the start of the file.</param>
/// <param name="Length">Bytes.</param>
public readonly record struct FileRange(FileDescriptor File, long Offset, long Length)
{
    /// <summary>The first byte after it.</summary>
    public long End => Offset + Length;
}
