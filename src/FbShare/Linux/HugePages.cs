using System.Globalization;

namespace FbShare.Linux;

/// <summary>The kernel's pool of 2 MiB pages (/sys/kernel/mm/hugepages).</summary>
/// <param name="Total">Pages in the pool.</param>
/// <param name="Free">Pages that are not in use.</param>
internal readonly record struct HugePages(int Total, int Free)
{
    /// <summary>The size of one page in bytes.</summary>
    public const long PageSize = 2 << 20;

    private const string Folder = "/sys/kernel/mm/hugepages/hugepages-2048kB";

    /// <summary>Reads the pool; zero pages where the kernel has none.</summary>
    public static HugePages Read(string folder = Folder) => new(Read(folder, "nr_hugepages"), Read(folder, "free_hugepages"));

    private static int Read(string folder, string name)
    {
        try
        {
            return int.Parse(File.ReadAllText(Path.Combine(folder, name)).AsSpan().Trim(), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return 0;
        }
    }
}
