namespace FbShare.Testing.Typing;

/// <summary>How fast keys and buttons follow each other.</summary>
/// <param name="Interval">From one key to the next.</param>
/// <param name="Hold">How long a key or button stays down.</param>
public readonly record struct InputPace(TimeSpan Interval, TimeSpan Hold)
{
    /// <summary>25 keys a second: an emulated guest that boots takes them, and a person could not type them.</summary>
    public static InputPace Default { get; } = Every(TimeSpan.FromMilliseconds(40));

    /// <summary>A key in every <paramref name="interval"/>, half of which it is down.</summary>
    public static InputPace Every(TimeSpan interval) => new(interval, interval / 2);
}
