using System.Diagnostics;
using FbShare.Capture;
using FbShare.Cli.Qemu;

namespace FbShare.QemuTests.Testbed;

/// <summary>The whole chain on a real kernel: a Linux guest in QEMU on our device, its scanout's own pages as a udmabuf, imported, drawn and
/// read back; beside it the same guest on QEMU's own device.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
[Trait("Category", "Nested")]
public sealed class NestedGuestTests(NestedGuests guests)
{
    [NestedFact(Needs.Blob)]
    public void A_guest_in_shmem_is_seen_through_its_own_pages() => AssertChain(guests.Shmem);

    /// <summary>A guest in huge pages takes another boot, of minutes (below): so this one gets a DIMM of them.</summary>
    [NestedFact(Needs.Blob | Needs.HugePages)]
    public void A_picture_in_hugetlb_memory_that_was_added_is_seen_through_its_own_pages()
    {
        guests.Shmem.TakeMemoryAs(AddedMemory.Kernel);
        guests.Shmem.AddDimm("huge", 128 << 20, NestedGuests.Patience, hugePages: true);
        AssertChain(guests.Shmem, shownIn: "huge");
    }

    [NestedFact(Needs.Pci)]
    [Trait("Category", "Slow")]
    public void A_guest_with_a_whole_PCI_device_is_seen_through_its_own_pages() => AssertChain(guests.Pci);

    [NestedFact(Needs.Pci | Needs.HugePages)]
    [Trait("Category", "Slow")]
    public void A_guest_in_hugetlb_is_seen_through_its_own_pages() => AssertChain(guests.HugeTlb);

    [NestedFact(Needs.Blob)]
    public void A_guest_whose_memory_went_through_the_balloon_is_seen_through_its_own_pages()
    {
        using var screen = new GuestScreen(guests.Shmem);
        screen.Show("card flip 3 full --frames 12", "card: flipped");
        screen.AssertSees(TestCard.Full(1280, 800, 12));
        screen.Guest.EndCard();

        // Most of the memory goes and comes back while the old buffers are still imported.
        Balloon(200L << 20);
        Balloon(512L << 20);

        screen.Show("card flip 3 full --frames 20", "card: flipped");
        screen.AssertSees(TestCard.Full(1280, 800, 20));
        screen.Guest.EndCard();

        void Balloon(long bytes)
        {
            screen.Guest.Monitor.Execute("balloon", json => json.WriteNumber("value", bytes));
            // Asking is waiting: each answer takes its time.
            var clock = Stopwatch.StartNew();
            while (screen.Guest.Monitor.Execute("query-balloon").GetProperty("actual").GetInt64() != bytes)
            {
                Assert.True(clock.Elapsed < NestedGuests.Patience, $"the guest did not bring its memory to {bytes >> 20} MiB");
            }
        }
    }

    [NestedFact(Needs.Blob)]
    [Trait("Category", "Slow")]
    public void The_same_guest_on_QEMU_s_own_blob_device_gives_a_screendump_that_is_our_picture()
    {
        using var screen = new GuestScreen(guests.Shmem);
        StockGuest stock = guests.Stock;
        foreach ((string command, string answer) in ((string, string)[])[("card still --frame 9", "card: shown"), ("card flip 3 full --frames 15", "card: flipped")])
        {
            screen.Show(command, answer);
            byte[] ours = screen.Look();
            stock.Machine.Ask(command, answer);

            Picture dump = stock.AwaitScreen(ours);

            Assert.Equal((1280, 800), (dump.Width, dump.Height));
            Assert.Equal(command.Contains("still", StringComparison.Ordinal) ? TestCard.Still(1280, 800, 9) : TestCard.Full(1280, 800, 15), dump.ToRgb());
            Assert.True(stock.MapsDmaBufs, "QEMU shows the guest without a udmabuf: the guest does not use blobs");
            screen.Guest.EndCard();
            stock.Machine.EndCard();
        }
    }

    /// <summary>With OpenGL, which imports the pages, and without, where they are read.</summary>
    /// <param name="shownIn">The DIMM in which the pictures have to lie; null: anywhere.</param>
    private static void AssertChain(Guest guest, string? shownIn = null)
    {
        using (var screen = new GuestScreen(guest))
        {
            screen.Show("card still --frame 7", "card: shown");
            screen.AssertSees(TestCard.Still(1280, 800, 7));
            guest.EndCard();

            long before = screen.Imports;
            screen.Show("card flip 3 full --frames 12", "card: flipped");
            screen.AssertSees(TestCard.Full(1280, 800, 12));
            Assert.True(screen.Imports - before <= 6, "three buffers and what was shown before are few imports");
        }
        if (shownIn is not null)
        {
            Assert.True(guest.CountShownIn(shownIn) > 0, $"the guest shows nothing that lies in {shownIn}");
        }
        guest.AssertShows(TestCard.Full(1280, 800, 12), 1280, 800);
        guest.EndCard();
    }
}
