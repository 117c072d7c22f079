using System.Buffers;
using System.Runtime.InteropServices;
using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using Microsoft.Extensions.Logging;

namespace FbShare.VhostUser;

/// <summary>Forwards what outputs show to QEMU's own display over the socket of VHOST_USER_GPU_SET_SOCKET
/// (QEMU docs/interop/vhost-user-gpu.rst).</summary>
/// <remarks>Never blocks: each output keeps its lease until its pixels are written, and changes are gathered meanwhile.</remarks>
internal sealed partial class GpuSocket : IDisposable
{
    /// <summary>Pixels go out in messages of at most this many bytes, so that a large picture needs no buffer of its size.</summary>
    private const int ChunkBytes = 1 << 20;

    private const int HeaderSize = 12;

    private readonly UnixSocket _socket;
    private readonly DisplayHub? _hub;
    private readonly ILogger _log;
    private readonly EventLoop.Watch _watch;
    private readonly Output[] _outputs;
    private readonly ArrayBufferWriter<byte> _message = new();
    private int _sent;
    private bool _isPumping;
    private bool _dead;

    /// <param name="socket">Owned from here on, also when this fails; stays open until disposed, dead or not: QEMU spins when it is closed.</param>
    /// <param name="hub">Whose outputs are forwarded; null for none.</param>
    public GpuSocket(EventLoop loop, UnixSocket socket, DisplayHub? hub, ILogger log)
    {
        _socket = socket;
        _hub = hub;
        _log = log;
        try
        {
            _watch = loop.Add(socket.Descriptor, LoopEvents.Readable, Ready);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        _outputs = new Output[hub?.OutputCount ?? 0];
        for (int i = 0; i < _outputs.Length; i++)
        {
            _outputs[i] = new Output(this, i);
        }
        foreach (Output output in _outputs)
        {
            // The first thing sent may show that QEMU has closed its end already.
            if (_dead)
            {
                break;
            }
            hub!.Attach(output.Index, output);
        }
    }

    private enum Request : uint
    {
        GetDisplayInfo = 3,
        CursorPosition = 4,
        CursorHide = 5,
        CursorUpdate = 6,
        Scanout = 7,
        Update = 8,
    }

    public void Dispose()
    {
        Detach();
        _socket.Dispose();
    }

    private void Ready(LoopEvents events)
    {
        try
        {
            if (events.HasFlag(LoopEvents.Readable) && !Receive())
            {
                throw new LinuxException("recvmsg", (int)Errno.EPIPE);
            }
            if (!_dead)
            {
                Pump();
            }
        }
        catch (LinuxException e)
        {
            Die(e);
        }
    }

    private void Changed()
    {
        // While a message is being sent, the watch sends the rest of it; what changes while messages are composed is included there.
        if (!_dead && !_isPumping && _sent == _message.WrittenCount)
        {
            try
            {
                Pump();
            }
            catch (LinuxException e)
            {
                Die(e);
            }
        }
    }

    private void Pump()
    {
        _isPumping = true;
        try
        {
            SendAll();
        }
        finally
        {
            _isPumping = false;
        }
    }

    private void SendAll()
    {
        while (true)
        {
            while (_sent < _message.WrittenCount)
            {
                int count = _socket.Send(_message.WrittenSpan[_sent..], wait: false);
                if (count == 0)
                {
                    _watch.Change(LoopEvents.Readable | LoopEvents.Writable);
                    return;
                }
                _sent += count;
            }
            _message.ResetWrittenCount();
            _sent = 0;
            if (!TryComposeQuestion() && !Array.Exists(_outputs, o => o.TryCompose()))
            {
                _watch.Change(LoopEvents.Readable);
                return;
            }
        }
    }

    private void Die(LinuxException cause)
    {
        _log.ForwardingEnded(cause.Message);
        Detach();
        DisplaysTold?.Invoke(default);
    }

    private void Detach()
    {
        if (_dead)
        {
            return;
        }
        _dead = true;
        _watch.Dispose();
        foreach (Output output in _outputs)
        {
            _hub!.Detach(output.Index, output);
        }
    }

    private Span<byte> Compose(Request request, int payload)
    {
        Span<byte> message = _message.GetSpan(HeaderSize + payload)[..(HeaderSize + payload)];
        MemoryMarshal.Cast<byte, uint>(message)[0] = (uint)request;
        MemoryMarshal.Cast<byte, uint>(message)[1] = 0;
        MemoryMarshal.Cast<byte, uint>(message)[2] = (uint)payload;
        _message.Advance(HeaderSize + payload);
        return message[HeaderSize..];
    }

    /// <summary>What QEMU has not been told yet of one output.</summary>
    private sealed class Output(GpuSocket socket, int index) : IDisplayConsumer
    {
        private FrameBuffer? _buffer;
        private FrameLayout _layout;
        private FrameLease _lease;
        private CursorImage? _cursor;
        private CursorPosition _position;
        private bool _scanoutDirty;
        private bool _cursorDirty;
        private bool _positionDirty;
        private Rect _damage;

        public int Index => index;

        public PictureForms Takes(FrameLayout picture) => PictureForms.BufferAnywhere;

        public void Present(in Frame frame)
        {
            _scanoutDirty |= _buffer is null || frame.Layout.Width != _layout.Width || frame.Layout.Height != _layout.Height;
            _buffer = frame.Buffer;
            _layout = frame.Layout;
            _damage = frame.Damage;
            _lease = frame.Keep();
            socket.Changed();
        }

        public void Disable()
        {
            _buffer = null;
            _damage = default;
            _scanoutDirty = true;
            _lease.GiveBack();
            socket.Changed();
        }

        public void DefineCursor(CursorImage? image)
        {
            _cursor = image;
            _cursorDirty = true;
            socket.Changed();
        }

        public void MoveCursor(CursorPosition position)
        {
            _position = position;
            _positionDirty = true;
            socket.Changed();
        }

        /// <summary>Writes the next message there is to send; false if there is none.</summary>
        public bool TryCompose()
        {
            if (_scanoutDirty)
            {
                _scanoutDirty = false;
                Numbers(Request.Scanout, index, _buffer is null ? 0 : _layout.Width, _buffer is null ? 0 : _layout.Height);
                return true;
            }
            if (_cursorDirty)
            {
                _cursorDirty = false;
                _positionDirty = false;
                ComposeCursor();
                return true;
            }
            if (_positionDirty)
            {
                _positionDirty = false;
                Numbers(_position.Visible ? Request.CursorPosition : Request.CursorHide, index, _position.X, _position.Y);
                return true;
            }
            if (_buffer is null || _damage.IsEmpty)
            {
                return false;
            }
            int rows = Math.Clamp(ChunkBytes / (_damage.Width * DrmFormats.BytesPerPixel), 1, _damage.Height);
            ComposeUpdate(_buffer, new Rect(_damage.X, _damage.Y, _damage.Width, rows));
            _damage = new Rect(_damage.X, _damage.Y + rows, _damage.Width, _damage.Height - rows);
            if (_damage.IsEmpty)
            {
                // All pixels are in the message, so the frame is no longer needed.
                _lease.GiveBack();
            }
            return true;
        }

        private Span<byte> Numbers(Request request, int first, int second, int third, int more = 0)
        {
            Span<byte> payload = socket.Compose(request, (3 * sizeof(int)) + more);
            Span<int> numbers = MemoryMarshal.Cast<byte, int>(payload);
            (numbers[0], numbers[1], numbers[2]) = (first, second, third);
            return payload[(3 * sizeof(int))..];
        }

        private void ComposeCursor()
        {
            const int pixels = 64 * 64 * DrmFormats.BytesPerPixel;
            if (_cursor is null || _cursor.Pixels.Length != pixels)
            {
                Numbers(Request.CursorHide, index, _position.X, _position.Y);
                return;
            }
            Span<byte> rest = Numbers(Request.CursorUpdate, index, _position.X, _position.Y, (2 * sizeof(int)) + pixels);
            Span<int> hot = MemoryMarshal.Cast<byte, int>(rest);
            (hot[0], hot[1]) = (_cursor.HotX, _cursor.HotY);
            _cursor.Pixels.Span.CopyTo(rest[(2 * sizeof(int))..]);
        }

        private void ComposeUpdate(FrameBuffer buffer, Rect part)
        {
            int rowBytes = part.Width * DrmFormats.BytesPerPixel;
            Span<byte> payload = socket.Compose(Request.Update, (5 * sizeof(int)) + (rowBytes * part.Height));
            Span<int> numbers = MemoryMarshal.Cast<byte, int>(payload);
            (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]) = (index, part.X, part.Y, part.Width, part.Height);
            Span<byte> pixels = payload[(5 * sizeof(int))..];
            for (int row = 0; row < part.Height; row++)
            {
                PixelConversion.Convert(buffer.Slice(_layout.OffsetOf(part.X, part.Y + row), rowBytes), _layout.Format, pixels[(row * rowBytes)..], DrmFormat.XR24);
            }
        }
    }
}
