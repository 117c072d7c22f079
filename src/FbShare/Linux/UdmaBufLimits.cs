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
    public static UdmaBufLimits Read(string directory = ParametersDirectory)
    {
        using var files = new UdmaBufParameters(directory);
        return files.Read();
    }
}

/// <summary>The files of the udmabuf module's parameters, opened once, so that they can still be read when no file can be opened any more.</summary>
internal sealed class UdmaBufParameters : IDisposable
{
    private readonly FileDescriptor? _listLimit;
    private readonly FileDescriptor? _sizeLimit;

    public UdmaBufParameters(string directory)
    {
        _listLimit = Open(directory, "list_limit");
        _sizeLimit = Open(directory, "size_limit_mb");
    }

    /// <summary>What they say at this moment.</summary>
    public UdmaBufLimits Read() => new(
        (int)Read(_listLimit, UdmaBufLimits.Default.ListLimit),
        Read(_sizeLimit, UdmaBufLimits.Default.SizeLimit >> 20) << 20);

    public void Dispose()
    {
        _listLimit?.Dispose();
        _sizeLimit?.Dispose();
    }

    private static FileDescriptor? Open(string directory, string name)
    {
        try
        {
            return FileDescriptor.Open(Path.Combine(directory, name), writable: false);
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    /// <summary>Done for every buffer, so with a plain system call: a stream would cost more.</summary>
    private static long Read(FileDescriptor? file, long otherwise)
    {
        try
        {
            Span<byte> text = stackalloc byte[32];
            int length = file?.Read(0, text) ?? 0;
            return length > 0 && long.TryParse(text[..length].Trim("\n "u8), NumberStyles.None, CultureInfo.InvariantCulture, out long value)
                ? Math.Min(value, int.MaxValue)
                : otherwise;
        }
        catch (LinuxException)
        {
            return otherwise;
        }
    }
}
