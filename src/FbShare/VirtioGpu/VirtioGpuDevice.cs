using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Display;
using FbShare.Linux;
using FbShare.Logging;
using FbShare.Memory;
using FbShare.Virtio;
using Microsoft.Extensions.Logging;

namespace FbShare.VirtioGpu;

/// <summary>A virtio-gpu without 3D (virtio 1.3, section 5.7): takes commands from queues, keeps resources and scanouts,
/// and tells the <see cref="DisplayHub"/> what the guest shows.</summary>
/// <remarks>Knows no transport: whoever has the queues calls <see cref="ProcessControl"/> and <see cref="ProcessCursor"/> on the
/// event loop when they are kicked. Nothing a guest sends makes it throw.</remarks>
public sealed partial class VirtioGpuDevice : IScanoutSource, IDisposable
{
    /// <summary>Requests handled before other work on the loop gets its turn.</summary>
    private const int BatchSize = 256;

    /// <summary>And milliseconds, by a clock that is cheap to read and steps every few of them: one request may copy a whole picture.</summary>
    private const long LongestTurn = 5;

    private readonly GpuOptions _options;
    private readonly GuestMemoryMap _memory;
    private readonly DisplayHub _hub;
    private readonly LogLimit _log;
    private readonly ResourceTable _resources;
    private readonly OncePerKind<(CommandType?, ResponseType)> _complained = new();
    private readonly OutputState[] _outputs;

