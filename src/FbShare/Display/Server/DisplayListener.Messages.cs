using FbShare.Display.DBus;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Display.Server;

/// <content>What is sent: pictures and updates, by each of the listener's interfaces.</content>
internal sealed partial class DisplayListener
{
    /// <summary>Sends a picture that the listener does not have yet.</summary>
    private void SendPicture(in Frame frame)
    {
        if (frame.DmaBuf is { } dmaBuf)
        {
            _way = Way.DmaBuf;
            if (dmaBuf.Bands.Count > 1)
            {
                SendBands(dmaBuf);
            }
            else if (Has(Capabilities.DmaBuf2))
            {
                SendDmaBuf2(dmaBuf);
            }
            else
            {
                SendDmaBuf(dmaBuf);
            }
        }
        else if (CanMap)
        {
            _way = Way.Map;
            SendMap(frame.Buffer!, frame.Layout);
        }
        else
        {
            _way = Way.Messages;
        }
    }

    /// <summary>Sends what changed; the answer says that the listener has read it.</summary>
    /// <returns>False if there is no way to send it.</returns>
    private bool SendUpdate(in Frame frame)
    {
        switch (_way)
        {
            case Way.Messages:
                return SendPixels(frame);
            case Way.DmaBuf or Way.Map when Has(Capabilities.Parts) && frame.Parts is { } parts:
                SendParts(parts, frame.Flush);
                return true;
            case Way.DmaBuf or Way.Map when Has(Capabilities.Flushes):
                SendRectangle(DisplayProtocol.Flushes, DisplayProtocol.ListenerCalls.Update, frame.Damage, frame.Flush);
                return true;
            case Way.DmaBuf:
                SendRectangle(DisplayProtocol.Listener, DisplayProtocol.ListenerCalls.UpdateDmaBuf, frame.Damage);
                return true;
            default:
                SendRectangle(DisplayProtocol.Map, DisplayProtocol.ListenerCalls.UpdateMap, frame.Damage);
                return true;
        }
    }

    private void SendRectangle(ReadOnlySpan<byte> interfaceName, ReadOnlySpan<byte> member, Rect area, FlushMark? flush = null)
    {
        using BusMessage m = NewCall(interfaceName, member);
        m.Append(area.X);
        m.Append(area.Y);
        m.Append(area.Width);
        m.Append(area.Height);
        if (flush is { } last)
        {
            m.Append((ulong)last.At / 1000);
            m.Append((ulong)last.Count);
        }
        _connection.Call(m, _updated);
    }

    private void SendParts(Region parts, FlushMark flush)
    {
        using BusMessage m = NewCall(DisplayProtocol.Parts, DisplayProtocol.ListenerCalls.UpdateParts);
        m.Open('a', "(iiii)"u8);
        foreach (Rect part in parts.Rects)
        {
            m.Open('r', "iiii"u8);
            m.Append(part.X);
            m.Append(part.Y);
            m.Append(part.Width);
            m.Append(part.Height);
            m.Close();
        }
        m.Close();
        m.Append((ulong)flush.At / 1000);
        m.Append((ulong)flush.Count);
        _connection.Call(m, _updated);
    }

    /// <summary>Sends pixels in the message itself: all of a new picture, or what changed of it.</summary>
    private bool SendPixels(in Frame frame)
    {
        Rect area = frame.Damage;
        int rowBytes = area.Width * DrmFormats.BytesPerPixel;
        long bytes = (long)rowBytes * area.Height;
        if (bytes > DisplayProtocol.MostInlineBytes)
        {
            return false;
        }
        using BusMessage m = NewCall(DisplayProtocol.Listener, frame.IsNew ? DisplayProtocol.ListenerCalls.Scanout : DisplayProtocol.ListenerCalls.Update);
        if (frame.IsNew)
        {
            AppendGeometry(m, frame.Layout, rowBytes);
        }
        else
        {
            m.Append(area.X);
            m.Append(area.Y);
            m.Append(area.Width);
            m.Append(area.Height);
            m.Append((uint)rowBytes);
            m.Append(frame.Layout.Format.ToPixman());
        }
        Span<byte> pixels = m.AppendBytes((int)bytes);
        for (int row = 0; row < area.Height; row++)
        {
            frame.Buffer!.Slice(frame.Layout.OffsetOf(area.X, area.Y + row), rowBytes).CopyTo(pixels[(row * rowBytes)..]);
        }
        _connection.Call(m, _updated);
        return true;
    }

