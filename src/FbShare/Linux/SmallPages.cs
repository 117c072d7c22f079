namespace FbShare.Linux;

/// <summary>Sums with the kernel's small pages. Masks: there are thousands of ranges to a picture, and a division is slow.</summary>
internal static class SmallPages
{
    private static readonly long Mask = Environment.SystemPageSize - 1;

    public static bool IsAtPage(long offset) => (offset & Mask) == 0;

    /// <summary>Bytes from the page's begin.</summary>
    public static int Within(long offset) => (int)(offset & Mask);

    public static long RoundDown(long offset) => offset & ~Mask;

    public static long RoundUp(long offset) => (offset + Mask) & ~Mask;
}
