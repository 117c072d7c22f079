using System.Diagnostics.CodeAnalysis;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Display.Client;

/// <summary>A picture in dma-bufs while it is read from a message: what the message says is checked band by band.</summary>
/// <param name="files">The bands' dma-bufs, one for each <see cref="TryAdd"/>; stay the caller's until <see cref="Make"/>.</param>
internal sealed class IncomingPicture(ReceivedFiles files, uint width, uint height, uint fourcc, ulong modifier, bool isBottomUp)
{
    private readonly List<DmaBufBand> _bands = [];
    private FrameLayout _first;
    private uint _rows;

    public FileDescriptor FirstFile => files[0];

    private bool IsLinear => modifier is DisplayProtocol.ModifierLinear or DisplayProtocol.ModifierUnknown;

    /// <summary>Takes the next rows, which lie in the next file.</summary>
    /// <param name="y">The first row's place in the picture.</param>
    /// <param name="offset">Bytes from the file's start to the first row.</param>
    public bool TryAdd(uint y, uint rows, uint stride, ulong offset, [NotNullWhen(false)] out string? why)
    {
        var format = (DrmFormat)fourcc;
        if (!Enum.IsDefined(format))
        {
            why = $"pixel format 0x{fourcc:x8} is not supported by this viewer";
            return false;
        }
        FileDescriptor file = files[_bands.Count];
        FrameLayout layout;
        long size;
        try
        {
            if (!SharedRows.TryCheck(file, format, width, rows, stride, offset, IsLinear, out layout, out size, out why))
            {
                return false;
            }
        }
        catch (LinuxException e)
        {
            why = e.Message;
            return false;
        }
        if (y != _rows)
        {
            why = $"a band starts at row {y} and not at {_rows}";
            return false;
        }
        _first = _bands.Count == 0 ? layout : _first;
        // Both are rows of some picture, so this cannot overflow before there are far too many of them.
        _rows += rows;
        _bands.Add(new DmaBufBand(file, (int)y, layout.Height, layout.Stride, layout.Offset, size));
        return true;
    }

    /// <summary>Checks that the bands are the whole picture.</summary>
    /// <param name="layout">The whole picture's size and format; stride and offset are the first band's.</param>
    public bool TryComplete(out FrameLayout layout, [NotNullWhen(false)] out string? why)
    {
        layout = default;
        if (_bands.Count == 0)
        {
            why = "the picture has no bands";
            return false;
        }
        if (_rows != height)
        {
            why = $"the bands have {_rows} rows and the picture {height}";
            return false;
        }
        return FrameLayout.TryCreate(_first.Format, width, height, (uint)_first.Stride, (ulong)_first.Offset, long.MaxValue, out layout, out why);
    }

    /// <summary>Whether a picture that came earlier lies as this one does; whether in the same buffers, their identity says.</summary>
    public bool IsLike(RemotePicture earlier, FrameLayout layout) =>
        earlier.Layout == layout && earlier.Modifier == modifier && earlier.IsBottomUp == isBottomUp && earlier.DmaBuf!.Bands.Count == _bands.Count;

    /// <summary>Makes the picture, which owns the files from here on.</summary>
    /// <exception cref="LinuxException">A file does not say what it is.</exception>
    public RemotePicture Make(FrameLayout layout)
    {
        RemotePicture picture = RemotePicture.OfDmaBuf(new DmaBufFrame(layout.Format, layout.Width, layout.Height, _bands), layout, modifier, isBottomUp);
        files.Clear();
        return picture;
    }
}