    /// <param name="options">What the guest is offered.</param>
    /// <param name="memory">Stays the caller's.</param>
    /// <param name="hub">Stays the caller's, who sets its <see cref="DisplayHub.Source"/> to this device.</param>
    /// <param name="loop">The loop that all of it runs on.</param>
    /// <param name="log">Takes one line per kind of guest error, not per error: a guest cannot flood it.</param>
    public VirtioGpuDevice(GpuOptions options, GuestMemoryMap memory, DisplayHub hub, EventLoop loop, ILogger log)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.Outputs, hub.OutputCount);
        _options = options;
        _memory = memory;
        _hub = hub;
        _log = LogLimit.Around(log);
        HostMemory = new HostBudget(options.MaxHostBytes);
        _resources = new ResourceTable(options.MaxResources, HostMemory);
        long period = options.RefreshHz is { } hz ? (long)(1e9 / hz) : 0;
        _outputs = new OutputState[options.Outputs];
        for (int i = 0; i < _outputs.Length; i++)
        {
            _outputs[i] = new OutputState(i, options.Width, options.Height, new FlipPacer(period));
        }
        _flushes = new HeldFlush[options.Outputs + 1];
        for (int i = 0; i < _flushes.Length; i++)
        {
            _flushes[i] = new HeldFlush(CompleteDueFlushes);
        }
        _flushTimer = new LoopTimer(loop, CompleteDueFlushes);
    }

    /// <inheritdoc/>
    public HostBudget HostMemory { get; }

    /// <summary>Runs on the loop when the configuration space changed and the driver must be told.</summary>
    internal Action? ConfigChanged { get; set; }

    /// <summary>The device's own feature bits to offer.</summary>
    internal ulong Features => (ulong)(GpuFeatures.Edid | (_options.Blob ? GpuFeatures.ResourceBlob : 0));

    /// <summary>Requests completed so far, on both queues.</summary>
    internal long CommandsDone { get; private set; }

    /// <summary>Resources alive.</summary>
    internal int ResourceCount => _resources.Count;

    /// <summary>Kinds of guest errors that were logged since the last reset.</summary>
    internal int ErrorKindsTold => _complained.Count;

    /// <summary>Handles what waits on the control queue.</summary>
    /// <returns>True if more waits than one turn takes: call again.</returns>
    internal bool ProcessControl(Virtqueue queue)
    {
        bool more = Process(queue, control: true);
        _hub.Commit();
        queue.Notify();
        return more;
    }

    /// <summary>Handles what waits on the cursor queue.</summary>
    /// <inheritdoc cref="ProcessControl" path="/returns"/>
    internal bool ProcessCursor(Virtqueue queue)
    {
        bool more = Process(queue, control: false);
        queue.Notify();
        return more;
    }

    /// <summary>The queue is about to be stopped: completes whatever of it is still held.</summary>
    internal void Drain(Virtqueue queue)
    {
        ForgetDisplayQuery(queue);
        CompleteFlushesOf(queue);
        queue.Notify();
    }

    /// <summary>Forgets everything the guest made, as at power-on. Requests still held are not completed.</summary>
    internal void Reset()
    {
        ForgetFlushes();
        ForgetDisplayQuery(null);
        _driverHasShown = false;
        for (int i = 0; i < _outputs.Length; i++)
        {
            SetShown(i, null);
            KeepScanout(i, default);
            _hub.DefineCursor(i, null);
            KeepCursor(i, null);
            _outputs[i].Pacer.Reset();
        }
        KeepNoResources();
        _resources.Clear();
        _complained.Clear();
        _config.EventsRead = 0;
        KeepConfig();
    }

    /// <summary>Frees all resources. The server that feeds it is disposed before.</summary>
    public void Dispose()
    {
        Reset();
        _flushTimer.Dispose();
    }

    private bool Process(Virtqueue queue, bool control)
    {
        int left = BatchSize;
        long end = Environment.TickCount64 + LongestTurn;
        do
        {
            while (!ReferenceEquals(_awaitingDisplays, queue) && queue.TryPop(out DescriptorChain chain))
            {
                _repeated = queue.IsRepeated;
                if (control)
                {
                    HandleControl(queue, chain);
                }
                else
                {
                    HandleCursor(queue, chain);
                }
                if (--left == 0 || Environment.TickCount64 >= end)
                {
                    return true;
                }
            }
        }
        while (queue.EnableKicks() && !ReferenceEquals(_awaitingDisplays, queue));
        return false;
    }

    [SkipLocalsInit]
    private void HandleControl(Virtqueue queue, DescriptorChain chain)
    {
        // The largest command without its list of entries. Copied once, then checked and used from here.
        Span<byte> buffer = stackalloc byte[Unsafe.SizeOf<Protocol.SetScanoutBlob>()];
        ReadOnlySpan<byte> command = buffer[..chain.Read(0, buffer)];
        if (!TryRead(command, out Protocol.Header header))
        {
            Complain(null, ResponseType.ErrUnspec, "a request is shorter than its header");
            Reply(queue, chain, default, ResponseType.ErrUnspec);
            return;
        }
        var type = (CommandType)header.Type;
        switch (type)
        {
            case CommandType.GetDisplayInfo or CommandType.GetEdid when MustAwaitDisplays(queue):
                return;
            case CommandType.GetDisplayInfo:
                ReplyDisplayInfo(queue, chain, header);
                return;
            case CommandType.GetEdid:
                ReplyEdid(queue, chain, header, command);
                return;
            case CommandType.ResourceFlush:
                HandleFlush(queue, chain, header, command);
                return;
        }
        ResponseType response = type switch
        {
            CommandType.ResourceCreate2D => Create2D(command),
            CommandType.ResourceCreateBlob => CreateBlob(Entries.Of(chain), command),
            CommandType.ResourceUnref => Unref(command),
            CommandType.ResourceAttachBacking => AttachBacking(Entries.Of(chain), command),
            CommandType.ResourceDetachBacking => DetachBacking(command),
            CommandType.TransferToHost2D => Transfer(command),
            CommandType.SetScanout => SetScanout(command),
            CommandType.SetScanoutBlob => SetScanoutBlob(command),
            _ => Refuse(type, ResponseType.ErrUnspec, "not offered by this device"),
        };
        Reply(queue, chain, header, response);
    }

    private static bool TryRead<T>(ReadOnlySpan<byte> command, out T value)
        where T : unmanaged => MemoryMarshal.TryRead(command, out value);

    private static Protocol.Header ResponseHeader(in Protocol.Header request, ResponseType type)
    {
        var header = new Protocol.Header { Type = (uint)type };
        if ((request.Flags & Protocol.FlagFence) != 0)
        {
            header.Flags = Protocol.FlagFence;
            header.FenceId = request.FenceId;
            header.ContextId = request.ContextId;
        }
        return header;
    }

    private void Reply(Virtqueue queue, DescriptorChain chain, in Protocol.Header request, ResponseType type)
    {
        Protocol.Header header = ResponseHeader(request, type);
        Push(queue, chain.Head, WriteResponse(chain, in header));
    }

    private void Push(Virtqueue queue, ushort head, int written)
    {
        queue.Push(head, (uint)written);
        CommandsDone++;
    }

    private static int WriteResponse<T>(DescriptorChain chain, in T response)
        where T : unmanaged => chain.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in response)));

    private ResponseType Refuse(CommandType command, ResponseType error, string why)
    {
        if (Enum.IsDefined(command))
        {
            Complain(command, error, why);
        }
        else
        {
            Complain(null, error, $"request 0x{(uint)command:x} is {why}");
        }
        return error;
    }

    /// <summary>Logs the first guest error of a kind.</summary>
    /// <param name="command">Null for a request that this device does not know: all of them are one kind, so that a guest cannot make many.</param>
    private void Complain(CommandType? command, ResponseType error, string why)
    {
        if (!_complained.IsFirst((command, error)))
        {
            return;
        }
        if (command is { } known)
        {
            _log.CommandRefused(known, error, why);
        }
        else
        {
            _log.NoCommandRefused(error, why);
        }
    }

    /// <summary>One output: its size as the guest is told it, and its pace. What it shows, the hub knows.</summary>
    private sealed class OutputState(int index, int width, int height, FlipPacer pacer)
    {
        public int Index { get; } = index;

        public int Width { get; set; } = width;

        public int Height { get; set; } = height;

        public bool Connected { get; set; } = true;

        public FlipPacer Pacer = pacer;
    }
}
