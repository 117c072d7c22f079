using System.Buffers.Binary;

namespace FbShare.Display.DBus;

/// <summary>As much of a D-Bus message as is needed to find its end and its descriptors (D-Bus specification, "Message Format").</summary>
internal static class BusFraming
{
    /// <summary>Bytes that say how long the message is.</summary>
    public const int HeaderLength = 16;

    private const byte UnixFds = 9;

    /// <summary>Reads a message's length from its first <see cref="HeaderLength"/> bytes.</summary>
    /// <returns>False if they begin no message.</returns>
    public static bool TryGetLength(ReadOnlySpan<byte> header, out ulong length)
    {
        length = 0;
        if (header[0] is not ((byte)'l' or (byte)'B') || header[3] != 1)
        {
            return false;
        }
        length = HeaderOf(header) + ReadUInt32(header[4..], header[0] == 'B');
        return true;
    }

    /// <summary>Where the body begins, from the first <see cref="HeaderLength"/> bytes.</summary>
    public static ulong HeaderOf(ReadOnlySpan<byte> header) => HeaderLength + Align(ReadUInt32(header[12..], header[0] == 'B'), 8);

    /// <summary>The number by which the sender knows a message, from its first <see cref="HeaderLength"/> bytes.</summary>
    public static uint SerialOf(ReadOnlySpan<byte> header) => ReadUInt32(header[8..], header[0] == 'B');

    /// <summary>Reads how many descriptors a message says it came with.</summary>
    /// <param name="message">At least its whole header.</param>
    /// <returns>False if its header fields cannot be followed.</returns>
    public static bool TryCountDescriptors(ReadOnlySpan<byte> message, out uint count)
    {
        count = 0;
        bool isBig = message[0] == 'B';
        ulong end = HeaderLength + (ulong)ReadUInt32(message[12..], isBig);
        ulong at = HeaderLength;
        while (at < end)
        {
            at = Align(at, 8);
            // The code, and the variant's type: one letter, for every field there is.
            if (at + 4 > end || message[(int)at + 1] != 1 || message[(int)at + 3] != 0)
            {
                return false;
            }
            byte code = message[(int)at];
            byte type = message[(int)at + 2];
            at += 4;
            if (type is (byte)'s' or (byte)'o' or (byte)'u')
            {
                at = Align(at, 4);
                if (at + 4 > end)
                {
                    return false;
                }
                uint value = ReadUInt32(message[(int)at..], isBig);
                count = code == UnixFds && type == 'u' ? value : count;
                at += type == 'u' ? 4 : 4 + (ulong)value + 1;
            }
            else if (type == 'g' && at < end)
            {
                at += 1 + (ulong)message[(int)at] + 1;
            }
            else
            {
                return false;
            }
        }
        return at == end;
    }

    private static ulong Align(ulong value, ulong to) => (value + to - 1) / to * to;

    /// <summary>A number in the message's byte order.</summary>
    internal static uint ReadUInt32(ReadOnlySpan<byte> bytes, bool isBig) =>
        isBig ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
