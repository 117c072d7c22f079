using FbShare.Linux;
using FbShare.Pictures;
using Microsoft.Extensions.Logging.Abstractions;

namespace FbShare.Display;

/// <summary>Connects one source of scanouts with its consumers, output by output. <see cref="DisplayOutput"/> says how a change
/// travels.</summary>
/// <remarks>Only a consumer of the guest's own pages holds the guest up, through the <see cref="ReadFence"/> of a flush; one that reads a
/// copy never does. Lives on the source's loop; nothing here is for other threads.</remarks>
public sealed class DisplayHub : IDisposable
{
    private readonly DisplayOutput[] _outputs;
    private IScanoutSource? _source;

    /// <param name="outputCount">1 to 16.</param>
    /// <param name="exporter">Makes dma-bufs and chooses paths; disposed with this.</param>
    public DisplayHub(int outputCount, DmaBufExporter? exporter = null)
    {
        Exporter = exporter ?? new DmaBufExporter(PathRequest.Default, NullLogger.Instance);
        _outputs = new DisplayOutput[outputCount];
        for (int i = 0; i < outputCount; i++)
        {
            _outputs[i] = new DisplayOutput(i, Exporter);
        }
    }

    /// <summary>Makes the dma-bufs of all outputs.</summary>
    internal DmaBufExporter Exporter { get; }

    /// <summary>The source, to tell of sizes and to charge copies to; set once while wiring.</summary>
    public IScanoutSource? Source
    {
        get => _source;
        set
        {
            _source = value;
            foreach (DisplayOutput output in _outputs)
            {
                output.Budget = value?.HostMemory;
            }
        }
    }

    /// <summary>How many outputs there are.</summary>
    public int OutputCount => _outputs.Length;

    /// <summary>Bytes gathered out of guest memory so far.</summary>
    public long BytesCopied
    {
        get
        {
            long bytes = 0;
            foreach (DisplayOutput output in _outputs)
            {
                bytes += output.BytesCopied;
            }
            return bytes;
        }
    }

    /// <summary>What the output shows; null while it shows nothing.</summary>
    public Scanout? GetScanout(int output) => _outputs[output].Scanout;

    /// <summary>What every output shows, by its number; null where it shows nothing.</summary>
    public Scanout?[] GetScanouts() => [.. _outputs.Select(o => o.Scanout)];

    /// <summary>Whether anybody looks at the output.</summary>
    public bool IsWatched(int output) => _outputs[output].IsWatched;

    /// <summary>Whether some output shows just this scanout.</summary>
    public bool Shows(Scanout scanout) => Array.Exists(_outputs, o => ReferenceEquals(o.Scanout, scanout));

    /// <summary>The path of the output's picture to the consumer that has the best one; null while nobody looks or nothing shows.</summary>
    public PathChoice? GetPath(int output) => _outputs[output].Path;

    /// <summary>The source's last <see cref="Flush"/> of the output; zeros before there was one.</summary>
    public FlushMark GetLastFlush(int output) => _outputs[output].LastFlush;

    /// <summary>The pointer's picture; null while hidden.</summary>
    public CursorImage? GetCursor(int output) => _outputs[output].Cursor;

    /// <summary>Where the pointer is.</summary>
    public CursorPosition GetCursorPosition(int output) => _outputs[output].CursorPosition;

    /// <summary>The output shows another picture from now on; null: none. Consumers are told at the next <see cref="Flush"/> or
    /// <see cref="Commit"/>, whichever is first, so that a flip is one event to them.</summary>
    public void SetScanout(int output, Scanout? scanout) => _outputs[output].SetScanout(scanout);

    /// <summary>The picture changed inside <paramref name="damage"/>; consumers are told.</summary>
    /// <param name="output">Which output.</param>
    /// <param name="damage">In the picture's pixels.</param>
    /// <param name="fence">Passes when everybody who reads the source's own pages has seen this change; null: the source does not wait.</param>
    /// <param name="at">When the source learned of it (<see cref="EventLoop.Now"/>); null: now.</param>
    public void Flush(int output, Rect damage, ReadFence? fence = null, long? at = null) => _outputs[output].Flush(damage, fence, at ?? EventLoop.Now);

    /// <summary>The source waits no longer for a <see cref="Flush"/>'s fence, and may draw. For those who still read an older copy, the picture is
    /// copied now.</summary>
    public void GuestGoesOn(int output) => _outputs[output].GuestGoesOn();

    /// <summary>The source has nothing more to do for now: a picture that was set and not flushed is shown.</summary>
    public void Commit()
    {
        foreach (DisplayOutput output in _outputs)
        {
            output.Commit();
        }
    }

    /// <summary>The source gave the pointer another picture, null for none; consumers are told.</summary>
    public void DefineCursor(int output, CursorImage? image) => _outputs[output].DefineCursor(image);

    /// <summary>The source moved, showed or hid the pointer; consumers are told.</summary>
    public void MoveCursor(int output, CursorPosition position) => _outputs[output].MoveCursor(position);

    /// <summary>Adds a consumer, which is shown the output's present state at once.</summary>
    public void Attach(int output, IDisplayConsumer consumer)
    {
        _source?.PictureWanted(output);
        _outputs[output].Attach(consumer);
    }

    /// <summary>Removes a consumer; nobody waits for it any more.</summary>
    public void Detach(int output, IDisplayConsumer consumer) => _outputs[output].Detach(consumer);

    /// <summary>Shows the picture to a consumer as if it were new: because what the consumer <see cref="IDisplayConsumer.Takes"/> has
    /// changed, or because it wants another look. Where it is still reading, that comes when it has finished.</summary>
    public void ShowAgain(int output, IDisplayConsumer consumer) => _outputs[output].ShowAgain(consumer);

    /// <summary>Lets go of all copies and dma-bufs. Consumers are detached before.</summary>
    public void Dispose()
    {
        foreach (DisplayOutput output in _outputs)
        {
            output.Dispose();
        }
        Exporter.Dispose();
    }
}
