using FbShare.Linux;

namespace FbShare.Cli.Viewer;

/// <summary>What SDL reads on a bare console: input devices, and udev's messages about new ones. SDL does not tell their descriptors, so
/// they are found among this process's own.</summary>
internal sealed class ConsoleInput : IDisposable
{
    private readonly EventLoop _loop;
    private readonly Action _ready;
    private readonly List<(FileDescriptor Descriptor, EventLoop.Watch Watch)> _watched = [];

    /// <param name="ready">Has SDL read all that there is.</param>
    public ConsoleInput(EventLoop loop, Action ready)
    {
        _loop = loop;
        _ready = ready;
        WatchAll();
    }

    public void Dispose()
    {
        foreach ((FileDescriptor descriptor, EventLoop.Watch watch) in _watched)
        {
            watch.Dispose();
            descriptor.Dispose();
        }
        _watched.Clear();
    }

    private void WatchAll()
    {
        foreach ((int fd, string target) in ProcessDescriptors.List(Environment.ProcessId))
        {
            bool isDevice = target.StartsWith("/dev/input/event", StringComparison.Ordinal);
            if (!isDevice && !target.StartsWith("socket:", StringComparison.Ordinal))
            {
                continue;
            }
            FileDescriptor descriptor = FileDescriptor.DuplicateOf(fd);
            if (isDevice || ProcessDescriptors.IsNetlink(descriptor))
            {
                Watch(descriptor, isDevice);
            }
            else
            {
                descriptor.Dispose();
            }
        }
    }

    /// <summary>Edges only: a device that was pulled out is readable for ever.</summary>
    private void Watch(FileDescriptor descriptor, bool isDevice) =>
        _watched.Add((descriptor, _loop.Add(descriptor, LoopEvents.Readable | LoopEvents.Edge, _ => Ready(isDevice))));

    private void Ready(bool isDevice)
    {
        _ready();
        if (!isDevice)
        {
            // Devices came or went.
            Dispose();
            WatchAll();
        }
    }
}
