using FbShare.Linux;

namespace FbShare.Display;

/// <summary>Makes dma-bufs of scanouts where that can be, chooses the path of each, and tells once why a path is not the best.</summary>
public sealed class DmaBufExporter : IDisposable
{
    private const int MostTold = 64;

    private readonly PathRequest _request;
    private readonly Action<string> _tell;
    private readonly Func<UdmaBufDevice> _open;
    private readonly HashSet<PathChoice> _told = [];
    private UdmaBufDevice? _device;

    /// <param name="tell">Takes a line for the user's log.</param>
    /// <param name="open">How the device is opened; the real one if not given.</param>
    public DmaBufExporter(PathRequest request, Action<string> tell, Func<UdmaBufDevice>? open = null)
    {
        _request = request;
        _tell = tell;
        _open = open ?? (() => UdmaBufDevice.Open());
    }

    /// <summary>udmabufs made so far, bands and rebuilt ones included.</summary>
    public long Created { get; private set; }

    /// <summary>Exports that had come apart from the guest's memory and were made anew.</summary>
    public long Healed { get; private set; }

    /// <summary>The path of a picture to a consumer. Where it is not <see cref="FramePath.Copy"/>, the scanout's <see cref="Scanout.Export"/> is
    /// there and holds the guest's pages of this moment.</summary>
    /// <param name="output">For names and the log.</param>
    public PathChoice Choose(int output, Scanout scanout, bool consumerTakesDmaBuf)
    {
        Heal(output, scanout);
        PathChoice choice = Decide(scanout, consumerTakesDmaBuf);
        if (choice.Path != FramePath.Copy && scanout.Export is null)
        {
            Export(output, scanout);
            choice = Decide(scanout, consumerTakesDmaBuf);
        }
        if (choice.Path == FramePath.Copy)
        {
            Tell(output, scanout, choice);
        }
        return choice;
    }

    /// <summary>Makes the scanout's dma-bufs anew if the guest's memory has got other pages since (<see cref="Memory.PageWatch"/>).</summary>
    /// <returns>True if something was made anew: the picture must be shown again.</returns>
    public bool Heal(int output, Scanout scanout)
    {
        if (scanout.Export is not { Frame: not null } export || export.IsIntact())
        {
            return false;
        }
        scanout.DropExport();
        Export(output, scanout);
        Healed++;
        _tell($"output {output}: the guest's memory got other pages under resource {scanout.ResourceId}; its dma-buf was made anew");
        return true;
    }

    public void Dispose() => _device?.Dispose();

    private PathChoice Decide(Scanout scanout, bool consumerTakesDmaBuf) =>
        PathChooser.Choose(new ScanoutFacts(scanout.Kind, scanout.Guest is not null, scanout.Export?.Obstacle), consumerTakesDmaBuf, _request);

    private void Export(int output, Scanout scanout)
    {
        try
        {
            // Tried again at every new scanout: the cure may have been applied meanwhile.
            _device ??= _open();
            scanout.Export = DmaBufExport.Create(_device, scanout.Guest!, scanout.Layout, $"fbshare:{output}:{scanout.ResourceId}", mapped: _request.Path == FramePath.Mmap);
            Created += scanout.Export.Frame?.Bands.Count ?? 0;
        }
        catch (UdmaBufException e)
        {
            scanout.Export = new DmaBufExport(new PathObstacle(e.Reason, e.Cure));
        }
    }

    private void Tell(int output, Scanout scanout, PathChoice choice)
    {
        // A guest can cause many reasons; the log stays short.
        if (_told.Count < MostTold && _told.Add(choice))
        {
            _tell($"output {output}: resource {scanout.ResourceId} ({scanout.Layout}) goes by {choice}");
        }
    }
}
