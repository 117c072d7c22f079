namespace FbShare.Display;

/// <summary>The guest's last flush of an output.</summary>
/// <param name="At">When the device got it, in nanoseconds of <see cref="Linux.EventLoop.Now"/>'s clock, which all processes share.</param>
/// <param name="Count">How many the output has had, this one included.</param>
public readonly record struct FlushMark(long At, long Count);
