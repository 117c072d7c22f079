using BenchmarkDotNet.Attributes;
using FbShare.Display;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.VirtioGpu;

namespace FbShare.Benchmarks;

/// <summary>Each virtio-gpu command by itself, from the ring to the ring, with nobody looking.</summary>
public class CommandBenchmarks
{
    private const uint Blob = 1, OtherBlob = 2, TwoD = 3, Other2D = 4, Pointer = 5, Passing = 9;
    private const uint Width = 1920, Height = 1080, Size = Width * Height * 4;
    private const ulong Pages = FrontEndDriver.FreeMemory;

    private readonly EventLoop _loop = new();
    private readonly DisplayHub _hub = new(1);
    private QueueRig _rig = null!;
    private VirtioGpuDevice _device = null!;
    private ushort _displayInfo, _edid, _create2D, _createBlob, _unref, _attach, _detach, _transfer2D, _transferBlob, _flush, _fencedFlush;
    private ushort _cursorOn, _cursorMove;
    private ushort[] _setScanouts = null!, _setScanoutBlobs = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _rig = new QueueRig(64 << 20);
        _device = new VirtioGpuDevice(new GpuOptions { RefreshHz = null }, _rig.Memory, _hub, _loop, new RefusalIsFatal());
        _hub.Source = _device;
        // What stays.
        _rig.Prepare(Commands.CreateBlob(Blob, Size, (Pages, Size)));
        _rig.Prepare(Commands.CreateBlob(OtherBlob, Size, (Pages + Size, Size)));
        _rig.Prepare(Commands.Create2D(TwoD, 2, Width, Height));
        _rig.Prepare(Commands.Attach(TwoD, (Pages, Size)));
        _rig.Prepare(Commands.Create2D(Other2D, 2, Width, Height));
        _rig.Prepare(Commands.Create2D(Pointer, 1, 64, 64));
        // What is measured.
        _displayInfo = _rig.Prepare(Commands.GetDisplayInfo(), 512);
        _edid = _rig.Prepare(Commands.GetEdid(0), 1056);
        _setScanouts = [_rig.Prepare(Commands.SetScanout(0, TwoD, 0, 0, Width, Height)), _rig.Prepare(Commands.SetScanout(0, Other2D, 0, 0, Width, Height))];
        _transfer2D = _rig.Prepare(Commands.Transfer(TwoD, 0, 0, 64, 64, 0));
        _attach = _rig.Prepare(Commands.Attach(Other2D, (Pages, Size)));
        _detach = _rig.Prepare(Commands.Detach(Other2D));
        _create2D = _rig.Prepare(Commands.Create2D(Passing, 2, Width, Height));
        _unref = _rig.Prepare(Commands.Unref(Passing));
        _createBlob = _rig.Prepare(Commands.CreateBlob(Passing, Size, (Pages, Size)));
        _rig.Prepare(Commands.Unref(Passing));
        _transferBlob = _rig.Prepare(Commands.Transfer(Blob, 0, 0, Width, Height, 0));
        _setScanoutBlobs = [_rig.Prepare(Commands.SetScanoutBlob(0, Blob, 2, Width, Height, Width * 4)), _rig.Prepare(Commands.SetScanoutBlob(0, OtherBlob, 2, Width, Height, Width * 4))];
        _flush = _rig.Prepare(Commands.Flush(OtherBlob, 0, 0, Width, Height));
        _fencedFlush = _rig.Prepare(Commands.Flush(OtherBlob, 0, 0, Width, Height, fence: 1));
        _device.ProcessControl(_rig.Queue);
        _cursorOn = _rig.Prepare(Commands.UpdateCursor(0, 10, 10, Pointer, 0, 0), responseSize: 0);
        _cursorMove = _rig.Prepare(Commands.MoveCursor(0, 20, 20), responseSize: 0);
        _device.ProcessCursor(_rig.Queue);
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _device.Dispose();
        _hub.Dispose();
        _rig.Dispose();
        _loop.Dispose();
    }

    [Benchmark]
    public bool GET_DISPLAY_INFO() => Control(_displayInfo);

    [Benchmark]
    public bool GET_EDID() => Control(_edid);

    [Benchmark(Description = "RESOURCE_CREATE_2D 1080p, UNREF")]
    public bool Create2DAndUnref() => Control(_create2D, _unref);

    [Benchmark(Description = "RESOURCE_CREATE_BLOB 1080p, 1 entry, UNREF")]
    public bool CreateBlobAndUnref() => Control(_createBlob, _unref);

    [Benchmark(Description = "RESOURCE_ATTACH_BACKING, DETACH_BACKING")]
    public bool AttachAndDetach() => Control(_attach, _detach);

    [Benchmark(Description = "TRANSFER_TO_HOST_2D 64x64")]
    public bool Transfer2D() => Control(_transfer2D);

    [Benchmark(Description = "TRANSFER_TO_HOST_2D of a blob")]
    public bool TransferBlob() => Control(_transferBlob);

    [Benchmark(Description = "SET_SCANOUT", OperationsPerInvoke = 2)]
    public bool SetScanout() => Control(_setScanouts);

    [Benchmark(Description = "SET_SCANOUT_BLOB", OperationsPerInvoke = 2)]
    public bool SetScanoutBlob() => Control(_setScanoutBlobs);

    [Benchmark]
    public bool RESOURCE_FLUSH() => Control(_flush);

    [Benchmark(Description = "RESOURCE_FLUSH, fenced")]
    public bool FencedFlush() => Control(_fencedFlush);

    [Benchmark(Description = "TRANSFER, SET_SCANOUT_BLOB, fenced FLUSH: a flip")]
    public bool Flip() => Control(_transferBlob, _setScanoutBlobs[1], _fencedFlush);

    [Benchmark]
    public bool UPDATE_CURSOR() => Cursor(_cursorOn);

    [Benchmark]
    public bool MOVE_CURSOR() => Cursor(_cursorMove);

    private bool Control(params ReadOnlySpan<ushort> heads)
    {
        foreach (ushort head in heads)
        {
            _rig.Send(head);
        }
        return _device.ProcessControl(_rig.Queue);
    }

    private bool Cursor(ushort head)
    {
        _rig.Send(head);
        return _device.ProcessCursor(_rig.Queue);
    }
}
