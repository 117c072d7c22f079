using BenchmarkDotNet.Attributes;
using FbShare.Virtio;

namespace FbShare.Benchmarks;

/// <summary>The ring alone: entries taken and given back in batches of 16; time per entry.</summary>
public class VirtqueueBenchmarks
{
    private const int Batch = 16;

    private readonly ushort[] _heads = new ushort[Batch];
    private QueueRig _rig = null!;

    [Params(false, true)]
    public bool Indirect { get; set; }

    [Params(false, true)]
    public bool EventIdx { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _rig = new QueueRig(8 << 20, EventIdx);
        for (int i = 0; i < Batch; i++)
        {
            _heads[i] = _rig.Prepare(new byte[64], indirect: Indirect);
        }
        _rig.Discard();
    }

    [GlobalCleanup]
    public void CleanUp() => _rig.Dispose();

    [Benchmark(OperationsPerInvoke = Batch)]
    public bool PopAndPush()
    {
        foreach (ushort head in _heads)
        {
            _rig.Send(head);
        }
        do
        {
            while (_rig.Queue.TryPop(out DescriptorChain chain))
            {
                _rig.Queue.Push(chain.Head, 24);
            }
        }
        while (_rig.Queue.EnableKicks());
        return _rig.Queue.TakeNotification();
    }
}
