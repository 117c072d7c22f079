namespace FbShare.Linux;

/// <summary>Arithmetic with the kernel's small pages. By masks, because a picture can have thousands of ranges and division is slow.</summary>
internal static class SmallPages
{
    private static readonly long Mask = Environment.SystemPageSize - 1;

    public static bool IsAtPage(long offset) => (offset & Mask) == 0;

    /// <summary>Bytes from the start of the page.</summary>
    public static int Within(long offset) => (int)(offset & Mask);

    public static long RoundDown(long offset) => offset & ~Mask;

    public static long RoundUp(long offset) => (offset + Mask) & ~Mask;
}
