using System.IO.Hashing;

namespace FbShare.Testing.Text;

/// <summary>The shapes of a console's characters, to be found again by their pixels.</summary>
/// <remarks>A shape is its rows from the top, each in as many bytes as its pixels need, the leftmost pixel in the highest bit.</remarks>
internal sealed class ConsoleFont
{
    private readonly Dictionary<UInt128, char> _characters = [];

    public ConsoleFont(string name, int width, int height)
    {
        Name = name;
        Width = width;
        Height = height;
    }

    public string Name { get; }

    /// <summary>Pixels of a cell.</summary>
    public int Width { get; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; }

    public int BytesPerRow => (Width + 7) / 8;

    public int BytesPerShape => BytesPerRow * Height;

    /// <summary>Adds a shape. Where several characters look the same, ASCII counts, or else the one that was there first. A blank shape is
    /// none: a cell of one colour is blank in every font.</summary>
    public void Add(ReadOnlySpan<byte> shape, char character)
    {
        if (shape.ContainsAnyExcept((byte)0))
        {
            Add(Key(shape), character);
        }
    }

    /// <summary>Adds a shape by its hash (XXH3 of 128 bits), which is all that finding it needs.</summary>
    public void Add(UInt128 key, char character)
    {
        if (!_characters.TryAdd(key, character) && char.IsAscii(character) && !char.IsAscii(_characters[key]))
        {
            _characters[key] = character;
        }
    }

    public bool TryFind(ReadOnlySpan<byte> shape, out char character) => _characters.TryGetValue(Key(shape), out character);

    private static UInt128 Key(ReadOnlySpan<byte> shape) => XxHash128.HashToUInt128(shape);
}
