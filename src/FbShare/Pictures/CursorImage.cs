namespace FbShare.Pictures;

/// <summary>A pointer's picture: premultiplied AR24 pixels, packed rows.</summary>
/// <param name="Width">Pixels; virtio-gpu cursors are 64x64.</param>
/// <param name="Height">Pixels.</param>
/// <param name="HotX">The pixel that points, from the left.</param>
/// <param name="HotY">The pixel that points, from the top.</param>
/// <param name="Pixels">Width * Height * 4 bytes (B, G, R, A).</param>
public sealed record CursorImage(int Width, int Height, int HotX, int HotY, ReadOnlyMemory<byte> Pixels);

/// <summary>Where an output's pointer picture is: its left top corner, in pixels of the output (may be negative).</summary>
public readonly record struct CursorPosition(int X, int Y, bool Visible);
