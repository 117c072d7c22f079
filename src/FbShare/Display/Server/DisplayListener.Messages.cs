using FbShare.Display.DBus;
using FbShare.Pictures;

namespace FbShare.Display.Server;

/// <content>What is sent: pictures and updates, by each of the listener's interfaces.</content>
internal sealed partial class DisplayListener
{
    private bool SendUpdate(Rect damage)
    {
        switch (_wire)
        {
            case Wire.DmaBuf or Wire.Map when (_can & Capabilities.Flushes) != 0:
                SendRectangle(DisplayProtocol.Flushes, "Update"u8, damage, _hub.GetLastFlush(Output));
                return true;
            case Wire.DmaBuf:
                SendRectangle(DisplayProtocol.Listener, "UpdateDMABUF"u8, damage);
                return true;
            case Wire.Map:
                SendRectangle(DisplayProtocol.Map, "UpdateMap"u8, damage);
                return true;
            case Wire.Inline:
                return SendPixels(damage, whole: false);
            default:
                return false;
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
        CallUpdate(m);
    }

    /// <summary>Sends pixels in the message itself: all of the picture, or a part of it.</summary>
    private bool SendPixels(Rect area, bool whole)
    {
        int rowBytes = area.Width * DrmFormats.BytesPerPixel;
        long bytes = (long)rowBytes * area.Height;
        if (bytes > DisplayProtocol.MostInlineBytes)
        {
            Log?.Invoke($"{Name}: a picture of {_layout.Width}x{_layout.Height} does not fit one D-Bus message, and this listener takes no other ({DisplayProtocol.MapName}): it sees nothing");
            Disable();
            return false;
        }
        using BusMessage m = NewCall(DisplayProtocol.Listener, whole ? "Scanout"u8 : "Update"u8);
        if (whole)
        {
            AppendGeometry(m, _layout, rowBytes);
        }
        else
        {
            m.Append(area.X);
            m.Append(area.Y);
            m.Append(area.Width);
            m.Append(area.Height);
            m.Append((uint)rowBytes);
            m.Append(_layout.Format.ToPixman());
        }
        Span<byte> pixels = m.AppendBytes((int)bytes);
        for (int row = 0; row < area.Height; row++)
        {
            _buffer!.Slice(_layout.OffsetOf(area.X, area.Y + row), rowBytes).CopyTo(pixels[(row * rowBytes)..]);
        }
        CallUpdate(m);
        _isFresh = whole;
        return true;
    }

    private void SendDmaBuf(DmaBufFrame frame)
    {
        using BusMessage m = NewCall(DisplayProtocol.Listener, "ScanoutDMABUF"u8);
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
        using BusMessage m = NewCall(DisplayProtocol.DmaBuf2, "ScanoutDMABUF2"u8);
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
        using BusMessage m = NewCall(DisplayProtocol.Bands, "ScanoutBands"u8);
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
