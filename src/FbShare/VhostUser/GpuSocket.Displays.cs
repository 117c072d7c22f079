using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.VhostUser;

/// <content>VHOST_USER_GPU_GET_DISPLAY_INFO: which sizes QEMU's own display would like.</content>
internal sealed partial class GpuSocket
{
    /// <summary>The answer: a virtio_gpu_ctrl_hdr, then for each output a rectangle, whether it is enabled, and flags.</summary>
    private const int DisplayInfoSize = 24 + (DisplaySize.MaxOutputs * DisplayInfoEntry);

    private const int DisplayInfoEntry = 24;

    private readonly byte[] _received = new byte[HeaderSize + DisplayInfoSize];
    private int _receivedCount;

    /// <summary>How many bytes are still to come of a message that is skipped.</summary>
    private uint _skip;

    private bool _questionDue;
    private bool _questionSent;

    /// <summary>Receives the size of each of QEMU's consoles; an empty span if QEMU will not answer any more.</summary>
    public delegate void DisplaysHandler(ReadOnlySpan<DisplaySize> sizes);

    /// <summary>Runs on the loop after <see cref="AskDisplays"/>.</summary>
    public DisplaysHandler? DisplaysTold { get; init; }

    /// <summary>Asks QEMU for its consoles' sizes.</summary>
    /// <returns>False if it cannot be asked any more; otherwise <see cref="DisplaysTold"/> follows if QEMU answers.</returns>
    public bool AskDisplays()
    {
        if (!_questionSent)
        {
            _questionDue = true;
            Changed();
        }
        return !_dead;
    }

    private bool TryComposeQuestion()
    {
        if (!_questionDue)
        {
            return false;
        }
        _questionDue = false;
        _questionSent = true;
        Compose(Request.GetDisplayInfo, 0);
        return true;
    }

    /// <summary>Takes in what QEMU sends: answers to the one question; false when it closed its end.</summary>
    private bool Receive()
    {
        Span<byte> scrap = stackalloc byte[512];
        // Whoever receives the answer may dispose this socket.
        while (!_dead)
        {
            Span<byte> wanted = _skip > 0 ? scrap[..(int)Math.Min(_skip, (uint)scrap.Length)]
                : _receivedCount < HeaderSize ? _received.AsSpan(_receivedCount, HeaderSize - _receivedCount)
                : _received.AsSpan(_receivedCount);
            if (_socket.Receive(wanted, wait: false) is not { } count)
            {
                return true;
            }
            if (count == 0)
            {
                return false;
            }
            if (_skip > 0)
            {
                _skip -= (uint)count;
                continue;
            }
            _receivedCount += count;
            if (_receivedCount == HeaderSize)
            {
                ReadOnlySpan<uint> header = MemoryMarshal.Cast<byte, uint>(_received.AsSpan(0, HeaderSize));
                const uint replyFlag = 4;
                if (header[0] != (uint)Request.GetDisplayInfo || (header[1] & replyFlag) == 0 || header[2] != DisplayInfoSize)
                {
                    _skip = header[2];
                    _receivedCount = 0;
                }
            }
            else if (_receivedCount == _received.Length)
            {
                _receivedCount = 0;
                _questionSent = false;
                TellDisplays();
            }
        }
        return true;
    }

    private void TellDisplays()
    {
        Span<DisplaySize> sizes = stackalloc DisplaySize[DisplaySize.MaxOutputs];
        for (int i = 0; i < sizes.Length; i++)
        {
            ReadOnlySpan<uint> entry = MemoryMarshal.Cast<byte, uint>(_received.AsSpan(HeaderSize + 24 + (i * DisplayInfoEntry), DisplayInfoEntry));
            sizes[i] = new DisplaySize(entry[4] != 0, (int)Math.Min(entry[2], int.MaxValue), (int)Math.Min(entry[3], int.MaxValue));
        }
        DisplaysTold?.Invoke(sizes);
    }
}
