namespace FbShare.Display.DBus;

/// <summary>Why a connection ended.</summary>
/// <param name="Reason">In words, with the other end as "it".</param>
/// <param name="Defect">What was thrown, where <paramref name="Kind"/> is <see cref="BusEndKind.Defect"/>.</param>
internal sealed record BusEnd(BusEndKind Kind, string Reason, Exception? Defect = null);

/// <summary>Who ended a connection.</summary>
internal enum BusEndKind
{
    /// <summary>The other end closed it, or its process is gone.</summary>
    Gone,

    /// <summary>This end, because the other broke the protocol or a limit.</summary>
    Dismissed,

    /// <summary>This end, because of a defect of this program in handling what came.</summary>
    Defect,
}
