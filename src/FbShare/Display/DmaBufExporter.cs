using FbShare.Linux;
using FbShare.Logging;
using Microsoft.Extensions.Logging;

namespace FbShare.Display;

/// <summary>Makes dma-bufs of scanouts where possible, chooses the path of each, and tells once why a path is not the best.</summary>
public sealed class DmaBufExporter : IDisposable
{
    private readonly PathRequest _request;
    private readonly LogLimit _log;
    private readonly Func<UdmaBufDevice> _open;
    private readonly OncePerKind<PathChoice> _told = new();
    private UdmaBufDevice? _device;
    private UdmaBufException? _obstacle;

    /// <summary>Opens /dev/udmabuf when it is first needed.</summary>
    /// <param name="request">Which paths may be used.</param>
    /// <param name="log">Told once of each reason why a picture is not shared without copying.</param>
    public DmaBufExporter(PathRequest request, ILogger log)
        : this(request, log, () => UdmaBufDevice.Open())
    {
    }

    /// <param name="open">How the device is opened.</param>
    internal DmaBufExporter(PathRequest request, ILogger log, Func<UdmaBufDevice> open)
    {
        _request = request;
        _log = LogLimit.Around(log);
        _open = open;
    }

    /// <summary>How many udmabufs were made so far; each band counts, and so does one that was made again.</summary>
    internal long Created { get; private set; }

    /// <summary>How often dma-bufs were made again because the guest's memory had other pages by then.</summary>
    internal long Healed { get; private set; }

    /// <summary>Opens everything that dma-bufs will need, for a process that will not be able to open files any more.</summary>
    /// <param name="device">/dev/udmabuf, if somebody opened it already; owned from here on.</param>
    public void Prepare(FileDescriptor? device)
    {
        try
        {
            _device = device is null ? _open() : UdmaBufDevice.Adopt(device);
            _ = new PageMap();
        }
        catch (UdmaBufException e)
        {
            _obstacle = e.OnceAndForAll();
        }
        catch (LinuxException)
        {
            // No page map: the first dma-buf says so.
        }
    }

    /// <summary>The path of a picture to a consumer. Where it is not <see cref="FramePath.Copy"/>, the scanout's <see cref="Scanout.Export"/> is
    /// there and holds the guest's pages of this moment.</summary>
    /// <param name="output">For names and the log.</param>
    /// <param name="scanout">The picture.</param>
    /// <param name="consumerTakes">In which forms the consumer can take it.</param>
    public PathChoice Choose(int output, Scanout scanout, PictureForms consumerTakes)
    {
        Heal(output, scanout);
        PathChoice choice = Decide(scanout, consumerTakes);
        if (choice.Path != FramePath.Copy && scanout.Export is null)
        {
            Export(output, scanout);
            choice = Decide(scanout, consumerTakes);
        }
        if (choice.Path == FramePath.Copy && _told.IsFirst(choice))
        {
            _log.ShownByCopying(output, scanout.ResourceId, scanout.Layout, $"{choice.Reason}{Cure(choice.Cure)}");
        }
        return choice;
    }

    /// <summary>Tells why a picture does not reach a consumer at all.</summary>
    internal void TellUnseen(int output, Scanout scanout, PathObstacle obstacle)
    {
        if (_told.IsFirst(new PathChoice(FramePath.None, obstacle.Reason, obstacle.Cure)))
        {
            _log.NotShown(output, scanout.ResourceId, scanout.Layout, $"{obstacle.Reason}{Cure(obstacle.Cure)}");
        }
    }

    /// <summary>Makes the scanout's dma-bufs again if pages were replaced in the guest's memory (<see cref="Memory.PageWatch"/>).</summary>
    /// <returns>True if that was so: the picture must be shown again.</returns>
    internal bool Heal(int output, Scanout scanout)
    {
        if (scanout.Export is not { Frame: not null } export || export.IsIntact())
        {
            return false;
        }
        scanout.DropExport();
        Export(output, scanout);
        Healed++;
        _log.DmaBufsMadeAgain(output, scanout.ResourceId);
        return true;
    }

    /// <summary>Closes /dev/udmabuf. Dma-bufs that were made stay their scanouts'.</summary>
    public void Dispose() => _device?.Dispose();

    private PathChoice Decide(Scanout scanout, PictureForms consumerTakes)
    {
        // Which form the dma-bufs have is known once they are made.
        bool takesDmaBuf = scanout.Export?.Frame is { } frame ? consumerTakes.Cover(frame) : consumerTakes.Has(PictureForms.DmaBuf);
        return PathChooser.Choose(new ScanoutFacts(scanout.Kind, scanout.Guest is not null, scanout.Export?.Obstacle), takesDmaBuf, _request);
    }

    private void Export(int output, Scanout scanout)
    {
        try
        {
            // Tried again at every new scanout: the cure may have been applied meanwhile.
            _device ??= _obstacle is null ? _open() : throw _obstacle;
            scanout.Export = DmaBufExport.Create(_device, scanout.Guest!, scanout.Layout, $"fbshare:{output}:{scanout.ResourceId}", mapped: _request.Path == FramePath.Mmap);
            Created += scanout.Export.Frame?.Bands.Count ?? 0;
        }
        catch (UdmaBufException e)
        {
            scanout.Export = new DmaBufExport(new PathObstacle(e.Reason, e.Cure));
        }
    }

    private static string Cure(string? cure) => cure is null ? "" : $"; cure: {cure}";
}
