using System.Text;

namespace FbShare.Testing.Machines;

/// <summary>The last lines of what a program says. Safe from any thread.</summary>
internal sealed class BoundedText
{
    private const int Most = 1 << 20;

    private readonly StringBuilder _text = new();

    /// <param name="line">Null: nothing follows.</param>
    public void Add(string? line)
    {
        lock (_text)
        {
            _text.AppendLine(line);
            if (_text.Length > Most)
            {
                _text.Remove(0, _text.Length - (Most / 2));
            }
        }
    }

    public override string ToString()
    {
        lock (_text)
        {
            return _text.ToString();
        }
    }
}
