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
        using var files = new ReceivedFiles { call.ReadDescriptor() };
        uint width = call.ReadUInt32();
        uint height = call.ReadUInt32();
        uint stride = call.ReadUInt32();
        uint fourcc = call.ReadUInt32();
        ulong modifier = call.ReadUInt64();
        bool isBottomUp = call.ReadBoolean() != DisplayProtocol.IsTopDown;
        var incoming = new IncomingPicture(files, width, height, fourcc, modifier, isBottomUp);
        return incoming.TryAdd(0, height, stride, 0, out string? why) ? ShowDmaBuf(call, incoming) : Refuse(call, why);
    }

    private bool TakeDmaBuf2(BusMessage call)
    {
        if (!call.HasSignature("ahuuuuauauuuuutb"u8) || !_takeDmaBuf)
        {
            return Refuse(call, "this viewer takes no dma-bufs");
        }
        using var files = new ReceivedFiles();
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
        var incoming = new IncomingPicture(files, width, height, fourcc, modifier, isBottomUp);
        return incoming.TryAdd(0, height, strides[0], offset, out string? why) ? ShowDmaBuf(call, incoming) : Refuse(call, why);
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
        using var files = new ReceivedFiles();
        var incoming = new IncomingPicture(files, width, height, fourcc, modifier, isBottomUp: false);
        call.Enter('a', "(huuut)"u8);
        while (call.Enter('r', "huuut"u8))
        {
            files.Add(call.ReadDescriptor());
            if (!incoming.TryAdd(call.ReadUInt32(), call.ReadUInt32(), call.ReadUInt32(), call.ReadUInt64(), out string? why))
            {
                return Refuse(call, why);
            }
            call.Exit();
        }
        call.Exit();
        return ShowDmaBuf(call, incoming);
    }

    /// <summary>Shows a picture in dma-bufs, as the object that it was before if its first buffer is known.</summary>
    private bool ShowDmaBuf(BusMessage call, IncomingPicture incoming)
    {
        if (!incoming.TryComplete(out FrameLayout layout, out string? why))
        {
            return Refuse(call, why);
        }
        RemotePicture picture;
        try
        {
            picture = FindOrKeep(incoming, layout);
        }
        catch (LinuxException e)
        {
            return Refuse(call, e.Message);
        }
        return Show(call, picture);
    }

    private RemotePicture FindOrKeep(IncomingPicture incoming, FrameLayout layout)
    {
        FileStatus identity = incoming.FirstFile.GetStatus();
        _shown++;
        int index = _kept.FindIndex(k => k.File == identity && incoming.IsLike(k.Picture, layout));
        if (index < 0)
        {
            RemotePicture made = incoming.Make(layout);
            MakeRoom();
            index = _kept.Count;
            _kept.Add(new Kept(identity, made));
        }
        RemotePicture picture = _kept[index].Picture;
        _kept[index].ShownAt = _shown;
        RetireLongUnseen();
        return picture;
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

    /// <summary>A picture that may come again.</summary>
    private sealed class Kept(FileStatus file, RemotePicture picture)
    {
        public FileStatus File { get; } = file;

        public RemotePicture Picture { get; } = picture;

        /// <summary>The number of the picture that it was last.</summary>
        public long ShownAt { get; set; }
    }
}
