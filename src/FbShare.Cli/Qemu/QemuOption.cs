using System.Globalization;
using System.Text;
using System.Text.Json;

namespace FbShare.Cli.Qemu;

/// <summary>One option of a QEMU command line: its name without dashes and its value; a bare word (a disk image) has the name "".</summary>
internal readonly record struct QemuOption(string Name, string? Value)
{
    /// <summary>The options that take no value (qemu-options.hx).</summary>
    private static readonly HashSet<string> Flags =
    [
        "h", "help", "version", "mem-prealloc", "audio-help", "snapshot", "usb", "nographic", "curses", "sdl", "portrait", "full-screen",
        "win2k-hack", "no-fd-bootchk", "no-acpi", "no-hpet", "singlestep", "preconfig", "S", "s", "enable-kvm", "xen-attach",
        "xen-domid-restrict", "no-reboot", "no-shutdown", "daemonize", "only-migratable", "nodefaults", "no-user-config",
        "enable-sync-profile", "perfmap", "jitdump", "old-param", "semihosting", "alt-grab", "ctrl-grab", "no-quit", "no-kvm",
    ];

    /// <summary>Splits a command line into its options as QEMU does: one or two dashes, the value in the next word.</summary>
    public static List<QemuOption> Parse(IReadOnlyList<string> arguments)
    {
        var options = new List<QemuOption>();
        for (int i = 0; i < arguments.Count; i++)
        {
            string word = arguments[i];
            if (!word.StartsWith('-') || word == "-")
            {
                options.Add(new QemuOption("", word));
                continue;
            }
            string name = word.StartsWith("--", StringComparison.Ordinal) ? word[2..] : word[1..];
            bool takesValue = !Flags.Contains(name) && i + 1 < arguments.Count;
            options.Add(new QemuOption(name == "M" ? "machine" : name, takesValue ? arguments[++i] : null));
        }
        return options;
    }

    /// <summary>The value's properties: <c>first,key=value,flag</c> with ",," for a comma, or JSON. The leading word
    /// without a key is stored under <paramref name="impliedKey"/>.</summary>
    public Dictionary<string, string> Properties(string impliedKey)
    {
        var properties = new Dictionary<string, string>();
        string text = Value ?? "";
        if (text.StartsWith('{'))
        {
            AddJson(text, impliedKey, properties);
            return properties;
        }
        foreach ((int index, string part) in SplitAtCommas(text).Index())
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals >= 0)
            {
                properties[part[..equals]] = part[(equals + 1)..];
            }
            else if (index == 0)
            {
                properties[impliedKey] = part;
            }
            else
            {
                properties[part] = "on";
            }
        }
        return properties;
    }

    /// <summary>Reads a size as QEMU does: a number, possibly with a fraction, and one of b, k, M, G, T.</summary>
    /// <param name="defaultUnit">The unit of a number without one: M for -m, b elsewhere.</param>
    public static bool TryParseSize(string text, char defaultUnit, out long bytes)
    {
        bytes = 0;
        string digits = text.TrimEnd('b', 'B', 'k', 'K', 'm', 'M', 'g', 'G', 't', 'T');
        if (text.Length - digits.Length > 1
            || !decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            || number > 1_000_000_000_000_000)
        {
            return false;
        }
        char unit = text.Length > digits.Length ? text[^1] : defaultUnit;
        decimal product = number * char.ToLowerInvariant(unit) switch { 'k' => 1L << 10, 'm' => 1L << 20, 'g' => 1L << 30, 't' => 1L << 40, _ => 1 };
        if (product is < 1 or > long.MaxValue)
        {
            return false;
        }
        bytes = (long)product;
        return true;
    }

    private static List<string> SplitAtCommas(string text)
    {
        var parts = new List<string>();
        var part = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != ',')
            {
                part.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == ',')
            {
                part.Append(',');
                i++;
            }
            else
            {
                parts.Add(part.ToString());
                part.Clear();
            }
        }
        parts.Add(part.ToString());
        return parts;
    }

    private static void AddJson(string text, string impliedKey, Dictionary<string, string> properties)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            foreach (JsonProperty property in json.RootElement.EnumerateObject())
            {
                string key = property.Name is "driver" or "qom-type" or "type" ? impliedKey : property.Name;
                properties[key] = property.Value.ValueKind switch
                {
                    JsonValueKind.True => "on",
                    JsonValueKind.False => "off",
                    _ => property.Value.ToString(),
                };
            }
        }
        catch (JsonException)
        {
            // QEMU itself reports what is wrong with it, and can explain it better.
        }
    }
}
