namespace FbShare.Tools.BenchCheck;

/// <summary>A figure that must hold on every machine: a count, or a ratio of what was measured in one run.</summary>
/// <param name="Name">For its row of the table.</param>
/// <param name="Value">Gets it from what was measured.</param>
/// <param name="Note">A word on it.</param>
internal sealed record Check(string Name, Func<Figures, double> Value, Limit Limit, string Note = "")
{
    /// <summary>All. The limits stand off from what is usual far enough that noise does not reach them, and near enough that
    /// a step more on the way of a flip does.</summary>
    public static IReadOnlyList<Check> All { get; } =
    [
        new("system calls per flip", f => f.SystemCallsPerFlip, Limit.AtMost(5.6), "guest and device: kick, wait, call, wait, read"),
        new("system calls per watched flip", f => f.SystemCallsPerWatchedFlip, Limit.AtMost(45), "guest, device and a viewer of the guest's own pages, both of which look at messages before sd-bus does"),
        new("bytes allocated per flip", f => f["flip.allocated"], Limit.AtMost(0)),
        new("bytes copied per flip", f => f["flip.copied"], Limit.AtMost(0)),
        new("bytes copied / damaged", f => f["copy.bytes/damage"], Limit.Exactly(1)),
        new("flip / floor", f => f["flip.1080p.cpu/floor"], Limit.AtMost(4), "CPU of the device, nobody looking"),
        new("flip 640x480 / 1080p", f => f["flip.640x480.cpu/1080p"], Limit.AtMost(1.25)),
        new("flip 4K / 1080p", f => f["flip.4k.cpu/1080p"], Limit.AtMost(1.25)),
        new("flip 8K / 1080p", f => f["flip.8k.cpu/1080p"], Limit.AtMost(1.25)),
        // Measured only where there are two.
        new("flip / floor, 2 processors", f => f.Find("two-processors.flip.cpu/floor") ?? 0, Limit.AtMost(1.7), "beside a device that does nothing"),
        new("command / floor", f => f["command.cpu"] / f["floor"], Limit.AtMost(0.5), "in batches of 16"),
        new("page of a resource / floor", f => f["create.8100-entries"] * 1000 / 8100 / f["floor"], Limit.AtMost(0.15), "checked and indexed"),
        new("copy 1080p / memcpy", f => f["copy.1080p.one-piece/memcpy"], Limit.AtLeast(1)),
        new("copy 1080p pages / memcpy", f => f["copy.1080p.single-pages/memcpy"], Limit.AtLeast(1), "each page apart"),
        new("copy 4K / memcpy", f => f["copy.4k.one-piece/memcpy"], Limit.AtLeast(1)),
        new("copy 4K pages / memcpy", f => f["copy.4k.single-pages/memcpy"], Limit.AtLeast(1), "each page apart"),
    ];
}
