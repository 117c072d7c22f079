using System.Text;

namespace FbShare.Cli;

/// <summary>Writes lines on a thread of its own, so that whoever logs never waits for the log's reader: a pipe nobody reads would stop
/// the device and its guest. What does not fit meanwhile is dropped, and the reader told how much.</summary>
internal sealed class PatientWriter : TextWriter
{
    private const int MostChars = 256 << 10;

    private readonly TextWriter _target;
    private readonly Lock _gate = new();
    private readonly StringBuilder _line = new();
    private readonly Queue<string> _lines = new();
    private readonly ManualResetEventSlim _idle = new(initialState: true);
    private readonly SemaphoreSlim _wake = new(0);
    private Thread? _thread;
    private int _chars;
    private int _dropped;

    /// <param name="target">Written to by this object's thread alone.</param>
    public PatientWriter(TextWriter target)
        : base(target.FormatProvider) => _target = target;

    public override Encoding Encoding => _target.Encoding;

    public override void Write(char value)
    {
        lock (_gate)
        {
            Take([value]);
        }
    }

    public override void Write(string? value)
    {
        lock (_gate)
        {
            Take(value);
        }
    }

    public override void Write(char[] buffer, int index, int count)
    {
        lock (_gate)
        {
            Take(buffer.AsSpan(index, count));
        }
    }

    public override void WriteLine(string? value)
    {
        lock (_gate)
        {
            Take(value);
            Take(CoreNewLine);
        }
    }

    /// <summary>Waits until the reader has everything, but no longer than <paramref name="patience"/>.</summary>
    public bool Finish(TimeSpan patience)
    {
        lock (_gate)
        {
            if (_line.Length > 0)
            {
                Take(CoreNewLine);
            }
        }
        return _idle.Wait(patience);
    }

    private void Take(ReadOnlySpan<char> text)
    {
        _line.Append(text);
        if (text.IsEmpty || text[^1] != '\n')
        {
            return;
        }
        string line = _line.ToString();
        _line.Clear();
        if (_chars + line.Length > MostChars)
        {
            _dropped++;
            return;
        }
        _lines.Enqueue(line);
        _chars += line.Length;
        _idle.Reset();
        if (_thread is null)
        {
            _thread = new Thread(Run) { IsBackground = true, Name = "log" };
            _thread.Start();
        }
        _wake.Release();
    }

    private void Run()
    {
        while (true)
        {
            _wake.Wait();
            string line;
            int dropped;
            lock (_gate)
            {
                line = _lines.Dequeue();
                (dropped, _dropped) = (_lines.Count == 0 ? _dropped : 0, _lines.Count == 0 ? 0 : _dropped);
            }
            try
            {
                _target.Write(line);
                if (dropped > 0)
                {
                    _target.WriteLine($"fbshare: {dropped} lines were dropped here, since nobody read this log");
                }
                _target.Flush();
            }
            catch (IOException)
            {
                // Nobody will ever read it; the work goes on.
            }
            lock (_gate)
            {
                _chars -= line.Length;
                if (_lines.Count == 0)
                {
                    _idle.Set();
                }
            }
        }
    }
}
