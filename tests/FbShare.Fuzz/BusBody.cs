using System.Text;

namespace FbShare.Fuzz;

/// <summary>Values of a D-Bus message one after the other, aligned from a multiple of 8 on.</summary>
internal sealed class BusBody
{
    /// <summary>Those of a console before those of the machine, each with a property of its own.</summary>
    private static readonly (string Interface, string Property)[] Properties =
    [
        ("org.qemu.Display1.Console", "Label"), ("org.qemu.Display1.Console", "Width"), ("org.qemu.Display1.Console", "Interfaces"), ("org.qemu.Display1.Keyboard", "Modifiers"),
        ("org.qemu.Display1.Mouse", "IsAbsolute"), ("org.fbshare.Display1.Console", "Path"), ("org.qemu.Display1.VM", "Name"), ("org.qemu.Display1.VM", "UUID"),
    ];

    private const int OfConsole = 6;

    private readonly List<byte> _bytes = [];
    private int _property;

    public int Length => _bytes.Count;

    public void Bytes(params ReadOnlySpan<byte> bytes) => _bytes.AddRange(bytes);

    public void Align(int to)
    {
        while (_bytes.Count % to != 0)
        {
            _bytes.Add(0);
        }
    }

    public void UInt32(uint number)
    {
        Align(4);
        _bytes.AddRange(BitConverter.GetBytes(number));
    }

    public void UInt64(ulong number)
    {
        Align(8);
        _bytes.AddRange(BitConverter.GetBytes(number));
    }

    public void Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        UInt32((uint)bytes.Length);
        _bytes.AddRange([.. bytes, 0]);
    }

    public void ShortText(string text) => _bytes.AddRange([(byte)text.Length, .. Encoding.ASCII.GetBytes(text), 0]);

    /// <summary>An array, with its length before it.</summary>
    /// <param name="alignment">Of its elements.</param>
    public void Array(int alignment, Action write)
    {
        UInt32(0);
        int length = _bytes.Count - 4;
        Align(alignment);
        int start = _bytes.Count;
        write();
        byte[] size = BitConverter.GetBytes(_bytes.Count - start);
        for (int i = 0; i < size.Length; i++)
        {
            _bytes[length + i] = size[i];
        }
    }

    /// <summary>One pair of a dictionary from text to variant.</summary>
    public void Property(string name, string signature, Action write)
    {
        Align(8);
        Text(name);
        ShortText(signature);
        write();
    }

    /// <summary>The signature of <see cref="Values"/>.</summary>
    public static string TypesOf(string signature) => string.Concat(signature.Select(type => type switch
    {
        'I' or 'P' => 's',
        'K' or 'B' => 'u',
        'S' => 't',
        'D' => 'd',
        _ => type,
    }));

    /// <summary>Values at random, more or less as a signature says; I stands for the name of an interface, P for that of a property of it, K for a key's number,
    /// B for a button's, S for a finger's and D for a place.</summary>
    public void Values(string signature, Random random)
    {
        foreach (char type in signature)
        {
            Value(type, random);
        }
    }

    public byte[] ToArray() => [.. _bytes];

    private void Value(char type, Random random)
    {
        switch (type)
        {
            case 's': Text(random.Next(3) == 0 ? "\uffff" : "org.qemu.Display1.Console"); break;
            case 'I':
                _property = random.Next(random.Next(8) == 0 ? Properties.Length : OfConsole);
                Text(Properties[_property].Interface);
                break;
            case 'P': Text(Properties[random.Next(8) == 0 ? random.Next(Properties.Length) : _property].Property); break;
            case 'K': UInt32(random.Next(8) == 0 ? (uint)random.Next() : (uint)random.Next(1, 256)); break;
            case 'B': UInt32(random.Next(8) == 0 ? (uint)random.Next() : (uint)random.Next(4)); break;
            case 'S': UInt64(random.Next(8) == 0 ? (ulong)random.NextInt64() : (ulong)random.Next(8)); break;
            case 'D': UInt64(random.Next(8) == 0 ? (ulong)random.NextInt64() : BitConverter.DoubleToUInt64Bits(random.NextDouble() * 1000)); break;
            case 'v':
                ShortText("u");
                UInt32((uint)random.Next());
                break;
            case 'q':
                Align(2);
                Bytes(BitConverter.GetBytes((ushort)random.Next()));
                break;
            case 'u' or 'i': UInt32(random.Next(2) == 0 ? (uint)random.Next(1000) : (uint)random.Next()); break;
            case 'h': UInt32(random.Next(10) == 0 ? (uint)random.Next() : 0); break;
            case 't' or 'd': UInt64((ulong)random.NextInt64()); break;
            case 'a': UInt32((uint)random.Next(5)); break;
            default: Bytes((byte)random.Next(256)); break;
        }
    }
}
