using System.Diagnostics.CodeAnalysis;
using FbShare.Display.DBus;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Display.Client;

/// <content>Pictures in dma-bufs.</content>
public sealed partial class RemoteConsole
{
    /// <summary>A buffer that has not been shown for this many pictures is not one that the guest flips to any more.</summary>
    private const long MostPicturesApart = 256;

    private readonly List<Kept> _kept = [];
    private long _shown;

    private bool TakeDmaBuf(BusMessage call)
    {
        // A QEMU with gl=on offers nothing else: its viewers must read it like a copy.
        if (!call.HasSignature("huuuutb"u8) || (!_takeDmaBuf && Status.IsKnown))
        {
            return Refuse(call, "this viewer takes no dma-bufs");
        }
        using var files = new Files();
        files.Add(call.ReadDescriptor());
        uint width = call.ReadUInt32();
        uint height = call.ReadUInt32();
        uint stride = call.ReadUInt32();
        uint fourcc = call.ReadUInt32();
        ulong modifier = call.ReadUInt64();
        bool isBottomUp = call.ReadBoolean() != DisplayProtocol.IsTopDown;
        return ShowDmaBuf(call, files, [new BandPlace(0, height, stride, 0)], width, height, fourcc, modifier, isBottomUp);
    }

    private bool TakeDmaBuf2(BusMessage call)
    {
        if (!call.HasSignature("ahuuuuauauuuuutb"u8) || !_takeDmaBuf)
        {
            return Refuse(call, "this viewer takes no dma-bufs");
        }
        using var files = new Files();
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
            return Refuse(call, $"a picture of {planes} planes is not supported by this viewer");
        }
        if (x > FrameLayout.MaxDimension || y > FrameLayout.MaxDimension)
        {
            return Refuse(call, $"a picture that begins at {x},{y} of its buffer is not supported by this viewer");
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
        using var files = new Files();
        var places = new List<BandPlace>();
        call.Enter('a', "(huuut)"u8);
        while (call.Enter('r', "huuut"u8))
        {
            files.Add(call.ReadDescriptor());
            places.Add(new BandPlace(call.ReadUInt32(), call.ReadUInt32(), call.ReadUInt32(), call.ReadUInt64()));
            call.Exit();
        }
        call.Exit();
        return files.Count == 0 ? Refuse(call, "a picture needs at least one band")
            : ShowDmaBuf(call, files, places, width, height, fourcc, modifier, isBottomUp: false);
    }

    /// <summary>Checks a picture in dma-bufs and shows it, as the object it was before if its first buffer is known.</summary>
    /// <param name="files">Taken over if the picture is new.</param>
    private bool ShowDmaBuf(BusMessage call, Files files, List<BandPlace> places, uint width, uint height, uint fourcc, ulong modifier, bool isBottomUp)
    {
        RemotePicture picture;
        try
        {
            if (!TryTakeDmaBuf(files, places, width, height, fourcc, modifier, isBottomUp, out RemotePicture? taken, out string? why))
            {
                return Refuse(call, why);
            }
            picture = taken;
        }
        catch (LinuxException e)
        {
            return Refuse(call, e.Message);
        }
        return Show(call, picture);
    }

    private bool TryTakeDmaBuf(
        Files files, List<BandPlace> places, uint width, uint height, uint fourcc, ulong modifier, bool isBottomUp,
        [NotNullWhen(true)] out RemotePicture? picture, [NotNullWhen(false)] out string? why)
    {
        picture = null;
        var format = (DrmFormat)fourcc;
        if (!Enum.IsDefined(format))
        {
            why = $"pixel format 0x{fourcc:x8} is not supported by this viewer";
            return false;
        }
        var bands = new DmaBufBand[files.Count];
        FrameLayout layout = default;
        uint row = 0;
        bool isLinear = modifier is DisplayProtocol.ModifierLinear or DisplayProtocol.ModifierUnknown;
        for (int i = 0; i < bands.Length; i++)
        {
            BandPlace place = places[i];
            if (!TryCheck(files[i], format, width, place.Height, place.Stride, place.Offset, isLinear, out FrameLayout band, out long size, out why))
            {
                return false;
            }
            if (place.Y != row)
            {
                why = $"a band begins at row {place.Y} where row {row} must come next";
                return false;
            }
            row += place.Height;
            layout = i == 0 ? band : layout;
            bands[i] = new DmaBufBand(files[i], (int)place.Y, band.Height, band.Stride, band.Offset, size);
        }
        if (row != height || !FrameLayout.TryCreate(format, width, height, (uint)layout.Stride, (ulong)layout.Offset, long.MaxValue, out layout, out _))
        {
            why = $"the bands have {row} rows and the picture {height}";
            return false;
        }
        why = null;
        FileStatus identity = files[0].GetStatus();
        _shown++;
        int index = _kept.FindIndex(k => k.File == identity && k.Picture.Layout == layout && k.Picture.Modifier == modifier
            && k.Picture.IsBottomUp == isBottomUp && k.Picture.DmaBuf!.Bands.Count == bands.Length);
        if (index >= 0)
        {
            picture = _kept[index].Picture;
            _kept[index].ShownAt = _shown;
        }
        else
        {
            picture = RemotePicture.OfDmaBuf(new DmaBufFrame(format, (int)width, (int)height, bands), layout, modifier, isBottomUp);
            files.Clear();
            MakeRoom();
            _kept.Add(new Kept(identity, picture) { ShownAt = _shown });
        }
        RetireLongUnseen();
        return true;
    }

    /// <summary>Disposes the picture that was shown longest ago if no more may be kept.</summary>
    private void MakeRoom()
    {
        if (_kept.Count >= DmaBufFrame.MostInRotation && _kept.Where(k => !ReferenceEquals(k.Picture, Picture)).MinBy(k => k.ShownAt) is { } oldest)
        {
            _kept.Remove(oldest);
            Retire(oldest.Picture);
        }
    }

    private void RetireLongUnseen()
    {
        for (int i = _kept.Count - 1; i >= 0; i--)
        {
            Kept kept = _kept[i];
            if (_shown - kept.ShownAt > MostPicturesApart && !ReferenceEquals(kept.Picture, Picture))
            {
                _kept.RemoveAt(i);
                Retire(kept.Picture);
            }
        }
    }

    private readonly record struct BandPlace(uint Y, uint Height, uint Stride, ulong Offset);

    /// <summary>A picture that may come again.</summary>
    private sealed class Kept(FileStatus file, RemotePicture picture)
    {
        public FileStatus File { get; } = file;

        public RemotePicture Picture { get; } = picture;

        /// <summary>The number of the picture that it was last.</summary>
        public long ShownAt { get; set; }
    }

    /// <summary>A message's descriptors until a picture takes them over.</summary>
    private sealed class Files : List<FileDescriptor>, IDisposable
    {
        public void Dispose() => ForEach(f => f.Dispose());
    }
}
