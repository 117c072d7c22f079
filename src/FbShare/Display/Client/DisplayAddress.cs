using System.Diagnostics.CodeAnalysis;
using FbShare.Display.Naming;

namespace FbShare.Display.Client;

/// <summary>Where a display is: a text such as <c>debian</c> or <c>unix:/run/screen.sock</c>.</summary>
/// <param name="Kind">How it is reached.</param>
/// <param name="Target">The path, the D-Bus address or the name, without the kind before it.</param>
public sealed record DisplayAddress(DisplayAddressKind Kind, string Target)
{
    /// <summary>Reads a name, <c>unix:PATH</c>, <c>qmp:PATH</c>, <c>dbus:ADDRESS</c> or <c>libvirt:DOMAIN</c>. A name may have <c>fbshare:</c> before it, as the
    /// links of desktops do.</summary>
    /// <param name="text">What somebody typed.</param>
    /// <param name="address">The address; null if the text is not one.</param>
    /// <param name="why">What is wrong, in a sentence.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out DisplayAddress? address, [NotNullWhen(false)] out string? why)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string target = text[(colon + 1)..];
        address = colon < 0 ? OfName(text) : text[..colon] switch
        {
            _ when target.Length == 0 => null,
            "unix" => new DisplayAddress(DisplayAddressKind.Unix, target),
            "qmp" => new DisplayAddress(DisplayAddressKind.Qmp, target),
            "dbus" => new DisplayAddress(DisplayAddressKind.Bus, target),
            "libvirt" => new DisplayAddress(DisplayAddressKind.Libvirt, target),
            "fbshare" => OfName(Uri.UnescapeDataString(target)),
            _ => null,
        };
        why = address is not null ? null
            : $"'{text}' is not a display: give the name of a running one, unix:PATH (a display's own socket), qmp:PATH (of a QEMU with -display dbus,p2p=yes), dbus:ADDRESS (a message bus) or libvirt:DOMAIN";
        return address is not null;
    }

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString() => Kind switch
    {
        DisplayAddressKind.Unix => $"unix:{Target}",
        DisplayAddressKind.Qmp => $"qmp:{Target}",
        DisplayAddressKind.Libvirt => $"libvirt:{Target}",
        DisplayAddressKind.Name => Target,
        _ => $"dbus:{Target}",
    };

    private static DisplayAddress? OfName(string text) => DisplayName.TryParse(text, out DisplayName? name) ? new DisplayAddress(DisplayAddressKind.Name, name.Text) : null;
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

    /// <summary>The name of a display of fbshare run or serve, of the same user.</summary>
    Name,

    /// <summary>A domain of libvirt's with a D-Bus display, found through virsh.</summary>
    Libvirt,
}
