using System.Buffers.Binary;
using System.Text;
using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Recording;

/// <summary>Matroska with pictures as they are (RFC 9559, V_UNCOMPRESSED): how another program is given pictures with their times.</summary>
internal sealed class MatroskaStream(Stream stream)
{
    private const uint Ebml = 0x1A45DFA3;
    private const uint DocType = 0x4282;
    private const uint Segment = 0x18538067;
    private const uint Info = 0x1549A966;
    private const uint TimestampScale = 0x2AD7B1;
    private const uint MuxingApp = 0x4D80;
    private const uint WritingApp = 0x5741;
    private const uint Tracks = 0x1654AE6B;
    private const uint TrackEntry = 0xAE;
    private const uint TrackNumber = 0xD7;
    private const uint TrackUid = 0x73C5;
    private const uint TrackType = 0x83;
    private const uint FlagLacing = 0x9C;
    private const uint CodecId = 0x86;
    private const uint Video = 0xE0;
    private const uint PixelWidth = 0xB0;
    private const uint PixelHeight = 0xBA;
    private const uint ColourSpace = 0x2EB524;
    private const uint Cluster = 0x1F43B675;
    private const uint Timestamp = 0xE7;
    private const uint SimpleBlock = 0xA3;

    /// <summary>Nanoseconds in a unit of time: microseconds.</summary>
    private const uint Unit = 1000;

    /// <summary>Writes everything that comes before the first picture.</summary>
    public void Begin(int width, int height)
    {
        var head = new MemoryStream();
        Write(head, Ebml, Bytes(Text(DocType, "matroska")));
        // Without a length: it goes on as long as the stream.
        WriteId(head, Segment);
        head.Write([0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        Write(head, Info, Bytes(Number(TimestampScale, Unit), Text(MuxingApp, "fbshare"), Text(WritingApp, "fbshare")));
        Write(head, Tracks, Bytes(Element(TrackEntry, Bytes(
            Number(TrackNumber, 1), Number(TrackUid, 1), Number(TrackType, 1), Number(FlagLacing, 0), Text(CodecId, "V_UNCOMPRESSED"),
            Element(Video, Bytes(Number(PixelWidth, (uint)width), Number(PixelHeight, (uint)height), Text(ColourSpace, "BGRA")))))));
        stream.Write(head.GetBuffer(), 0, (int)head.Length);
    }

    /// <summary>Writes a picture, in a cluster of its own, so that its time is as exact as the unit.</summary>
    public void Write(FrameLayout layout, ReadOnlySpan<byte> pixels, TimeSpan time)
    {
        int length = layout.RowBytes * layout.Height;
        if (layout.Format is not (DrmFormat.XR24 or DrmFormat.AR24))
        {
            // Rare: what Linux shows is B, G, R and a byte that nobody looks at.
            pixels = Picture.Copy(layout, pixels).ConvertTo(DrmFormat.XR24).Pixels;
        }
        byte[] timestamp = Number(Timestamp, (ulong)(time.Ticks / TimeSpan.TicksPerMicrosecond));
        var head = new MemoryStream();
        const int BlockHead = 4; // track, relative time, flags
        int block = 1 + 8 + BlockHead + length;
        WriteId(head, Cluster);
        WriteLength(head, timestamp.Length + block);
        head.Write(timestamp);
        WriteId(head, SimpleBlock);
        WriteLength(head, BlockHead + length);
        head.Write([0x81, 0, 0, 0x80]);
        stream.Write(head.GetBuffer(), 0, (int)head.Length);
        stream.Write(pixels[..length]);
    }

    private static byte[] Bytes(params ReadOnlySpan<byte[]> elements)
    {
        var joined = new MemoryStream();
        foreach (byte[] element in elements)
        {
            joined.Write(element);
        }
        return joined.ToArray();
    }

    private static byte[] Element(uint id, ReadOnlySpan<byte> content)
    {
        var element = new MemoryStream();
        Write(element, id, content);
        return element.ToArray();
    }

    private static byte[] Text(uint id, string text) => Element(id, Encoding.ASCII.GetBytes(text));

    private static byte[] Number(uint id, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return Element(id, bytes);
    }

    private static void Write(MemoryStream to, uint id, ReadOnlySpan<byte> content)
    {
        WriteId(to, id);
        WriteLength(to, content.Length);
        to.Write(content);
    }

    /// <summary>An id has its own length in its first bits.</summary>
    private static void WriteId(MemoryStream to, uint id)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, id);
        to.Write(bytes.TrimStart((byte)0));
    }

    /// <summary>In eight bytes, whatever it is.</summary>
    private static void WriteLength(MemoryStream to, long length)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (1UL << 56) | (ulong)length);
        to.Write(bytes);
    }
}
