using FbShare.Capture;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Testing.Recording;

/// <summary>Writes pictures one after the other to a file of some kind. Used by one thread.</summary>
internal abstract class FrameWriter : IDisposable
{
    private FrameLayout? _first;
    private byte[]? _canvas;

    /// <summary>The ending of the smallest kind of video that can be made on this host.</summary>
    public static string BestEnding => FfmpegFile.IsAvailable ? ".mkv" : ".y4m";

    /// <summary>The first picture's size in pixels; 0 before it.</summary>
    public (int Width, int Height) Size => _first is { } first ? (first.Width, first.Height) : default;

    /// <summary>Where what was written lies if it is not completed; null: under its own name.</summary>
    public virtual string? Unfinished => null;

    /// <summary>How many pictures had another size than the first, where the file has one size.</summary>
    public long OtherSizes { get; private set; }

    /// <summary>Whether all pictures have the first one's size.</summary>
    protected abstract bool HasOneSize { get; }

    /// <summary>Writes a picture.</summary>
    /// <param name="layout">How <paramref name="pixels"/> lie: packed, from offset 0.</param>
    /// <param name="time">Since the recording began.</param>
    /// <param name="times">How often, where the file has a fixed rate.</param>
    /// <exception cref="IOException">It cannot be written; what was written before can be used.</exception>
    public void Write(FrameLayout layout, ReadOnlySpan<byte> pixels, TimeSpan time, int times)
    {
        FrameLayout first = _first ??= layout;
        if (!HasOneSize || (layout.Width, layout.Height) == (first.Width, first.Height))
        {
            Put(layout, pixels, time, times);
            return;
        }
        // From the top left corner, what there is room for; black besides.
        OtherSizes++;
        FrameLayout canvas = FrameLayout.Packed(layout.Format, first.Width, first.Height);
        _canvas ??= new byte[canvas.End];
        Array.Clear(_canvas);
        Rect common = layout.Bounds.Intersect(canvas.Bounds);
        for (int y = 0; y < common.Height; y++)
        {
            pixels.Slice((int)layout.OffsetOf(0, y), common.Width * DrmFormats.BytesPerPixel).CopyTo(_canvas.AsSpan((int)canvas.OffsetOf(0, y)));
        }
        Put(canvas, _canvas, time, times);
    }

    /// <summary>Completes the file. Only then does it take the place of an older one.</summary>
    /// <exception cref="IOException">It cannot be completed.</exception>
    public abstract void Finish();

    public abstract void Dispose();

    /// <summary>The writer for a file's name.</summary>
    /// <param name="framesPerSecond">Null: a picture for every flush.</param>
    /// <exception cref="RecordingException">The name means nothing, the file cannot be made, or the host lacks a program for it.</exception>
    public static FrameWriter Create(string file, int? framesPerSecond)
    {
        if (PngSequence.IsPattern(file))
        {
            return new PngSequence(file);
        }
        string ending = Path.GetExtension(file).ToLowerInvariant();
        return ending switch
        {
            ".y4m" => new Y4mFile(file, framesPerSecond),
            ".png" or ".jpg" or ".ppm" => throw new RecordingException($"{file} is a single picture: name the pictures of a recording with a number in them, such as frames/%06d.png"),
            "" => throw new RecordingException($"{file} has no ending that says what kind of recording it is: name it .mkv, .webm, .mp4, .y4m or frames/%06d.png"),
            _ => new FfmpegFile(file, framesPerSecond),
        };
    }

    /// <inheritdoc cref="Write"/>
    protected abstract void Put(FrameLayout layout, ReadOnlySpan<byte> pixels, TimeSpan time, int times);

    /// <summary>Makes the file of a recording that is a single one.</summary>
    /// <exception cref="RecordingException">It cannot be made.</exception>
    protected static PartialFile Make(string file)
    {
        try
        {
            return PartialFile.Create(file);
        }
        catch (CaptureException e)
        {
            throw new RecordingException(e.Message, e);
        }
    }

    /// <summary>Makes an error of the file system into one of a recording.</summary>
    protected static RecordingException Fail(string file, Exception e) => new(
        e switch
        {
            { HResult: (int)Errno.ENOSPC } => $"cannot write {file}: the disk is full",
            UnauthorizedAccessException => $"cannot write {file}: permission denied, or it is a folder; choose a file that you may write to",
            DirectoryNotFoundException => $"cannot write {file}: its folder does not exist; create it first",
            _ => $"cannot write {file}: {e.Message}",
        },
        e);
}
