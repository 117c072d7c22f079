using System.Buffers.Binary;
using System.Runtime.InteropServices;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Tests.Cli;

namespace FbShare.Tests.Keeping;

/// <summary>The keeper's side, and what a device makes of a state that is not as it should be.</summary>
public sealed class KeeperTests
{
    [Fact]
    public void A_device_that_sends_descriptors_without_end_is_kept_no_more_than_the_limit()
    {
        using var table = new DescriptorTable();
        using FileDescriptor some = FileDescriptor.Open("/dev/null", writable: false);
        for (ulong i = 0; i < 1000; i++)
        {
            table.Handle(new KeeperMessage(KeeperRequest.Put, 0, i % 10), some.Duplicate());
        }
        Assert.Equal(10, table.Count);
        table.Handle(new KeeperMessage((KeeperRequest)99, 0, 5), some.Duplicate());
        table.Handle(new KeeperMessage(KeeperRequest.Remove, 0, 5), null);
        table.Handle(new KeeperMessage(KeeperRequest.Put, 0, 6), null);
        Assert.Equal(8, table.Count);
    }

    [Fact]
    public void What_a_device_has_sent_before_it_died_is_there_and_the_next_one_gets_it()
    {
        using var loop = new EventLoop();
        using var table = new DescriptorTable();
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (var link = new KeptDeviceLink(loop, ours, table))
        {
            KeeperMessage.Send(theirs, KeeperRequest.Put, 7, theirs.Descriptor);
            KeeperMessage.Send(theirs, KeeperRequest.Put, 8, theirs.Descriptor);
            KeeperMessage.Send(theirs, KeeperRequest.Remove, 8);
            theirs.Dispose();
            link.Receive();
        }
        Assert.Equal(1, table.Count);

        (UnixSocket next, UnixSocket device) = UnixSocket.CreatePair();
        using (next)
        {
            table.SendTo(next);
            using KeeperClient client = KeeperClient.Connect(device, out IReadOnlyDictionary<ulong, FileDescriptor> kept);
            Assert.Equal([7UL], kept.Keys);
            Assert.True(kept[7].GetStatus().IsSocket);
            kept[7].Dispose();
        }
    }

    [Fact]
    public void Descriptors_that_a_keeper_sends_twice_or_beside_others_are_closed()
    {
        (UnixSocket keeper, UnixSocket device) = UnixSocket.CreatePair();
        (UnixSocket witness, UnixSocket sent) = UnixSocket.CreatePair();
        using (keeper)
        using (witness)
        {
            for (int i = 0; i < 2; i++)
            {
                var message = new KeeperMessage(KeeperRequest.Put, 0, 7);
                keeper.SendAll(MemoryMarshal.AsBytes(new ReadOnlySpan<KeeperMessage>(in message)), [sent.Descriptor, sent.Descriptor]);
            }
            KeeperMessage.Send(keeper, KeeperRequest.End, 0, sent.Descriptor);
            sent.Dispose();
            using KeeperClient client = KeeperClient.Connect(device, out IReadOnlyDictionary<ulong, FileDescriptor> kept);
            Assert.Null(witness.Receive(new byte[1], wait: false));
            Assert.Single(kept).Value.Dispose();
            Assert.Equal(0, witness.Receive(new byte[1], wait: false));
        }
    }

    [Fact]
    public void A_state_of_another_version_is_not_read()
    {
        using KeptState state = KeptState.Create();
        BinaryPrimitives.WriteUInt32LittleEndian(state.Slice(8, 4), KeptState.Version + 1);

        Assert.Null(KeptState.TryOpen(state.Memory.Duplicate(), out string why));
        Assert.Equal($"it is of version {KeptState.Version + 1}, and this program reads version {KeptState.Version}", why);
    }

    [Fact]
    public void A_state_of_nonsense_is_read_without_harm()
    {
        var random = new Random(3);
        for (int round = 0; round < 200; round++)
        {
            using KeptState state = KeptState.Create();
            state.Records.Put(1, [1, 2, 3]);
            // All of it but the magic number and the version.
            Span<byte> used = state.Slice(12, 1 << 16);
            for (int i = 0; i < 500; i++)
            {
                used[random.Next(used.Length)] = (byte)random.Next(256);
            }
            random.NextBytes(state.Slice(1 << 20, 4096));
            random.NextBytes(state.Slice((1 << 20) - 8, 8));

            using KeptState? read = KeptState.TryOpen(state.Memory.Duplicate(), out _);
            _ = read!.At(KeptState.Cell.Function).Bytes.Length;
            _ = read.Ring(0).Entries.Count();
            read.Records.Put(2, [4, 5]);
        }
    }

    [Fact]
    public void Records_that_count_outlive_those_that_do_not_when_the_memory_is_full()
    {
        using KeptState state = KeptState.Create();
        var large = new byte[1 << 20];
        state.Records.Put(1, [1, 2, 3]);
        for (int i = 0; i < 300; i++)
        {
            large[0] = (byte)i;
            Assert.True(state.Records.Put(2, large));
        }
        state.Records.Put(3, [9]);
        state.Records.Delete(3);

        using KeptState? read = KeptState.TryOpen(state.Memory.Duplicate(), out _);
        Assert.True(read!.Records.TryGet(1, out ReadOnlySpan<byte> small));
        Assert.Equal([1, 2, 3], small.ToArray());
        Assert.True(read.Records.TryGet(2, out ReadOnlySpan<byte> last));
        Assert.Equal(299 % 256, last[0]);
        Assert.False(read.Records.TryGet(3, out _));
        Assert.False(state.Records.Put(4, new byte[130 << 20]));
        Assert.True(state.Records.IsIncomplete);
    }

    [Theory]
    [InlineData("--once")]
    [InlineData("--fd=0")]
    public void A_device_that_ends_with_its_machine_cannot_be_kept(string option)
    {
        (int exitCode, _, string error) = FbShareProgram.Run(["serve", "--keep", option, .. option == "--once" ? ["--vfio-user", "/tmp/none"] : Array.Empty<string>()]);
        Assert.Equal(2, exitCode);
        Assert.Contains("--keep cannot be had", error, StringComparison.Ordinal);
    }
}
