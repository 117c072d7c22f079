using FbShare.Linux;

namespace FbShare.Keeping;

/// <summary>A device's own view of what is kept for it: descriptors, and the state that the next device goes on with.</summary>
/// <remarks>Not thread-safe; belongs to the device's loop.</remarks>
public sealed class Keeper : IDisposable
{
    private readonly IDescriptorStore _store;
    private readonly Dictionary<ulong, FileDescriptor> _left = [];
    private readonly HashSet<ulong> _kept = [];

    private Keeper(IDescriptorStore store, KeptState state)
    {
        _store = store;
        State = state;
    }

    /// <summary>Whether this device goes on with what another one has left.</summary>
    public bool IsResumed { get; private set; }

    /// <summary>What was left and could not be read, in a sentence; null if there was nothing of the kind.</summary>
    public string? Unreadable { get; private set; }

    /// <summary>What the program itself has written down; empty if nothing.</summary>
    public ReadOnlySpan<byte> ProgramState => State.At(KeptState.Cell.Program).Bytes;

    internal KeptState State { get; }

    /// <summary>Goes on with what an earlier device has left, or starts afresh if nothing was left.</summary>
    /// <param name="store">Where this device leaves its own; stays the caller's.</param>
    /// <param name="left">The kept descriptors by their keys; owned from here on.</param>
    /// <exception cref="LinuxException">The store is gone, or there is no memory or no descriptor free.</exception>
    public static Keeper Open(IDescriptorStore store, IReadOnlyDictionary<ulong, FileDescriptor> left)
    {
        KeptState? state = null;
        string? why = null;
        ulong stateKey = KeptKey.Of(DescriptorKind.State);
        if (left.TryGetValue(stateKey, out FileDescriptor? memory))
        {
            state = KeptState.TryOpen(memory, out string reason);
            why = state is null ? reason : null;
        }
        bool resumed = state is not null;
        state ??= KeptState.Create();
        var keeper = new Keeper(store, state) { IsResumed = resumed, Unreadable = why };
        foreach ((ulong key, FileDescriptor fd) in left)
        {
            keeper._kept.Add(key);
            if (key != stateKey)
            {
                keeper._left[key] = fd;
            }
        }
        if (!resumed)
        {
            keeper.Keep(DescriptorKind.State, 0, state.Memory);
        }
        return keeper;
    }

    /// <summary>Writes down something of the program's own, which does not end with a front-end.</summary>
    /// <param name="bytes">At most 4096.</param>
    public void SaveProgram(ReadOnlySpan<byte> bytes) => State.At(KeptState.Cell.Program).Write(bytes);

    /// <summary>Keeps a listening socket. Call this before anybody is told of it.</summary>
    /// <param name="which">Which one.</param>
    /// <param name="listener">Stays the caller's.</param>
    /// <exception cref="LinuxException">The store is gone.</exception>
    public void Keep(KeptListener which, UnixListener listener) => Keep((DescriptorKind)which, 0, listener.Descriptor);

    /// <summary>Takes a listening socket that an earlier device has left, with the connections that wait there; it stays kept.</summary>
    /// <param name="which">Which one.</param>
    /// <returns>The caller's; null if none was left, or if it was taken already.</returns>
    /// <exception cref="LinuxException">It is no socket, or no descriptor is free.</exception>
    public UnixListener? Take(KeptListener which) => Take((DescriptorKind)which) is { } left ? UnixListener.Adopt(left) : null;

    /// <summary>Keeps a descriptor. Call this before acting upon what it is for.</summary>
    /// <param name="descriptor">Stays the caller's.</param>
    internal void Keep(DescriptorKind kind, ulong number, FileDescriptor descriptor)
    {
        State.Step();
        ulong key = KeptKey.Of(kind, number);
        _store.Put(key, descriptor);
        _kept.Add(key);
    }

    /// <summary>Keeps a descriptor no longer.</summary>
    internal void Drop(DescriptorKind kind, ulong number = 0) => Drop(KeptKey.Of(kind, number));

    /// <summary>Takes what an earlier device has left; it stays kept.</summary>
    /// <returns>The caller's; null if nothing was left, or if it was taken already.</returns>
    internal FileDescriptor? Take(DescriptorKind kind, ulong number = 0) => _left.Remove(KeptKey.Of(kind, number), out FileDescriptor? fd) ? fd : null;

    /// <summary>A front-end came: it is kept from now on.</summary>
    /// <param name="connection">Stays the caller's.</param>
    internal void BeginSession(FileDescriptor connection)
    {
        EndSession();
        Keep(DescriptorKind.Connection, 0, connection);
        State.At(KeptState.Cell.Session).Write((byte)1);
    }

    /// <summary>Whether an earlier device has left a front-end.</summary>
    internal bool HasSession =>
        (Unreadable is not null || !State.At(KeptState.Cell.Session).Bytes.IsEmpty) && _left.ContainsKey(KeptKey.Of(DescriptorKind.Connection));

    /// <summary>The front-end is gone: nothing of it is kept any longer.</summary>
    internal void EndSession()
    {
        State.Clear();
        DropAll(KeptKey.IsOfFrontEnd);
    }

    internal void DropAll(DescriptorKind kind) => DropAll(key => KeptKey.KindOf(key) == kind);

    /// <summary>Everything that was left and is of use has been taken: the rest is closed.</summary>
    internal void ForgetLeftovers()
    {
        foreach (ulong key in _left.Keys.ToArray())
        {
            if (KeptKey.IsOfFrontEnd(key))
            {
                Drop(key);
            }
        }
    }

    /// <summary>Closes what was left and not taken, and unmaps the state. All stays kept.</summary>
    public void Dispose()
    {
        foreach (FileDescriptor fd in _left.Values)
        {
            fd.Dispose();
        }
        _left.Clear();
        State.Dispose();
    }

    private void DropAll(Func<ulong, bool> which)
    {
        foreach (ulong key in _kept.Where(which).ToArray())
        {
            Drop(key);
        }
    }

    private void Drop(ulong key)
    {
        if (_kept.Remove(key))
        {
            State.Step();
            _store.Remove(key);
        }
        if (_left.Remove(key, out FileDescriptor? fd))
        {
            fd.Dispose();
        }
    }
}
