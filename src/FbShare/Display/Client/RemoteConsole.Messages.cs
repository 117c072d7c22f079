using FbShare.Display.DBus;
using FbShare.Pictures;

namespace FbShare.Display.Client;

/// <content>Pictures that come as pixels in messages, from servers or to clients that can do no better.</content>
public sealed partial class RemoteConsole
{
    /// <summary>Scanout: a new picture, in the message.</summary>
    private bool TakeWhole(BusMessage call)
    {
        if (!call.HasSignature("uuuuay"u8))
        {
            return Refuse(call, "Scanout takes 'uuuuay'");
        }
        uint width = call.ReadUInt32();
        uint height = call.ReadUInt32();
        uint stride = call.ReadUInt32();
        uint code = call.ReadUInt32();
        ReadOnlySpan<byte> pixels = call.ReadBytes();
        if (!PixmanFormats.TryFromPixman(code, out DrmFormat format))
        {
            return Refuse(call, $"pixel format 0x{code:x8} is not supported by this viewer");
        }
        if (!FrameLayout.TryCreate(format, width, height, stride, 0, pixels.Length, out FrameLayout layout, out string? why))
        {
            return Refuse(call, why);
        }
        RemotePicture picture = OwnPicture(format, layout.Width, layout.Height);
        picture.Write(layout.Bounds, pixels, layout.Stride);
        if (_told != (layout.Width, layout.Height))
        {
            AskSize();
        }
        return Show(call, picture) && Update(call, layout.Bounds);
    }

    /// <summary>Update: a part of the picture, in the message.</summary>
    private bool TakePixels(BusMessage call)
    {
        if (!call.HasSignature("iiiiuuay"u8))
        {
            return Refuse(call, "Update takes 'iiiiuuay'");
        }
        Rect area = ReadRect(call);
        if (area.X < 0 || area.Y < 0)
        {
            return Refuse(call, $"an update at {area.X},{area.Y} is outside of any possible picture");
        }
        uint stride = call.ReadUInt32();
        uint code = call.ReadUInt32();
        ReadOnlySpan<byte> pixels = call.ReadBytes();
        if (!PixmanFormats.TryFromPixman(code, out DrmFormat format))
        {
            return Refuse(call, $"pixel format 0x{code:x8} is not supported by this viewer");
        }
        if (!FrameLayout.TryCreate(format, (uint)area.Width, (uint)area.Height, stride, 0, pixels.Length, out _, out string? why))
        {
            return Refuse(call, why);
        }
        if (Picture is not { Source: RemotePictureSource.Messages } picture || picture.Layout.Format != format
            || area.Right > picture.Layout.Width || area.Bottom > picture.Layout.Height)
        {
            picture = Outgrow(call, format, area);
        }
        Rect part = area.Intersect(picture.Layout.Bounds);
        if (!part.IsEmpty)
        {
            picture.Write(part, pixels, (int)stride);
        }
        return Update(call, part);
    }

    /// <summary>QEMU 7.2 sends updates of a larger surface without a Scanout before them: the picture grows to the console's size.</summary>
    private RemotePicture Outgrow(BusMessage call, DrmFormat format, Rect area)
    {
        bool isTold = _told.Width >= area.Right && _told.Height >= area.Bottom;
        int width = isTold ? _told.Width : Math.Min(Math.Max(Width, area.Right), FrameLayout.MaxDimension);
        int height = isTold ? _told.Height : Math.Min(Math.Max(Height, area.Bottom), FrameLayout.MaxDimension);
        RemotePicture grown = RemotePicture.OfMessages(format, width, height);
        Keep(grown);
        Show(call, grown);
        return grown;
    }

    /// <summary>Nor does it say when the surface shrinks: a picture in messages has the console's size.</summary>
    private void FollowSize()
    {
        if (Picture is not { Source: RemotePictureSource.Messages } picture || _told.Width == 0 || _told.Height == 0)
        {
            return;
        }
        if (_told.Width != picture.Layout.Width || _told.Height != picture.Layout.Height)
        {
            RemotePicture followed = RemotePicture.OfMessages(picture.Layout.Format, _told.Width, _told.Height);
            Keep(followed);
            Picture = followed;
            _view?.Show(followed);
            Retire(picture);
            _view?.Update(followed.Layout.Bounds);
        }
    }

    /// <summary>Copies what the present picture and a new one share.</summary>
    private void Keep(RemotePicture next)
    {
        if (Picture is { Source: RemotePictureSource.Messages } now && now.Layout.Format == next.Layout.Format)
        {
            Rect common = now.Layout.Bounds.Intersect(next.Layout.Bounds);
            using RemotePicture.Reading reading = now.Read(common);
            next.Write(common, reading.Pixels, now.Layout.Stride);
        }
    }

    /// <summary>The present picture again if it has the size, so that a view need not make anything new.</summary>
    private RemotePicture OwnPicture(DrmFormat format, int width, int height) =>
        Picture is { Source: RemotePictureSource.Messages } now && now.Layout.Format == format && now.Layout.Width == width && now.Layout.Height == height
            ? now
            : RemotePicture.OfMessages(format, width, height);
}
