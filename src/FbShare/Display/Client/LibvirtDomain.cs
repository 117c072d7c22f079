using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using FbShare.Linux;

namespace FbShare.Display.Client;

/// <summary>A machine that libvirt runs, asked for its D-Bus display (<c>&lt;graphics type='dbus'&gt;</c>) through virsh.</summary>
internal static partial class LibvirtDomain
{
    private const string Program = "virsh";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The address of the message bus that the domain's QEMU is on.</summary>
    /// <exception cref="DisplayException">There is no virsh, no such domain, or no such display; the message says what to do.</exception>
    public static DisplayAddress FindDisplay(string domain) => FindDisplay(domain, Ask(domain));

    /// <summary>Finds it in the description of a domain that runs.</summary>
    /// <param name="description">Libvirt's XML.</param>
    /// <inheritdoc cref="FindDisplay(string)"/>
    internal static DisplayAddress FindDisplay(string domain, string description)
    {
        string named = PeerText.Name(domain);
        bool isPeerToPeer = false;
        foreach (Match element in Graphics().Matches(description))
        {
            Dictionary<string, string> attributes = [];
            foreach (Match attribute in Attribute().Matches(element.Groups[1].Value))
            {
                attributes[attribute.Groups[1].Value] = WebUtility.HtmlDecode(attribute.Groups[2].Value[1..^1]);
            }
            if (attributes.GetValueOrDefault("type") != "dbus")
            {
                continue;
            }
            if (attributes.GetValueOrDefault("address") is { Length: > 0 } address)
            {
                return new DisplayAddress(DisplayAddressKind.Bus, address);
            }
            isPeerToPeer |= attributes.GetValueOrDefault("p2p") == "yes";
        }
        throw new DisplayException(
            isPeerToPeer ? $"the D-Bus display of the domain '{named}' has p2p='yes', which only libvirt itself can hand out: take that out of its <graphics type='dbus'>"
            : $"the domain '{named}' has no D-Bus display, or does not run: give it <graphics type='dbus'/> (virsh edit) and start it");
    }

    /// <summary>The start tags of graphics elements, as libvirt writes them. (.NET's XML reader would add a third to the native program.)</summary>
    [GeneratedRegex("""<graphics\s((?:[^<>"']|"[^"]*"|'[^']*')*)>""")]
    private static partial Regex Graphics();

    [GeneratedRegex("""([\w:.-]+)\s*=\s*("[^"]*"|'[^']*')""")]
    private static partial Regex Attribute();

    private static string Ask(string domain)
    {
        Process virsh;
        try
        {
            // One word, so that a name that begins with a dash is none of virsh's own options.
            virsh = Process.Start(new ProcessStartInfo(Program, ["dumpxml", $"--domain={domain}"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (Win32Exception e)
        {
            throw new DisplayException($"libvirt's {Program} cannot be started: {e.Message}; install it (Debian: libvirt-clients), or name the display with dbus:ADDRESS", e);
        }
        using (virsh)
        {
            virsh.StandardInput.Close();
            Task<string> description = virsh.StandardOutput.ReadToEndAsync();
            Task<string> said = virsh.StandardError.ReadToEndAsync();
            if (!virsh.WaitForExit(Patience))
            {
                virsh.Kill(entireProcessTree: true);
                throw new DisplayException($"{Program} did not say within {Patience.TotalSeconds:0} s where the display of the domain '{PeerText.Name(domain)}' is: does libvirt run?");
            }
            return virsh.ExitCode == 0
                ? description.GetAwaiter().GetResult()
                : throw new DisplayException($"{Program} knows no domain '{PeerText.Name(domain)}': {PeerText.Line(said.GetAwaiter().GetResult().Trim())}");
        }
    }
}
