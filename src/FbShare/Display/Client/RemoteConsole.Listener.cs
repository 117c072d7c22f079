using System.Runtime.InteropServices;
using FbShare.Display.DBus;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Display.Client;

/// <content>The listener object that the server calls: maps, updates and the pointer.</content>
public sealed partial class RemoteConsole
{
    /// <summary>Of the update that is being taken.</summary>
    private readonly Region _parts = new();

    private const int MostCursorSize = 1024;

    /// <summary>Answers the server's calls on our listener object. The picture calls come at the guest's rate.</summary>
    private bool Handle(BusMessage call)
    {
        ReadOnlySpan<byte> of = call.Interface;
        ReadOnlySpan<byte> member = call.Member;
        if (of.SequenceEqual(DisplayProtocol.Map))
        {
            return member.SequenceEqual(DisplayProtocol.ListenerCalls.UpdateMap) ? TakeUpdate(call)
                : member.SequenceEqual(DisplayProtocol.ListenerCalls.ScanoutMap) && TakeMap(call);
        }
        if (of.SequenceEqual(DisplayProtocol.Flushes))
        {
            return member.SequenceEqual(DisplayProtocol.ListenerCalls.Update) && TakeFlush(call);
        }
        if (of.SequenceEqual(DisplayProtocol.DmaBuf2))
        {
            return member.SequenceEqual(DisplayProtocol.ListenerCalls.ScanoutDmaBuf2) && TakeDmaBuf2(call);
        }
        if (of.SequenceEqual(DisplayProtocol.Parts))
        {
            return member.SequenceEqual(DisplayProtocol.ListenerCalls.UpdateParts) && TakeParts(call);
        }
        if (of.SequenceEqual(DisplayProtocol.Bands))
        {
            return member.SequenceEqual(DisplayProtocol.ListenerCalls.ScanoutBands) && TakeBands(call);
        }
        if (of.SequenceEqual(DisplayProtocol.Listener))
        {
            return member.SequenceEqual(DisplayProtocol.ListenerCalls.UpdateDmaBuf) ? TakeUpdate(call)
                : member.SequenceEqual(DisplayProtocol.ListenerCalls.MouseSet) ? TakePosition(call)
                : member.SequenceEqual(DisplayProtocol.ListenerCalls.Update) ? TakePixels(call)
                : member.SequenceEqual(DisplayProtocol.ListenerCalls.Scanout) ? TakeWhole(call)
                : member.SequenceEqual(DisplayProtocol.ListenerCalls.ScanoutDmaBuf) ? TakeDmaBuf(call)
                : member.SequenceEqual(DisplayProtocol.ListenerCalls.CursorDefine) ? TakeCursor(call)
                : member.SequenceEqual(DisplayProtocol.ListenerCalls.Disable) && TakeDisable(call);
        }
        return of.SequenceEqual(DisplayProtocol.PropertiesUtf8) && member.SequenceEqual(DisplayProtocol.GetAllUtf8) && call.HasSignature("s"u8) && AnswerGetAll(call);
    }

    private bool AnswerGetAll(BusMessage call)
    {
        bool isListener = call.ReadString() == DisplayProtocol.ListenerName;
        using BusMessage reply = BusConnection.NewReply(call);
        reply.Open('a', "{sv}"u8);
        if (isListener)
        {
            string[] interfaces = _takeDmaBuf
                ? [DisplayProtocol.MapName, DisplayProtocol.DmaBuf2Name, DisplayProtocol.BandsName, DisplayProtocol.FlushesName, DisplayProtocol.PartsName]
                : [DisplayProtocol.MapName, DisplayProtocol.FlushesName, DisplayProtocol.PartsName];
            reply.Open('e', "sv"u8);
            reply.Append(DisplayProtocol.InterfacesProperty);
            reply.AppendVariant("as", m => m.AppendStrings(interfaces));
            reply.Close();
        }
        reply.Close();
        _listener?.Send(reply);
        return true;
    }

    private bool TakeMap(BusMessage call)
    {
        if (!call.HasSignature("huuuuu"u8))
        {
            return Refuse(call, "ScanoutMap takes 'huuuuu'");
        }
        RemotePicture? picture = null;
        string? why = null;
        FileDescriptor file = call.ReadDescriptor();
        try
        {
            uint offset = call.ReadUInt32();
            uint width = call.ReadUInt32();
            uint height = call.ReadUInt32();
            uint stride = call.ReadUInt32();
            uint code = call.ReadUInt32();
            if (!PixmanFormats.TryFromPixman(code, out DrmFormat format))
            {
                why = $"pixel format 0x{code:x8} is not supported by this viewer";
            }
            else if (SharedRows.TryCheck(file, format, width, height, stride, offset, isLinear: true, out FrameLayout layout, out _, out why))
            {
                picture = RemotePicture.OfMap(file, layout);
            }
        }
        catch (LinuxException e)
        {
            why = e.Message;
        }
        finally
        {
            if (picture is null)
            {
                file.Dispose();
            }
        }
        return picture is null ? Refuse(call, why!) : Show(call, picture);
    }

    private bool Show(BusMessage call, RemotePicture picture)
    {
        RemotePicture? before = Picture;
        Picture = picture;
        Width = picture.Layout.Width;
        Height = picture.Layout.Height;
        string? refusal = _view?.Show(picture);
        if (before is { Source: not RemotePictureSource.DmaBuf } && !ReferenceEquals(before, picture))
        {
            Retire(before);
        }
        if (picture.Source != RemotePictureSource.DmaBuf)
        {
            RetireKept();
        }
        if (refusal is not null && picture.Source == RemotePictureSource.DmaBuf)
        {
            return Refuse(call, refusal);
        }
        // A whole picture in a message is its own update.
        if (picture.Source != RemotePictureSource.Messages)
        {
            _listener?.Reply(call);
        }
        if (_isNew && picture.Source == RemotePictureSource.DmaBuf && !Status.IsKnown)
        {
            _view?.Update(picture.Layout.Bounds);
        }
        _isNew = false;
        return true;
    }

