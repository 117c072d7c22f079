using FbShare.Linux;

namespace FbShare.Rig.Bench;

/// <summary>A device that does nothing but answer every kick with an interrupt, on a thread of its own. Its CPU time is what waking and being
/// woken cost on this host.</summary>
internal sealed class EchoRig : IDisposable
{
    private readonly EventLoop _loop = new();
    private readonly EventLoop _driver = new();
    private readonly EventFd _kick = new();
    private readonly EventFd _call = new();
    private readonly Thread _thread;

    public EchoRig()
    {
        _loop.Add(_kick.Descriptor, LoopEvents.Readable | LoopEvents.Edge, _ => _call.Signal());
        _driver.Add(_call.Descriptor, LoopEvents.Readable, _ => _call.Drain());
        _thread = new Thread(_loop.Run) { IsBackground = true, Name = "echo" };
        _thread.Start();
    }

    /// <summary>One kick, and the interrupt for it.</summary>
    public void Turn()
    {
        _kick.Signal();
        _driver.RunOnce(-1);
    }

    /// <summary>CPU nanoseconds of the thread so far.</summary>
    public long Cpu() => OnLoop(() => ThreadClock.CpuTime);

    public T OnLoop<T>(Func<T> function) => BenchRig.OnLoop(_loop, function);

    public void Dispose()
    {
        _loop.Stop();
        _thread.Join();
        _loop.Dispose();
        _driver.Dispose();
        _kick.Dispose();
        _call.Dispose();
    }
}
