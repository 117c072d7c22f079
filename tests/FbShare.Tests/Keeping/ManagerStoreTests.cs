using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Tests.Cli;

namespace FbShare.Tests.Keeping;

/// <summary>Descriptors left with a service manager. What a real systemd makes of them is tested with guests.</summary>
public sealed class ManagerStoreTests : IDisposable
{
    private readonly FakeManager _manager = new();

    public void Dispose() => _manager.Dispose();

    [Fact]
    public void What_was_left_is_the_next_device_s_under_the_same_keys()
    {
        using FileDescriptor one = MemFd.Create("one", 4096), two = MemFd.Create("two", 8192);
        ulong memory = KeptKey.Of(DescriptorKind.Memory, 0x1_0000_0000), call = KeptKey.Of(DescriptorKind.Call, 1);
        ManagerStore store = Open(out IReadOnlyDictionary<ulong, FileDescriptor> none);
        Assert.Empty(none);
        store.Put(memory, one);
        store.Put(call, two);

        Open(out IReadOnlyDictionary<ulong, FileDescriptor> left);
        Assert.Equal([memory, call], left.Keys.Order());
        Assert.Equal(one.GetStatus(), left[memory].GetStatus());
        Assert.Equal(two.GetStatus(), left[call].GetStatus());
        Close(left);
        // And again: taking something does not take it away.
        Open(out left);
        Assert.Equal(2, left.Count);
        Close(left);
    }

    [Fact]
    public void Two_regions_of_one_file_are_both_kept_although_a_manager_keeps_an_open_file_once()
    {
        using FileDescriptor file = MemFd.Create("memory", 4096);
        ManagerStore store = Open(out _);
        store.Put(KeptKey.Of(DescriptorKind.Memory, 0), file);
        store.Put(KeptKey.Of(DescriptorKind.Memory, 4096), file);

        Open(out IReadOnlyDictionary<ulong, FileDescriptor> left);
        Assert.Equal(2, left.Count);
        Close(left);
    }

    [Fact]
    public void What_was_replaced_or_removed_is_closed()
    {
        using FileDescriptor one = MemFd.Create("one", 4096), two = MemFd.Create("two", 8192);
        ulong key = KeptKey.Of(DescriptorKind.Vector, 2);
        ManagerStore store = Open(out _);
        store.Put(key, one);
        store.Put(key, two);
        Assert.Equal(1, _manager.Count);
        store = Open(out IReadOnlyDictionary<ulong, FileDescriptor> left);
        Assert.Equal(8192, left[key].GetStatus().Size);
        Close(left);

        store.Remove(key);
        store.Remove(KeptKey.Of(DescriptorKind.Vector, 3));
        Assert.Equal(0, _manager.Count);
    }

    [Fact]
    public void A_device_that_died_between_the_new_one_and_the_old_one_of_a_key_has_left_the_new_one()
    {
        using FileDescriptor one = MemFd.Create("one", 4096), two = MemFd.Create("two", 8192);
        ulong key = KeptKey.Of(DescriptorKind.State);
        ManagerStore store = Open(out _);
        store.Put(key, one);
        _manager.IgnoresRemovals = true;
        store.Put(key, two);
        _manager.IgnoresRemovals = false;
        Assert.Equal(2, _manager.Count);

        store = Open(out IReadOnlyDictionary<ulong, FileDescriptor> left);
        Assert.Equal(8192, left[key].GetStatus().Size);
        Close(left);
        Assert.Equal(1, _manager.Count);
        // Names are not given twice, in no device's life.
        store.Put(key, one);
        Open(out left);
        Assert.Equal(4096, left[key].GetStatus().Size);
        Close(left);
    }

    [Fact]
    public void What_is_nothing_of_a_device_is_left_alone_and_closed_if_it_has_a_name_of_ours()
    {
        using FileDescriptor file = MemFd.Create("file", 4096);
        _manager.Add("fbshare.State.0", file);
        _manager.Add("fbshare.Nothing.0.1", file);
        _manager.Add("fbshare.State.0.7", file);
        _manager.Add("other", file);

        Open(out IReadOnlyDictionary<ulong, FileDescriptor> left);
        Assert.Empty(left);
        Assert.Equal(["other"], _manager.Names);
    }

    [Fact]
    public void A_guest_cannot_make_the_manager_work_without_end()
    {
        using FileDescriptor file = MemFd.Create("file", 4096);
        ManagerStore store = Open(out _);
        long start = EventLoop.Now;
        const int Rounds = 20_000;
        for (ulong i = 0; i < Rounds; i++)
        {
            store.Put(KeptKey.Of(DescriptorKind.Resource, 7), file);
        }
        double seconds = (EventLoop.Now - start) / 1e9;
        _manager.Drain();
        Assert.InRange(_manager.Kept, 4096, 4096 + (int)(200 * (seconds + 1)));
        // The rest is not a guest's to ask for.
        store.Put(KeptKey.Of(DescriptorKind.Call, 0), file);
        _manager.Drain();
        Assert.Contains(_manager.Names, name => name.StartsWith("fbshare.Call.0.", StringComparison.Ordinal));
    }

    [Fact]
    public void A_manager_that_is_gone_costs_the_machine_nothing_and_is_told_once()
    {
        using FileDescriptor file = MemFd.Create("file", 4096);
        var said = new List<string>();
        ManagerStore store = ManagerStore.Open(_manager.Manager, _manager.Hand(), said.Add, out _);
        _manager.Dispose();
        store.Put(KeptKey.Of(DescriptorKind.State), file);
        store.Put(KeptKey.Of(DescriptorKind.Connection), file);
        Assert.Single(said);
    }

    [Theory]
    [InlineData(4, "--keep=systemd", "was not started by systemd")]
    [InlineData(2, "--keep=other", "other")]
    public void A_device_that_no_manager_started_says_so(int status, string option, string says)
    {
        (int exitCode, _, string error) = FbShareProgram.Run("serve", option, "--vfio-user", "/tmp/none");
        Assert.Equal(status, exitCode);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    private ManagerStore Open(out IReadOnlyDictionary<ulong, FileDescriptor> left)
    {
        _manager.Drain();
        ManagerStore store = ManagerStore.Open(_manager.Manager, _manager.Hand(), Assert.Fail, out left);
        _manager.Drain();
        return store;
    }

    private static void Close(IReadOnlyDictionary<ulong, FileDescriptor> descriptors)
    {
        foreach (FileDescriptor fd in descriptors.Values)
        {
            fd.Dispose();
        }
    }
}
