using System.Text;

namespace FbShare.Fuzz;

/// <summary>A D-Bus method call in little endian, written from the specification ("Message Format"), with a random body for its signature.</summary>
internal sealed record BusMessage(uint Serial, string Path, string Interface, string Member, string Signature, uint Descriptors)
{
    public byte[] Build(Random random)
    {
        var body = new Writer();
        foreach (char type in Signature)
        {
            WriteValue(body, type, random);
        }
        var message = new Writer();
        message.Bytes((byte)'l', 1, 0, 1);
        message.UInt32((uint)body.Length);
        message.UInt32(Serial);
        var fields = new Writer(message.Length + 4);
        Field(fields, 1, "o", w => w.Text(Path));
        Field(fields, 2, "s", w => w.Text(Interface));
        Field(fields, 3, "s", w => w.Text(Member));
        Field(fields, 8, "g", w => w.ShortText(Signature));
        if (Descriptors > 0)
        {
            Field(fields, 9, "u", w => w.UInt32(Descriptors));
        }
        message.UInt32((uint)fields.Length);
        message.Bytes(fields.ToArray());
        message.Align(8);
        message.Bytes(body.ToArray());
        return message.ToArray();
    }

    private static void Field(Writer writer, byte code, string signature, Action<Writer> value)
    {
        writer.Align(8);
        writer.Bytes(code);
        writer.ShortText(signature);
        value(writer);
    }

    private static void WriteValue(Writer writer, char type, Random random)
    {
        switch (type)
        {
            case 's': writer.Text(random.Next(3) == 0 ? "\uffff" : "org.qemu.Display1.Console"); break;
            case 'v':
                writer.ShortText("u");
                writer.UInt32((uint)random.Next());
                break;
            case 'q':
                writer.Align(2);
                writer.Bytes(BitConverter.GetBytes((ushort)random.Next()));
                break;
            case 'u' or 'i': writer.UInt32(random.Next(2) == 0 ? (uint)random.Next(1000) : (uint)random.Next()); break;
            case 'h': writer.UInt32(random.Next(10) == 0 ? (uint)random.Next() : 0); break;
            case 't' or 'd':
                writer.Align(8);
                writer.Bytes(BitConverter.GetBytes(random.NextInt64()));
                break;
            case 'a': writer.UInt32((uint)random.Next(5)); break;
            default: writer.Bytes((byte)random.Next()); break;
        }
    }

    /// <param name="start">Where in the message the first byte will lie, for alignment.</param>
    private sealed class Writer(int start = 0)
    {
        private readonly List<byte> _bytes = [];

        public int Length => _bytes.Count;

        public void Bytes(params byte[] bytes) => _bytes.AddRange(bytes);

        public void Align(int to)
        {
            while ((start + _bytes.Count) % to != 0)
            {
                _bytes.Add(0);
            }
        }

        public void UInt32(uint number)
        {
            Align(4);
            _bytes.AddRange(BitConverter.GetBytes(number));
        }

        public void Text(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            UInt32((uint)bytes.Length);
            _bytes.AddRange([.. bytes, 0]);
        }

        public void ShortText(string text) => _bytes.AddRange([(byte)text.Length, .. Encoding.ASCII.GetBytes(text), 0]);

        public byte[] ToArray() => [.. _bytes];
    }
}
