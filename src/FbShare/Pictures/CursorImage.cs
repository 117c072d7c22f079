namespace FbShare.Pictures;

/// <summary>The picture of a mouse pointer: AR24 pixels with premultiplied alpha, rows without padding.</summary>
/// <param name="Width">Pixels; virtio-gpu cursors are 64x64.</param>
/// <param name="Height">Pixels.</param>
/// <param name="HotX">The column of the pixel that points.</param>
/// <param name="HotY">Its row.</param>
/// <param name="Pixels">Width * Height * 4 bytes (B, G, R, A).</param>
public sealed record CursorImage(int Width, int Height, int HotX, int HotY, ReadOnlyMemory<byte> Pixels);

/// <summary>Where the pointer's picture is on an output: its top left corner in the output's pixels, which may be negative.</summary>
public readonly record struct CursorPosition(int X, int Y, bool Visible);
