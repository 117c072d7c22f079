using System.ComponentModel;
using System.Diagnostics;
using System.Xml;
using FbShare.Linux;

namespace FbShare.Display.Client;

/// <summary>A machine that libvirt runs, asked for its D-Bus display (<c>&lt;graphics type='dbus'&gt;</c>) through virsh.</summary>
internal static class LibvirtDomain
{
    private const string Program = "virsh";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The address of the message bus that the domain's QEMU is on.</summary>
    /// <exception cref="DisplayException">There is no virsh, no such domain, or no such display; the message says what to do.</exception>
    public static DisplayAddress FindDisplay(string domain)
    {
        string description = Ask(domain);
        try
        {
            return FindDisplay(domain, description);
        }
        catch (XmlException e)
        {
            throw new DisplayException($"what {Program} says of the domain '{PeerText.Name(domain)}' cannot be read: {PeerText.Line(e.Message)}", e);
        }
    }

    /// <summary>Finds it in the XML of a domain that runs.</summary>
    /// <exception cref="XmlException">It is none.</exception>
    /// <inheritdoc cref="FindDisplay(string)"/>
    internal static DisplayAddress FindDisplay(string domain, string description)
    {
        string named = PeerText.Name(domain);
        using var reader = XmlReader.Create(new StringReader(description), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
        bool isPeerToPeer = false;
        while (reader.ReadToFollowing("graphics"))
        {
            if (reader.GetAttribute("type") != "dbus")
            {
                continue;
            }
            if (reader.GetAttribute("address") is { Length: > 0 } address)
            {
                return new DisplayAddress(DisplayAddressKind.Bus, address);
            }
            isPeerToPeer |= reader.GetAttribute("p2p") == "yes";
        }
        throw new DisplayException(
            isPeerToPeer ? $"the D-Bus display of the domain '{named}' has p2p='yes', which only libvirt itself can hand out: take that out of its <graphics type='dbus'>"
            : $"the domain '{named}' has no D-Bus display, or does not run: give it <graphics type='dbus'/> (virsh edit) and start it");
    }

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
