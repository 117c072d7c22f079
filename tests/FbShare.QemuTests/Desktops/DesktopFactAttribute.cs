namespace FbShare.QemuTests.Desktops;

/// <summary>A test with a guest that has a desktop; skipped, and says so, where something for that is missing.</summary>
internal sealed class DesktopFactAttribute : FactAttribute
{
    /// <param name="programs">What else has to be there, by Debian's packages of the same names.</param>
    public DesktopFactAttribute(params string[] programs) => Skip = TestMachine.Missing(Needs.Pci) ?? MissingDesktop ?? ViewerFactAttribute.Missing(programs);

    private static string? MissingDesktop =>
        File.Exists(Path.Combine(TestMachine.Desktop, "disk.ext4")) ? null : "the guests with a desktop (tools/desktop/build makes them)";
}
