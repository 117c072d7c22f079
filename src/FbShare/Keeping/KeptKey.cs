namespace FbShare.Keeping;

/// <summary>The number under which a descriptor or a record is kept: its kind, and which of that kind.</summary>
internal static class KeptKey
{
    private const int NumberBits = 56;

    /// <summary>Numbers above this cannot be part of a key.</summary>
    public const ulong MaxNumber = (1UL << NumberBits) - 1;

    public static ulong Of(DescriptorKind kind, ulong number = 0) => ((ulong)kind << NumberBits) | (number & MaxNumber);

    public static DescriptorKind KindOf(ulong key) => (DescriptorKind)(key >> NumberBits);

    public static ulong NumberOf(ulong key) => key & MaxNumber;

    /// <summary>Whether it belongs to one front-end and ends with it.</summary>
    public static bool IsOfFrontEnd(ulong key) => KindOf(key) >= DescriptorKind.Connection;
}
