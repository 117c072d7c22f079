using FbShare.Linux;

namespace FbShare.VhostUser;

/// <content>QEMU's own display (GPU_SET_SOCKET): pictures go there, and the sizes of its windows come from there.</content>
internal sealed partial class VhostUserBackend
{
    /// <summary>How long a guest that asks for its displays waits for QEMU's answer; the guest itself gives up after 5 s.</summary>
    private static readonly TimeSpan DisplayPatience = TimeSpan.FromSeconds(1);

    /// <summary>The size that QEMU reported last for each output. Until somebody sets xres and yres or resizes its window, QEMU reports
    /// its default, which nobody asked for: then the device's own sizes stay.</summary>
    private readonly DisplaySize[] _said = [.. Enumerable.Range(0, DisplaySize.MaxOutputs).Select(i => i == 0 ? new DisplaySize(true, 1280, 800) : default)];

    private LoopTimer? _displayTimer;

    private void OpenGpuSocket(UnixSocket socket)
    {
        _gpuSocket = new GpuSocket(Loop, socket, _forward, Log) { DisplaysTold = TakeDisplays };
        _displayTimer ??= new LoopTimer(Loop, DisplaysNotTold);
        _device.DisplayQuery = QueryDisplays;
    }

    private void CloseGpuSocket()
    {
        _device.DisplayQuery = null;
        _gpuSocket?.Dispose();
        _gpuSocket = null;
        AnswerDisplays();
        if (IsClosed)
        {
            _displayTimer?.Dispose();
        }
    }

    private bool QueryDisplays()
    {
        bool asked = _gpuSocket!.AskDisplays();
        if (asked)
        {
            _displayTimer!.SetAfter(DisplayPatience);
        }
        return asked;
    }

    private void DisplaysNotTold()
    {
        try
        {
            TakeDisplays(default);
        }
        catch (Exception e)
        {
            Dismiss(e);
        }
    }

    /// <param name="sizes">Empty if QEMU did not answer.</param>
    private void TakeDisplays(ReadOnlySpan<DisplaySize> sizes)
    {
        for (int i = 0; i < sizes.Length; i++)
        {
            if (sizes[i] != _said[i])
            {
                _said[i] = sizes[i];
                _device.SetDisplay(i, sizes[i].Connected, sizes[i].Width, sizes[i].Height);
            }
        }
        AnswerDisplays();
    }

    /// <summary>Answers a guest that waits to be told its displays.</summary>
    private void AnswerDisplays()
    {
        _displayTimer?.Cancel();
        if (_device.AnswerDisplays())
        {
            Kicked(_vrings[0]);
        }
    }
}