    /// <summary>Disposes the dma-bufs that are kept, except the one that is shown.</summary>
    private void RetireKept()
    {
        foreach (Kept kept in _kept)
        {
            if (!ReferenceEquals(kept.Picture, Picture))
            {
                Retire(kept.Picture);
            }
        }
        _kept.RemoveAll(kept => !ReferenceEquals(kept.Picture, Picture));
    }

    private void Retire(RemotePicture picture)
    {
        _view?.Forget(picture);
        picture.Dispose();
    }

    private bool TakeUpdate(BusMessage call) =>
        call.HasSignature("iiii"u8) ? Update(call, ReadRect(call)) : Refuse(call, "an update takes 'iiii'");

    /// <summary>An update that says when the guest asked for it.</summary>
    private bool TakeFlush(BusMessage call)
    {
        if (!call.HasSignature("iiiitt"u8))
        {
            return Refuse(call, "a flush takes 'iiiitt'");
        }
        Rect damage = ReadRect(call);
        ReadFlush(call);
        return Update(call, damage);
    }

    /// <summary>The same of several places.</summary>
    private bool TakeParts(BusMessage call)
    {
        if (!call.HasSignature("a(iiii)tt"u8))
        {
            return Refuse(call, "an update of parts takes 'a(iiii)tt'");
        }
        _parts.Clear();
        call.Enter('a', "(iiii)"u8);
        while (call.Enter('r', "iiii"u8))
        {
            _parts.Add(ReadRect(call));
            call.Exit();
        }
        call.Exit();
        ReadFlush(call);
        return Update(call);
    }

    private void ReadFlush(BusMessage call)
    {
        long microseconds = (long)Math.Min(call.ReadUInt64(), long.MaxValue / 1000);
        var flush = new FlushMark(microseconds * 1000, (long)Math.Min(call.ReadUInt64(), long.MaxValue));
        _cameWithFlush = LastFlush is { } before && flush.Count != before.Count;
        LastFlush = flush;
    }

    private static Rect ReadRect(BusMessage call) => new(call.ReadInt32(), call.ReadInt32(), call.ReadInt32(), call.ReadInt32());

    private bool Update(BusMessage call, Rect damage)
    {
        _parts.Clear();
        _parts.Add(damage);
        return Update(call);
    }

    private bool Update(BusMessage call)
    {
        if (Picture is null)
        {
            return Refuse(call, "there is no picture to update");
        }
        _parts.Crop(Picture.Layout.Bounds);
        if (_parts.IsEmpty || _view?.Update(_parts.Rects) != false)
        {
            _listener?.Reply(call);
        }
        else if (call.ExpectsReply)
        {
            _owed.Add(call.Keep());
        }
        return true;
    }

    private bool TakeDisable(BusMessage call)
    {
        // A QEMU sends this when it releases a dma-buf, after it has sent the next one (dbus_release_dmabuf); when a guest shows
        // nothing, it sends a picture that says so.
        bool isRelease = !Status.IsKnown && Picture is { Source: RemotePictureSource.DmaBuf };
        RemotePicture? before = Picture;
        if (!isRelease)
        {
            Picture = null;
            _view?.Disable();
        }
        if (before is { Source: not RemotePictureSource.DmaBuf })
        {
            Retire(before);
        }
        RetireKept();
        _listener?.Reply(call);
        return true;
    }

    private bool TakePosition(BusMessage call)
    {
        if (!call.HasSignature("iii"u8))
        {
            return Refuse(call, "MouseSet takes 'iii'");
        }
        // A position beyond any possible picture is moved to its edge.
        CursorPosition = new CursorPosition(ReadCoordinate(call), ReadCoordinate(call), call.ReadInt32() != 0);
        _view?.MoveCursor(CursorPosition);
        _listener?.Reply(call);
        return true;
    }

    private static int ReadCoordinate(BusMessage call) => Math.Clamp(call.ReadInt32(), -Rect.Limit, Rect.Limit);

    private bool TakeCursor(BusMessage call)
    {
        if (!call.HasSignature("iiiiay"u8))
        {
            return Refuse(call, "CursorDefine takes 'iiiiay'");
        }
        int width = call.ReadInt32();
        int height = call.ReadInt32();
        int hotX = call.ReadInt32();
        int hotY = call.ReadInt32();
        ReadOnlySpan<byte> pixels = call.ReadBytes();
        if (width is < 1 or > MostCursorSize || height is < 1 or > MostCursorSize || pixels.Length < width * height * DrmFormats.BytesPerPixel)
        {
            return Refuse(call, $"a pointer of {width}x{height} pixels in {pixels.Length} bytes is refused: from 1x1 to {MostCursorSize}x{MostCursorSize} pixels of {DrmFormats.BytesPerPixel} bytes each are taken");
        }
        Cursor = new CursorImage(width, height, Math.Clamp(hotX, 0, width - 1), Math.Clamp(hotY, 0, height - 1), pixels[..(width * height * DrmFormats.BytesPerPixel)].ToArray());
        _view?.DefineCursor(Cursor);
        _listener?.Reply(call);
        return true;
    }

    private bool Refuse(BusMessage call, string why)
    {
        if (call.ExpectsReply)
        {
            _listener?.ReplyError(call, BusErrors.Failed, why);
        }
        else
        {
            _client.Log.MessageRefused(Id, why);
        }
        return true;
    }
}
