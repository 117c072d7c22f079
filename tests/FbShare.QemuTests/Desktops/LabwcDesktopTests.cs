using FbShare.Pictures;

namespace FbShare.QemuTests.Desktops;

/// <summary>labwc, a compositor of wlroots, drawn by pixman, and foot.</summary>
[Trait("Category", "Desktops")]
public sealed class LabwcDesktopTests(LabwcDesktops pair) : DesktopTests(pair), IClassFixture<LabwcDesktops>
{
    private protected override Rect Button => new(46, 644, 52, 18);
}

/// <inheritdoc cref="DesktopPair"/>
public sealed class LabwcDesktops() : DesktopPair(DesktopKind.Labwc);
