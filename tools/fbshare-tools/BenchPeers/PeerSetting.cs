namespace FbShare.Tools.BenchPeers;

/// <summary>Who looks at a case's guest.</summary>
internal enum PeerSetting
{
    NobodyLooks,

    /// <summary>Somebody who has no window.</summary>
    NoWindow,

    /// <summary>A window of an X server (Xvfb), drawn by software.</summary>
    Window,

    /// <summary>A window of a Wayland compositor (Weston, drawn by pixman).</summary>
    WaylandWindow,

    /// <summary>Nobody, and only a host with /dev/udmabuf can do it: not measured unless it is asked for.</summary>
    UdmaBufHost,
}
