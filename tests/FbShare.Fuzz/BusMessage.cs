using System.Buffers.Binary;
using System.Text;

namespace FbShare.Fuzz;

/// <summary>D-Bus messages in little endian, byte by byte (D-Bus specification, "Message Format"), sharing no code with the product.</summary>
internal static class BusMessage
{
    /// <summary>The message types that answer a call.</summary>
    public const byte Return = 2, Error = 3;

    private const int FixedSize = 16;
    private const byte CallType = 1, SignalType = 4;
    private const byte PathField = 1, InterfaceField = 2, MemberField = 3, ErrorNameField = 4, ReplyField = 5, SignatureField = 8, DescriptorsField = 9;

    /// <summary>A call of a method.</summary>
    public static byte[] Call(uint serial, string path, string interfaceName, string member, string signature, Action<BusBody> write, uint descriptors = 0) =>
        Build(CallType, serial, signature, write, descriptors, fields => Address(fields, path, interfaceName, member));

    /// <summary>A signal.</summary>
    public static byte[] Signal(uint serial, string path, string interfaceName, string member, string signature, Action<BusBody> write) =>
        Build(SignalType, serial, signature, write, 0, fields => Address(fields, path, interfaceName, member));

    /// <summary>The answer to a call.</summary>
    public static byte[] Reply(uint serial, uint to, string signature, Action<BusBody> write) =>
        Build(Return, serial, signature, write, 0, fields => Field(fields, ReplyField, "u", w => w.UInt32(to)));

    /// <summary>The refusal of a call.</summary>
    public static byte[] Refusal(uint serial, uint to, string name) => Build(Error, serial, "", _ => { }, 0, fields =>
    {
        Field(fields, ReplyField, "u", w => w.UInt32(to));
        Field(fields, ErrorNameField, "s", w => w.Text(name));
    });

    /// <summary>How long the first message is; 0 if that cannot be seen yet.</summary>
    public static int LengthOf(ReadOnlySpan<byte> received) => received.Length < FixedSize
        ? 0
        : FixedSize + ((BinaryPrimitives.ReadInt32LittleEndian(received[12..]) + 7) & ~7) + BinaryPrimitives.ReadInt32LittleEndian(received[4..]);

    /// <summary>Reads who called whom.</summary>
    /// <param name="message">A whole one of <see cref="LengthOf"/> bytes.</param>
    /// <returns>Its serial number and the member that was called; an empty one if it is no call.</returns>
    public static (uint Serial, string Member) ReadCall(ReadOnlySpan<byte> message)
    {
        uint serial = BinaryPrimitives.ReadUInt32LittleEndian(message[8..]);
        int end = FixedSize + BinaryPrimitives.ReadInt32LittleEndian(message[12..]);
        for (int at = FixedSize; message[1] == CallType && at < end;)
        {
            byte code = message[at];
            char type = (char)message[at + 2];
            at += 4;
            if (type == 'u')
            {
                at += 4;
            }
            else if (type == 'g')
            {
                at += message[at] + 2;
            }
            else
            {
                int length = BinaryPrimitives.ReadInt32LittleEndian(message[at..]);
                if (code == MemberField)
                {
                    return (serial, Encoding.ASCII.GetString(message.Slice(at + 4, length)));
                }
                at += 4 + length + 1;
            }
            at = (at + 7) & ~7;
        }
        return (serial, "");
    }

    private static void Address(BusBody fields, string path, string interfaceName, string member)
    {
        Field(fields, PathField, "o", w => w.Text(path));
        Field(fields, InterfaceField, "s", w => w.Text(interfaceName));
        Field(fields, MemberField, "s", w => w.Text(member));
    }

    private static byte[] Build(byte type, uint serial, string signature, Action<BusBody> write, uint descriptors, Action<BusBody> address)
    {
        var body = new BusBody();
        write(body);
        var message = new BusBody();
        message.Bytes((byte)'l', type, 0, 1);
        message.UInt32((uint)body.Length);
        message.UInt32(serial);
        var fields = new BusBody();
        address(fields);
        if (signature.Length > 0)
        {
            Field(fields, SignatureField, "g", w => w.ShortText(signature));
        }
        if (descriptors > 0)
        {
            Field(fields, DescriptorsField, "u", w => w.UInt32(descriptors));
        }
        message.UInt32((uint)fields.Length);
        message.Bytes(fields.ToArray());
        message.Align(8);
        message.Bytes(body.ToArray());
        return message.ToArray();
    }

    private static void Field(BusBody fields, byte code, string signature, Action<BusBody> value)
    {
        fields.Align(8);
        fields.Bytes(code);
        fields.ShortText(signature);
        value(fields);
    }
}
