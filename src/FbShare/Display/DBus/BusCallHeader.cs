using System.Buffers;

namespace FbShare.Display.DBus;

/// <summary>Checks the whole header of a method call that comes with descriptors (D-Bus specification, "Message Format" and "Valid Names").</summary>
/// <remarks>sd-bus drops a message that is not valid and goes on, but never closes the descriptors that came with it (bus_socket_make_message
/// in bus-socket.c, systemd 252 to 257). So whatever it could take offence at is found here first. This is stricter than the specification:
/// only calls, only the fields that exist, and only signatures of numbers, texts, descriptors, and arrays and structures of them.</remarks>
internal static class BusCallHeader
{
    private const int MethodCall = 1;
    private const int LongestName = 255;

    /// <summary>Arrays and structures in each other. The specification allows 32 of each.</summary>
    private const int DeepestType = 8;
    private const byte Path = 1, Interface = 2, Member = 3, Destination = 6, Sender = 7, Signature = 8, UnixFds = 9;

    private static readonly SearchValues<byte> BasicTypes = SearchValues.Create("ybnqiuxtdsogh"u8);

    /// <summary>Whether nobody can take offence at the call's header.</summary>
    /// <param name="message">A whole message, with the length that its header says.</param>
    public static bool IsSound(ReadOnlySpan<byte> message)
    {
        bool isBig = message[0] == 'B';
        if (message[1] != MethodCall || BusFraming.ReadUInt32(message[8..], isBig) == 0)
        {
            return false;
        }
        uint body = BusFraming.ReadUInt32(message[4..], isBig);
        ulong end = BusFraming.HeaderLength + (ulong)BusFraming.ReadUInt32(message[12..], isBig);
        if (end + body > (ulong)message.Length)
        {
            return false;
        }
        uint seen = 0;
        bool hasBody = false;
        int at = BusFraming.HeaderLength;
        while (at < (int)end)
        {
            if (!TryTakeField(message[..(int)end], ref at, isBig, out byte code, out ReadOnlySpan<byte> value) || code > UnixFds || (seen & (1u << code)) != 0 || !IsValid(code, value))
            {
                return false;
            }
            seen |= 1u << code;
            hasBody |= code == Signature && value.Length > 0;
        }
        const uint needed = (1u << Path) | (1u << Member);
        return (seen & needed) == needed && hasBody == (body > 0) && message[at..^(int)body].IndexOfAnyExcept((byte)0) < 0;
    }

    private static bool TryTakeField(ReadOnlySpan<byte> header, ref int at, bool isBig, out byte code, out ReadOnlySpan<byte> value)
    {
        value = default;
        code = 0;
        int start = (at + 7) & ~7;
        if (start + 8 > header.Length || header[at..start].IndexOfAnyExcept((byte)0) >= 0 || header[start + 1] != 1 || header[start + 3] != 0)
        {
            return false;
        }
        code = header[start];
        byte type = header[start + 2];
        if (type != TypeOf(code))
        {
            return false;
        }
        at = start + 4;
        if (type == 'u')
        {
            at += 4;
            return true;
        }
        uint length = type == 'g' ? header[at] : BusFraming.ReadUInt32(header[at..], isBig);
        at += type == 'g' ? 1 : 4;
        if (length > (uint)(header.Length - at - 1) || header[at + (int)length] != 0)
        {
            return false;
        }
        value = header.Slice(at, (int)length);
        at += (int)length + 1;
        return true;
    }

    private static int TypeOf(byte code) => code switch
    {
        Path => 'o',
        Interface or Member or Destination or Sender => 's',
        Signature => 'g',
        UnixFds => 'u',
        _ => -1,
    };

    private static bool IsValid(byte code, ReadOnlySpan<byte> value) => code switch
    {
        Path => IsPath(value),
        Interface => IsName(value, least: 2, dashes: false),
        Member => IsName(value, least: 1, dashes: false) && !value.Contains((byte)'.'),
        Destination or Sender => value.Length > 0 && value[0] == ':' ? IsName(value[1..], least: 2, dashes: true, digits: true) : IsName(value, least: 2, dashes: true),
        Signature => IsSignature(value),
        _ => true,
    };

    private static bool IsSignature(ReadOnlySpan<byte> types)
    {
        while (types.Length > 0)
        {
            if (!TryTakeType(ref types, depth: 0))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Takes one whole type off the start of a signature.</summary>
    private static bool TryTakeType(ref ReadOnlySpan<byte> types, int depth)
    {
        if (types.Length == 0 || depth > DeepestType)
        {
            return false;
        }
        byte first = types[0];
        types = types[1..];
        if (first == 'a')
        {
            return TryTakeType(ref types, depth + 1);
        }
        if (first != '(')
        {
            return BasicTypes.Contains(first);
        }
        do
        {
            if (!TryTakeType(ref types, depth + 1))
            {
                return false;
            }
        }
        while (types.Length > 0 && types[0] != ')');
        if (types.Length == 0)
        {
            return false;
        }
        types = types[1..];
        return true;
    }

    private static bool IsPath(ReadOnlySpan<byte> path)
    {
        if (path.Length == 0 || path[0] != '/')
        {
            return false;
        }
        if (path.Length == 1)
        {
            return true;
        }
        foreach (Range element in path[1..].Split((byte)'/'))
        {
            if (!IsElement(path[1..][element], dashes: false, digits: true))
            {
                return false;
            }
        }
        return true;
    }

    /// <param name="least">How many elements it has at least, with dots between them.</param>
    private static bool IsName(ReadOnlySpan<byte> name, int least, bool dashes, bool digits = false)
    {
        int elements = 0;
        foreach (Range element in name.Split((byte)'.'))
        {
            if (!IsElement(name[element], dashes, digits))
            {
                return false;
            }
            elements++;
        }
        return elements >= least && name.Length <= LongestName;
    }

    /// <param name="digits">Whether the first character may be a digit.</param>
    private static bool IsElement(ReadOnlySpan<byte> element, bool dashes, bool digits)
    {
        foreach (byte b in element)
        {
            if (!char.IsAsciiLetterOrDigit((char)b) && b != '_' && !(dashes && b == '-'))
            {
                return false;
            }
        }
        return element.Length > 0 && (digits || !char.IsAsciiDigit((char)element[0]));
    }
}
