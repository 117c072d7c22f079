using FbShare.Pictures;

namespace FbShare.QemuTests.Desktops;

/// <summary>Weston on DRM, drawn by pixman, and its terminal.</summary>
[Trait("Category", "Desktops")]
public sealed class WestonDesktopTests(WestonDesktops pair) : DesktopTests(pair), IClassFixture<WestonDesktops>
{
    private protected override Rect Button => new(10, 4, 24, 24);

    private protected override bool IsInMenu => false;
}

/// <inheritdoc cref="DesktopPair"/>
public sealed class WestonDesktops() : DesktopPair(DesktopKind.Weston);
