using System.Runtime.InteropServices;
using FbShare.Pictures;
using FbShare.Virtio;

namespace FbShare.VirtioGpu;

/// <content>What the guest is told of its outputs: display info, EDID, the configuration space.</content>
public sealed partial class VirtioGpuDevice
{
    private Protocol.Config _config;

    /// <summary>The queue whose next request waits for <see cref="AnswerDisplays"/>.</summary>
    private Virtqueue? _awaitingDisplays;

    private bool _displaysFresh;

    /// <summary>Called before a guest is told its displays; set by a transport whose front-end takes part in choosing their sizes.</summary>
    /// <returns>True if the front-end has been asked: the guest's request waits for <see cref="AnswerDisplays"/>. False to answer at once.</returns>
    internal Func<bool>? DisplayQuery { get; set; }

    /// <summary>The guest's displays are known now.</summary>
    /// <returns>True if a request waited for it: process the control queue.</returns>
    internal bool AnswerDisplays()
    {
        _displaysFresh = _awaitingDisplays is not null;
        _awaitingDisplays = null;
        return _displaysFresh;
    }

    /// <summary>Sets an output's size as the front-end wants it. The front-end has told the guest already that something changed.</summary>
    internal void SetDisplay(int output, bool connected, int width, int height)
    {
        if ((uint)output >= (uint)_outputs.Length)
        {
            return;
        }
        OutputState state = _outputs[output];
        state.Connected = connected;
        if (connected && width is > 0 and <= FrameLayout.MaxDimension && height is > 0 and <= FrameLayout.MaxDimension)
        {
            (state.Width, state.Height) = (width, height);
        }
        KeepConfig();
    }

    /// <summary>Copies the configuration space (section 5.7.4) from <paramref name="offset"/>; bytes past its end read as zero.</summary>
    internal void ReadConfig(int offset, Span<byte> destination)
    {
        _config.ScanoutCount = (uint)_outputs.Length;
        ReadOnlySpan<byte> space = MemoryMarshal.AsBytes(new ReadOnlySpan<Protocol.Config>(in _config));
        destination.Clear();
        if (offset >= 0 && offset < space.Length)
        {
            ReadOnlySpan<byte> part = space[offset..];
            part[..Math.Min(part.Length, destination.Length)].CopyTo(destination);
        }
    }

    /// <summary>Takes a write to the configuration space: only events_clear is writable.</summary>
    internal void WriteConfig(int offset, ReadOnlySpan<byte> source)
    {
        const int eventsClear = 4;
        int skip = eventsClear - offset;
        if (skip >= 0 && source.Length >= skip + sizeof(uint))
        {
            _config.EventsRead &= ~MemoryMarshal.Read<uint>(source[skip..]);
            KeepConfig();
        }
    }

    /// <inheritdoc/>
    public bool Resize(int output, int width, int height)
    {
        if (ConfigChanged is null || (uint)output >= (uint)_outputs.Length || (uint)width > FrameLayout.MaxDimension || (uint)height > FrameLayout.MaxDimension)
        {
            return false;
        }
        OutputState state = _outputs[output];
        bool connect = width > 0 && height > 0;
        if (state.Connected == connect && (!connect || (state.Width == width && state.Height == height)))
        {
            return true;
        }
        state.Connected = connect;
        if (connect)
        {
            state.Width = width;
            state.Height = height;
        }
        _config.EventsRead |= Protocol.EventDisplay;
        KeepConfig();
        ConfigChanged();
        return true;
    }

    /// <summary>Whether a request that asks for displays must wait; it stays the queue's next then.</summary>
    private bool MustAwaitDisplays(Virtqueue queue)
    {
        if (_displaysFresh)
        {
            _displaysFresh = false;
            return false;
        }
        if (DisplayQuery?.Invoke() != true)
        {
            return false;
        }
        queue.Unpop();
        _awaitingDisplays = queue;
        return true;
    }

    private void ForgetDisplayQuery(Virtqueue? queue)
    {
        if (queue is null || ReferenceEquals(_awaitingDisplays, queue))
        {
            _awaitingDisplays = null;
            _displaysFresh = false;
        }
    }

    private void ReplyDisplayInfo(Virtqueue queue, DescriptorChain chain, in Protocol.Header header)
    {
        var response = new Protocol.DisplayInfoResponse { Header = ResponseHeader(header, ResponseType.OkDisplayInfo) };
        uint x = 0;
        foreach (OutputState output in _outputs)
        {
            if (output.Connected)
            {
                response.Displays[output.Index] = new Protocol.DisplayOne
                {
                    Rectangle = new Protocol.Rectangle { X = x, Width = (uint)output.Width, Height = (uint)output.Height },
                    Enabled = 1,
                };
                x += (uint)output.Width;
            }
        }
        Push(queue, chain.Head, WriteResponse(chain, in response));
    }

    private void ReplyEdid(Virtqueue queue, DescriptorChain chain, in Protocol.Header header, ReadOnlySpan<byte> command)
    {
        if (!TryRead(command, out Protocol.GetEdid request) || request.ScanoutId >= (uint)_outputs.Length)
        {
            Reply(queue, chain, header, Refuse(CommandType.GetEdid, ResponseType.ErrInvalidParameter, "no such scanout"));
            return;
        }
        OutputState output = _outputs[request.ScanoutId];
        var response = new Protocol.EdidResponse { Header = ResponseHeader(header, ResponseType.OkEdid) };
        response.Size = (uint)Edid.Write(response.Edid, output.Index, output.Width, output.Height, _options.RefreshHz ?? 60);
        Push(queue, chain.Head, WriteResponse(chain, in response));
    }
}
