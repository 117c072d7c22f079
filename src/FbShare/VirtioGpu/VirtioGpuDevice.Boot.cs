using FbShare.Display;
using FbShare.Pictures;

namespace FbShare.VirtioGpu;

/// <content>The boot picture: what something beside the virtio-gpu draws for the first output until a driver shows a picture there,
/// and again after a reset.</content>
public sealed partial class VirtioGpuDevice
{
    private Scanout? _bootPicture;
    private bool _driverHasShown;

    /// <summary>The size that the guest is told to prefer for the first output, in pixels.</summary>
    internal (int Width, int Height) PreferredSize => (_outputs[0].Width, _outputs[0].Height);

    /// <summary>Whether the first output has the boot picture, if there is one: no driver has shown anything there since the last reset.</summary>
    internal bool ShowsBootPicture => !_driverHasShown;

    /// <summary>Whether anybody looks at the output that has it.</summary>
    internal bool IsBootPictureWatched => _hub.IsWatched(0);

    /// <summary>Brings the boot picture up to date: somebody is about to see it.</summary>
    internal Action? BootPictureWanted { get; set; }

    /// <inheritdoc/>
    public void PictureWanted(int output)
    {
        if (output == 0 && !_driverHasShown)
        {
            BootPictureWanted?.Invoke();
        }
    }

    /// <summary>Sets the boot picture; null: there is none.</summary>
    /// <param name="picture">Stays the caller's, who sets another before it is disposed.</param>
    internal void SetBootPicture(Scanout? picture)
    {
        _bootPicture = picture;
        if (!_driverHasShown)
        {
            _hub.SetScanout(0, picture);
            _hub.Commit();
        }
    }

    /// <summary>The boot picture changed.</summary>
    internal void FlushBootPicture(Rect damage)
    {
        if (!_driverHasShown)
        {
            _hub.Flush(0, damage);
        }
    }

    /// <summary>A driver's picture for an output, or none: every scanout goes this way to the hub.</summary>
    private void SetShown(int output, Scanout? scanout)
    {
        if (output == 0 && scanout is not null && !_driverHasShown)
        {
            _driverHasShown = true;
            KeepConfig();
        }
        _hub.SetScanout(output, output == 0 && !_driverHasShown ? _bootPicture : scanout);
    }
}
