using FbShare.Display.DBus;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Display.Client;

/// <content>Pictures in dma-bufs.</content>
public sealed partial class RemoteConsole
{
    /// <summary>Flips go round a few buffers; this many are kept so that each is imported once.</summary>
    private const int MostKept = 4;

    private readonly List<(FileStatus File, RemotePicture Picture)> _kept = [];

    private bool TakeDmaBuf(BusMessage call)
    {
        // A QEMU with gl=on offers nothing else: its viewers must read it like a copy.
        if (!call.HasSignature("huuuutb"u8) || (!_takeDmaBuf && Status.IsKnown))
        {
            return Refuse(call, "this viewer takes no dma-bufs");
        }
        FileDescriptor file = call.ReadDescriptor();
        uint width = call.ReadUInt32();
        uint height = call.ReadUInt32();
        uint stride = call.ReadUInt32();
        uint fourcc = call.ReadUInt32();
        ulong modifier = call.ReadUInt64();
        bool isBottomUp = call.ReadBoolean() != DisplayProtocol.IsTopDown;
        return ShowDmaBuf(call, [file], [new BandPlace(0, height, stride, 0)], width, height, fourcc, modifier, isBottomUp);
    }

    private bool TakeDmaBuf2(BusMessage call)
    {
        if (!call.HasSignature("ahuuuuauauuuuutb"u8) || !_takeDmaBuf)
        {
            return Refuse(call, "this viewer takes no dma-bufs");
        }
        var files = new List<FileDescriptor>();
        call.Enter('a', "h"u8);
        while (!call.IsAtEnd)
        {
            files.Add(call.ReadDescriptor());
        }
        call.Exit();
        uint x = call.ReadUInt32();
        uint y = call.ReadUInt32();
        uint width = call.ReadUInt32();
        uint height = call.ReadUInt32();
        ReadOnlySpan<uint> offsets = call.ReadUInt32s();
        ReadOnlySpan<uint> strides = call.ReadUInt32s();
        uint planes = call.ReadUInt32();
        uint fourcc = call.ReadUInt32();
        call.ReadUInt32();
        call.ReadUInt32();
        ulong modifier = call.ReadUInt64();
        bool isBottomUp = call.ReadBoolean() != DisplayProtocol.IsTopDown;
        if (planes != 1 || files.Count != 1 || offsets.Length != 1 || strides.Length != 1)
        {
            return Refuse(call, $"a picture of {planes} planes is not known here", files);
        }
        ulong offset = offsets[0] + ((ulong)y * strides[0]) + ((ulong)x * DrmFormats.BytesPerPixel);
        return ShowDmaBuf(call, files, [new BandPlace(0, height, strides[0], offset)], width, height, fourcc, modifier, isBottomUp);
    }

    private bool TakeBands(BusMessage call)
    {
        if (!call.HasSignature("uuuta(huuut)"u8) || !_takeDmaBuf)
        {
            return Refuse(call, "this viewer takes no dma-bufs");
        }
        uint width = call.ReadUInt32();
        uint height = call.ReadUInt32();
        uint fourcc = call.ReadUInt32();
        ulong modifier = call.ReadUInt64();
        var files = new List<FileDescriptor>();
        var places = new List<BandPlace>();
        call.Enter('a', "(huuut)"u8);
        while (call.Enter('r', "huuut"u8))
        {
            files.Add(call.ReadDescriptor());
            places.Add(new BandPlace(call.ReadUInt32(), call.ReadUInt32(), call.ReadUInt32(), call.ReadUInt64()));
            call.Exit();
        }
        call.Exit();
        return ShowDmaBuf(call, files, places, width, height, fourcc, modifier, isBottomUp: false);
    }

    /// <summary>Checks a picture in dma-bufs and shows it, as the object it was before if its first buffer is known.</summary>
    /// <param name="files">Owned from here on.</param>
    private bool ShowDmaBuf(
        BusMessage call, List<FileDescriptor> files, List<BandPlace> places, uint width, uint height, uint fourcc, ulong modifier, bool isBottomUp)
    {
        var format = (DrmFormat)fourcc;
        if (!Enum.IsDefined(format))
        {
            return Refuse(call, $"pixel format 0x{fourcc:x8} is not known here", files);
        }
        var bands = new DmaBufBand[files.Count];
        FrameLayout layout = default;
        uint row = 0;
        for (int i = 0; i < bands.Length; i++)
        {
            BandPlace place = places[i];
            long size = LibC.lseek(files[i], 0, LibC.SEEK_END);
            bool isLinear = modifier is DisplayProtocol.ModifierLinear or DisplayProtocol.ModifierUnknown;
            // A tiled picture's bytes are the GPU's business.
            if (!FrameLayout.TryCreate(format, width, place.Height, place.Stride, place.Offset, isLinear ? size : long.MaxValue, out FrameLayout band, out string? why))
            {
                return Refuse(call, why, files);
            }
            if (place.Y != row)
            {
                return Refuse(call, $"a band begins at row {place.Y} and not at {row}", files);
            }
            row += place.Height;
            layout = i == 0 ? band : layout;
            bands[i] = new DmaBufBand(files[i], (int)place.Y, (int)place.Height, (int)place.Stride, (long)place.Offset, size);
        }
        if (row != height || !FrameLayout.TryCreate(format, width, height, (uint)layout.Stride, (ulong)layout.Offset, long.MaxValue, out layout, out _))
        {
            return Refuse(call, $"the bands have {row} rows and the picture {height}", files);
        }
        FileStatus identity = files[0].GetStatus();
        RemotePicture? known = _kept.Find(k => k.File == identity && k.Picture.Layout == layout && k.Picture.DmaBuf!.Bands.Count == bands.Length).Picture;
        if (known is not null)
        {
            files.ForEach(f => f.Dispose());
            return Show(call, known);
        }
        var frame = new DmaBufFrame(format, (int)width, (int)height, bands);
        RemotePicture picture = RemotePicture.OfDmaBuf(frame, layout, modifier, isBottomUp);
        if (_kept.Count == MostKept)
        {
            (FileStatus File, RemotePicture Picture) oldest = _kept.Find(k => !ReferenceEquals(k.Picture, Picture));
            _kept.Remove(oldest);
            Retire(oldest.Picture);
        }
        _kept.Add((identity, picture));
        return Show(call, picture);
    }

    private readonly record struct BandPlace(uint Y, uint Height, uint Stride, ulong Offset);
}
