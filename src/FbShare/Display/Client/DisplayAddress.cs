using System.Diagnostics.CodeAnalysis;

namespace FbShare.Display.Client;

/// <summary>Where a display is: what users give to <c>--display</c>.</summary>
/// <param name="Kind">How it is reached.</param>
/// <param name="Target">The path or the D-Bus address, without the kind before it.</param>
public sealed record DisplayAddress(DisplayAddressKind Kind, string Target)
{
    /// <summary>Reads <c>unix:PATH</c>, <c>qmp:PATH</c> or <c>dbus:ADDRESS</c>.</summary>
    /// <param name="text">What somebody typed.</param>
    /// <param name="address">The address; null if it is none.</param>
    /// <param name="why">What is wrong, in a sentence.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out DisplayAddress? address, [NotNullWhen(false)] out string? why)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        DisplayAddressKind? kind = colon <= 0 ? null : text[..colon] switch
        {
            "unix" => DisplayAddressKind.Unix,
            "qmp" => DisplayAddressKind.Qmp,
            "dbus" => DisplayAddressKind.Bus,
            _ => null,
        };
        if (kind is null || colon == text.Length - 1)
        {
            address = null;
            why = $"'{text}' is not a display: give unix:PATH (of fbshare serve or run), qmp:PATH (of a QEMU with -display dbus,p2p=yes) or dbus:ADDRESS";
            return false;
        }
        address = new DisplayAddress(kind.Value, text[(colon + 1)..]);
        why = null;
        return true;
    }

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString() => Kind switch
    {
        DisplayAddressKind.Unix => $"unix:{Target}",
        DisplayAddressKind.Qmp => $"qmp:{Target}",
        _ => $"dbus:{Target}",
    };
}

/// <summary>How a display is reached.</summary>
public enum DisplayAddressKind
{
    /// <summary>A socket that speaks the protocol itself.</summary>
    Unix,

    /// <summary>A QEMU's QMP socket, over which it is handed a connection (add_client, protocol @dbus-display).</summary>
    Qmp,

    /// <summary>A message bus on which QEMU has the name org.qemu.</summary>
    Bus,
}
