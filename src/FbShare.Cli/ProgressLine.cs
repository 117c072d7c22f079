namespace FbShare.Cli;

/// <summary>A line on the user's terminal that is written over and over, and taken away at the end. Nothing where stderr is no terminal.</summary>
internal sealed class ProgressLine : IDisposable
{
    private int _length;

    public bool IsShown { get; } = !Console.IsErrorRedirected;

    public void Show(string text)
    {
        if (IsShown)
        {
            Console.Error.Write($"\r{text.PadRight(_length)}");
            _length = text.Length;
        }
    }

    public void Dispose()
    {
        if (_length > 0)
        {
            Console.Error.Write($"\r{new string(' ', _length)}\r");
        }
    }
}
