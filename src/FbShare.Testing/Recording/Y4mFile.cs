using System.Globalization;
using System.Text;
using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Recording;

/// <summary>YUV4MPEG2: pictures without compression, which every video program reads. 4:4:4, BT.601, limited range.</summary>
/// <remarks>The format has one rate for all pictures. With a picture for every flush each says its own time as well, in seconds, in the
/// XTIME parameter of its header, which players pass over.</remarks>
internal sealed class Y4mFile : FrameWriter
{
    /// <summary>What players are told where each picture is a flush.</summary>
    private const int FlushesPerSecond = 60;

    private readonly string _path;
    private readonly int? _rate;
    private readonly PartialFile _place;
    private readonly FileStream _file;
    private byte[] _planes = [];
    private long _written;
    private long _whole;
    private bool _hasHeader;

    /// <exception cref="RecordingException">The file cannot be made.</exception>
    public Y4mFile(string path, int? framesPerSecond)
    {
        _path = path;
        _rate = framesPerSecond;
        _place = Make(path);
        try
        {
            // Unbuffered: what is written is written, and a picture is one write.
            _file = new FileStream(_place.Path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _place.Dispose();
            throw Fail(path, e);
        }
    }

    protected override bool HasOneSize => true;

    public override string? Unfinished => _place.HasOlder ? _place.Path : null;

    public override void Finish()
    {
        if (_whole > 0)
        {
            _place.Complete();
        }
    }

    public override void Dispose()
    {
        _file.Dispose();
        _place.Dispose();
    }

    protected override void Put(FrameLayout layout, ReadOnlySpan<byte> pixels, TimeSpan time, int times)
    {
        int pixelCount = layout.Width * layout.Height;
        byte[] header = Encoding.ASCII.GetBytes(_rate is null ? string.Create(CultureInfo.InvariantCulture, $"FRAME XTIME={time.TotalSeconds:0.000000}\n") : "FRAME\n");
        if (_planes.Length < pixelCount * 3)
        {
            _planes = GC.AllocateUninitializedArray<byte>(pixelCount * 3);
        }
        Yuv.From(layout.Format, pixels[..(pixelCount * DrmFormats.BytesPerPixel)], _planes.AsSpan(0, pixelCount * 3));
        try
        {
            if (!_hasHeader)
            {
                WriteBytes(Encoding.ASCII.GetBytes($"YUV4MPEG2 W{layout.Width} H{layout.Height} F{_rate ?? FlushesPerSecond}:1 Ip A1:1 C444\n"));
                _hasHeader = true;
            }
            for (int i = 0; i < times; i++)
            {
                WriteBytes(header);
                WriteBytes(_planes.AsSpan(0, pixelCount * 3));
                _whole = _written;
            }
        }
        catch (IOException e)
        {
            DropHalf();
            throw Fail(_path, e);
        }
    }

    private void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        _file.Write(bytes);
        _written += bytes.Length;
    }

    /// <summary>A picture that is only begun would make the file unreadable.</summary>
    private void DropHalf()
    {
        try
        {
            _file.SetLength(_whole);
        }
        catch (Exception e) when (e is IOException or NotSupportedException)
        {
            // A pipe or a device: nothing stays there anyway.
        }
    }
}
