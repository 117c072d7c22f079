using System.Globalization;

namespace FbShare.Linux;

/// <summary>How large one udmabuf may be: the parameters of the kernel's udmabuf module.</summary>
/// <param name="ListLimit">The most ranges (list_limit).</param>
/// <param name="SizeLimit">The most bytes (size_limit_mb, in bytes here).</param>
public readonly record struct UdmaBufLimits(int ListLimit, long SizeLimit)
{
    /// <summary>The folder of the module's parameters. Root can write them, which takes effect immediately.</summary>
    public const string ParametersDirectory = "/sys/module/udmabuf/parameters";

    /// <summary>The kernel's own defaults: 1024 ranges, 64 MiB.</summary>
    public static UdmaBufLimits Default => new(1024, 64L << 20);

    /// <summary>Reads both parameters; for one that cannot be read, the kernel's default is returned.</summary>
    public static UdmaBufLimits Read(string directory = ParametersDirectory) => new(
        (int)Read(directory, "list_limit", Default.ListLimit, int.MaxValue),
        Read(directory, "size_limit_mb", Default.SizeLimit >> 20, int.MaxValue) << 20);

    /// <summary>Done for every buffer, so with plain system calls: a stream would cost more.</summary>
    private static unsafe long Read(string directory, string name, long otherwise, long most)
    {
        try
        {
            using FileDescriptor file = FileDescriptor.Open(Path.Combine(directory, name), writable: false);
            byte* text = stackalloc byte[32];
            // SAFETY: the kernel writes 32 bytes at most, which the stack has room for.
            int length = (int)LibC.read(file, text, 32);
            return length > 0 && long.TryParse(new ReadOnlySpan<byte>(text, length).Trim("\n "u8), NumberStyles.None, CultureInfo.InvariantCulture, out long value)
                ? Math.Min(value, most)
                : otherwise;
        }
        catch (LinuxException)
        {
            return otherwise;
        }
    }
}
