namespace FbShare.Testing.Typing;

/// <summary>A key that is pressed and released while others are held down.</summary>
/// <param name="Key">Linux's code (linux/input-event-codes.h), a place on the keyboard.</param>
/// <param name="Modifiers">The codes of those held, in the order in which they are pressed.</param>
public readonly record struct KeyStroke(int Key, IReadOnlyList<int> Modifiers)
{
    /// <summary>The same with more keys held before.</summary>
    public KeyStroke With(IReadOnlyList<int> held)
    {
        IReadOnlyList<int> own = Modifiers;
        return held.Count == 0 ? this : this with { Modifiers = [.. held, .. own.Where(m => !held.Contains(m))] };
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join('+', Modifiers.Append(Key));
}
