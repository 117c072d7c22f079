namespace FbShare.Tools.BenchPeers;

/// <summary>How cases are measured.</summary>
/// <param name="Seconds">How long the guest flips.</param>
/// <param name="Rate">How often; null for as often as it can.</param>
/// <param name="Card">What its card program does, or <c>desktop NAME</c>: somebody types in a guest with a desktop.</param>
/// <param name="Pictures">The folder for what the X server shows in the end; null for none.</param>
internal sealed record PeerSettings(int Seconds, int? Rate, string Card, string? Pictures)
{
    public const int Width = 1920;
    public const int Height = 1080;

    private const string DesktopWord = "desktop";

    /// <summary>The guest's desktop, as tools/desktop calls it; null: the test guest's card program.</summary>
    public string? Desktop => Card == DesktopWord ? "xorg" : Card.StartsWith($"{DesktopWord} ", StringComparison.Ordinal) ? Card[(DesktopWord.Length + 1)..] : null;
}
