using FbShare.Pictures;

namespace FbShare.QemuTests.Desktops;

/// <summary>Debian's X server with openbox and xterm.</summary>
public sealed class XorgDesktopTests(XorgDesktops pair) : DesktopTests(pair), IClassFixture<XorgDesktops>
{
    private protected override Rect Button => new(44, 643, 44, 14);
}

/// <inheritdoc cref="DesktopPair"/>
public sealed class XorgDesktops() : DesktopPair(DesktopKind.Xorg);
