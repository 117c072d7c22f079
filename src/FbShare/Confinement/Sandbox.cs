using System.Runtime.CompilerServices;
using FbShare.Linux;

namespace FbShare.Confinement;

/// <summary>Everything that confines a process once it runs, and what of it is in force.</summary>
public sealed class Sandbox
{
    /// <summary>A build with a compiler in it needs files and memory for code at any time.</summary>
    private const string CompilesLater = "this build compiles its code while it runs (the published program does not)";

    private const string FilterName = "system call filter";

    private const string Reduced = "no capabilities but for files";

    private readonly List<SandboxMeasure> _measures = [];

    private Sandbox()
    {
    }

    /// <summary>All measures, with why one is not in force.</summary>
    public IReadOnlyList<SandboxMeasure> Measures => _measures;

    /// <summary>Whether system calls are filtered.</summary>
    public bool FiltersCalls => _measures.Exists(m => m.Obstacle is null && m.Name.StartsWith(FilterName, StringComparison.Ordinal));

    /// <summary>Whether every measure is in force.</summary>
    public bool IsWhole => _measures.TrueForAll(m => m.Obstacle is null);

    /// <summary>What is in force and what is not, on one line.</summary>
    public string Description
    {
        get
        {
            string there = string.Join(", ", _measures.Where(m => m.Obstacle is null).Select(m => m.Name));
            string missing = string.Join("; ", _measures.Where(m => m.Obstacle is not null).Select(m => $"no {m.Name}: {m.Obstacle}"));
            return missing.Length == 0 ? there : $"{there}{(there.Length == 0 ? "" : "; ")}{missing}";
        }
    }

    /// <summary>What this kernel and this build of the program offer; puts nothing into force.</summary>
    public static Sandbox Foretell()
    {
        var sandbox = new Sandbox();
        sandbox.Add("no new privileges", null);
        sandbox.Add("no capabilities", null);
        sandbox.Add("limits", null);
        sandbox.Add(FilterName, FilterObstacle());
        sandbox.Add("Landlock", LandlockObstacle(Landlock.Version));
        return sandbox;
    }

    /// <summary>Confines this process as a device's, for good: what it needs must be open by now (<see cref="Display.DmaBufExporter.Prepare"/>), and paths go through
    /// <see cref="PathHelper"/>.</summary>
    /// <returns>What is in force. What cannot be had is left out and no exception.</returns>
    public static Sandbox EnterAsDevice()
    {
        var sandbox = new Sandbox();
        sandbox.Restrict();
        sandbox.Try("no capabilities", null, Privileges.DropAll);
        int landlock = Landlock.Version;
        string? obstacle = LandlockObstacle(landlock);
        sandbox.Try("Landlock", obstacle, () => Landlock.DenyAll(landlock));
        sandbox.Filter(SystemCallPolicy.OfDevice(Environment.ProcessId));
        return sandbox;
    }

    /// <summary>Confines this process as a device's helper (<see cref="PathServer"/>), for good: files, but nothing else than a device.</summary>
    /// <inheritdoc cref="EnterAsDevice"/>
    public static Sandbox EnterAsHelper()
    {
        var sandbox = new Sandbox();
        sandbox.Restrict();
        sandbox.Add(Reduced, Privileges.HasNeedlessCapabilities ? "this process may not give them up" : null);
        sandbox.Filter(SystemCallPolicy.OfHelper(Environment.ProcessId));
        return sandbox;
    }

    /// <summary>Confines this process as a keeper's, and every program that it starts from now on, for good.</summary>
    /// <param name="keepsCapabilities">Whether it keeps those that it has: they are each thread's own, and cannot be taken from all.</param>
    /// <inheritdoc cref="EnterAsDevice"/>
    public static Sandbox EnterAsKeeper(bool keepsCapabilities)
    {
        var sandbox = new Sandbox();
        sandbox.Restrict();
        if (!keepsCapabilities)
        {
            sandbox.Add(Reduced, Privileges.HasNeedlessCapabilities ? "this process may not give them up" : null);
        }
        sandbox.Filter(SystemCallPolicy.OfKeeper());
        return sandbox;
    }

    private void Restrict()
    {
        Try("no new privileges", null, Privileges.MakeFinal);
        Try("limits", null, ProcessLimits.Lower);
    }

    private void Filter(SystemCallPolicy policy) => Try($"{FilterName} ({policy.Summary})", FilterObstacle(), () => SeccompFilter.Apply(policy));

    private void Add(string name, string? obstacle) => _measures.Add(new SandboxMeasure(name, obstacle));

    private void Try(string name, string? obstacle, Action apply)
    {
        try
        {
            if (obstacle is null)
            {
                apply();
            }
        }
        catch (LinuxException e)
        {
            obstacle = e.Message;
        }
        Add(name, obstacle);
    }

    private static string? FilterObstacle() =>
        RuntimeFeature.IsDynamicCodeCompiled ? CompilesLater : SeccompFilter.IsAvailable ? null : "this kernel has no seccomp filters";

    private static string? LandlockObstacle(int version) =>
        RuntimeFeature.IsDynamicCodeCompiled ? CompilesLater : version > 0 ? null : "this kernel has none, or not switched on (lsm=landlock,... on its command line)";
}

/// <summary>One of the things that confine a process.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Obstacle">Why it is not in force; null if it is.</param>
public sealed record SandboxMeasure(string Name, string? Obstacle);
