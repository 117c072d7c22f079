namespace FbShare.QemuTests.Desktops;

/// <summary>The desktops that tools/desktop/build makes guests of, by their names in fbshare.desktop=.</summary>
internal enum DesktopKind
{
    /// <summary>The X server with openbox and xterm.</summary>
    Xorg,

    /// <summary>Weston and its terminal.</summary>
    Weston,

    /// <summary>labwc (wlroots) and foot.</summary>
    Labwc,
}
