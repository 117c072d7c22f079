using System.Buffers.Binary;
using System.Text;

namespace FbShare.Tests.Display;

/// <summary>D-Bus messages byte by byte, right or wrong as a test wants them (D-Bus specification, "Message Format").</summary>
internal static class WireMessage
{
    public const byte Call = 1;
    public const byte Reply = 2;

    /// <summary>The dialogue of a client that does not wait for answers, up to BEGIN.</summary>
    public static byte[] Authentication => "\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n"u8.ToArray();

    /// <param name="announced">The length of the body that the header says; null: what it is.</param>
    public static byte[] MethodCall(
        uint serial, string path, string interfaceName, string member, string signature = "", byte[]? body = null, uint descriptors = 0, uint? announced = null)
    {
        var fields = new List<byte>();
        AddText(fields, 1, 'o', path);
        AddText(fields, 2, 's', interfaceName);
        AddText(fields, 3, 's', member);
        return Build(Call, serial, fields, signature, body ?? [], descriptors, announced);
    }

    public static byte[] MethodReply(uint serial, uint to, string signature, byte[] body)
    {
        var fields = new List<byte>();
        AddNumber(fields, 5, to);
        return Build(Reply, serial, fields, signature, body, 0, null);
    }

    public static byte[] Number(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Build(byte type, uint serial, List<byte> fields, string signature, byte[] body, uint descriptors, uint? announced)
    {
        if (signature.Length > 0)
        {
            Align(fields, 8);
            fields.AddRange([8, 1, (byte)'g', 0, (byte)signature.Length, .. Encoding.ASCII.GetBytes(signature), 0]);
        }
        if (descriptors > 0)
        {
            AddNumber(fields, 9, descriptors);
        }
        List<byte> message = [(byte)'l', type, 0, 1, .. Number(announced ?? (uint)body.Length), .. Number(serial), .. Number((uint)fields.Count), .. fields];
        Align(message, 8);
        message.AddRange(body);
        return [.. message];
    }

    private static void AddText(List<byte> fields, byte code, char type, string text)
    {
        Align(fields, 8);
        fields.AddRange([code, 1, (byte)type, 0, .. Number((uint)text.Length), .. Encoding.ASCII.GetBytes(text), 0]);
    }

    private static void AddNumber(List<byte> fields, byte code, uint value)
    {
        Align(fields, 8);
        fields.AddRange([code, 1, (byte)'u', 0, .. Number(value)]);
    }

    private static void Align(List<byte> bytes, int to)
    {
        while (bytes.Count % to != 0)
        {
            bytes.Add(0);
        }
    }
}