    private void SendMap(FrameBuffer buffer, FrameLayout layout)
    {
        using BusMessage m = NewCall(DisplayProtocol.Map, DisplayProtocol.ListenerCalls.ScanoutMap);
        m.Append(buffer.ReadOnly);
        m.Append((uint)layout.Offset);
        AppendGeometry(m, layout, layout.Stride);
        _connection.Call(m, _mapShown);
    }

    private void SendDmaBuf(DmaBufFrame frame)
    {
        using BusMessage m = NewCall(DisplayProtocol.Listener, DisplayProtocol.ListenerCalls.ScanoutDmaBuf);
        m.Append(frame.Bands[0].Descriptor);
        m.Append((uint)frame.Width);
        m.Append((uint)frame.Height);
        m.Append((uint)frame.Bands[0].Stride);
        m.Append((uint)frame.Format);
        m.Append(DisplayProtocol.ModifierLinear);
        m.Append(DisplayProtocol.IsTopDown);
        _connection.Call(m, _dmaBufShown);
    }

    private void SendDmaBuf2(DmaBufFrame frame)
    {
        DmaBufBand band = frame.Bands[0];
        using BusMessage m = NewCall(DisplayProtocol.DmaBuf2, DisplayProtocol.ListenerCalls.ScanoutDmaBuf2);
        m.Open('a', "h"u8);
        m.Append(band.Descriptor);
        m.Close();
        m.Append(0u);
        m.Append(0u);
        m.Append((uint)frame.Width);
        m.Append((uint)frame.Height);
        m.Open('a', "u"u8);
        m.Append((uint)band.Offset);
        m.Close();
        m.Open('a', "u"u8);
        m.Append((uint)band.Stride);
        m.Close();
        m.Append(1u);
        m.Append((uint)frame.Format);
        m.Append((uint)frame.Width);
        m.Append((uint)frame.Height);
        m.Append(DisplayProtocol.ModifierLinear);
        m.Append(DisplayProtocol.IsTopDown);
        _connection.Call(m, _dmaBufShown);
    }

    private void SendBands(DmaBufFrame frame)
    {
        using BusMessage m = NewCall(DisplayProtocol.Bands, DisplayProtocol.ListenerCalls.ScanoutBands);
        m.Append((uint)frame.Width);
        m.Append((uint)frame.Height);
        m.Append((uint)frame.Format);
        m.Append(DisplayProtocol.ModifierLinear);
        m.Open('a', "(huuut)"u8);
        foreach (DmaBufBand band in frame.Bands)
        {
            m.Open('r', "huuut"u8);
            m.Append(band.Descriptor);
            m.Append((uint)band.Y);
            m.Append((uint)band.Height);
            m.Append((uint)band.Stride);
            m.Append((ulong)band.Offset);
            m.Close();
        }
        m.Close();
        _connection.Call(m, _dmaBufShown);
    }

    private BusMessage NewCall(ReadOnlySpan<byte> interfaceName, ReadOnlySpan<byte> member) =>
        _connection.NewCall(default, DisplayProtocol.ListenerPath, interfaceName, member);

    private static void AppendGeometry(BusMessage m, FrameLayout layout, int stride)
    {
        m.Append((uint)layout.Width);
        m.Append((uint)layout.Height);
        m.Append((uint)stride);
        m.Append(layout.Format.ToPixman());
    }
}
