using System.Diagnostics;
using FbShare.Display;
using FbShare.Graphics;

namespace FbShare.QemuTests.Testbed;

/// <summary>The whole chain on a real kernel: a Linux guest in QEMU on our device, its scanout's own pages as a udmabuf, imported, drawn and
/// read back.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
public sealed class NestedGuestTests
{
    [NestedFact(Needs.Blob)]
    public void A_guest_in_shmem_is_seen_through_its_own_pages() => AssertChain(new GuestOptions());

    [NestedFact(Needs.Blob | Needs.HugePages)]
    public void A_guest_in_hugetlb_is_seen_through_its_own_pages() => AssertChain(new GuestOptions { HugePages = true });

    [NestedFact(Needs.Blob)]
    public void A_guest_whose_memory_went_through_the_balloon_is_seen_through_its_own_pages() =>
        AssertChain(new GuestOptions { MoreArguments = ["-device", "virtio-balloon-pci"] }, balloon: true);

    /// <param name="balloon">Take most of the guest's memory and give it back before the last picture, while old buffers are still imported.</param>
    private static void AssertChain(GuestOptions options, bool balloon = false)
    {
        // A guest in an emulated machine in an emulated machine takes its time.
        using var guest = new Guest(options with { Patience = TimeSpan.FromMinutes(6) });
        GraphicsDevice? device = null;
        GlScreen? screen = null;
        try
        {
            guest.OnLoop(hub =>
            {
                device = Drivers.Open();
                screen = new GlScreen(device);
                hub.Attach(0, screen);
                return true;
            });

            guest.Ask("card still --frame 7", "card: shown");
            AssertSeen(TestCard.Still(1280, 800, 7));
            guest.EndCard();

            guest.Ask("card flip 3 full --frames 12", "card: flipped");
            AssertSeen(TestCard.Full(1280, 800, 12));
            Assert.True(guest.OnLoop(_ => screen!.Imports) <= 6, "three buffers and what was shown before are few imports");
            guest.EndCard();

            if (balloon)
            {
                Balloon(200L << 20);
                Balloon(512L << 20);
                guest.Ask("card flip 3 full --frames 20", "card: flipped");
                AssertSeen(TestCard.Full(1280, 800, 20));
                guest.EndCard();
            }
        }
        finally
        {
            guest.OnLoop(hub =>
            {
                hub.Detach(0, screen!);
                screen!.Dispose();
                device!.Dispose();
                return true;
            });
        }

        void Balloon(long bytes)
        {
            guest.Monitor.Execute("balloon", json => json.WriteNumber("value", bytes));
            // Asking is waiting: each answer takes its time.
            var clock = Stopwatch.StartNew();
            while (guest.Monitor.Execute("query-balloon").GetProperty("actual").GetInt64() != bytes)
            {
                Assert.True(clock.Elapsed < TimeSpan.FromMinutes(3), $"the guest did not bring its memory to {bytes >> 20} MiB");
            }
        }

        void AssertSeen(byte[] rgb)
        {
            (byte[] rgba, PathChoice? path, long copied) = guest.OnLoop(hub => (screen!.Look(), hub.GetPath(0), hub.BytesCopied));
            Assert.True(path is { Path: FramePath.Udmabuf }, path?.ToString());
            Assert.Equal(0, copied);
            byte[] seen = [.. rgba.Chunk(4).SelectMany(pixel => pixel.AsSpan(0, 3).ToArray())];
            Assert.Equal(rgb.Length, seen.Length);
            Assert.Equal(rgb.Length, rgb.AsSpan().CommonPrefixLength(seen));
        }
    }
}

/// <summary>Runs where there is a real /dev/udmabuf and a QEMU with the test guest.</summary>
internal sealed class NestedFactAttribute : FactAttribute
{
    public NestedFactAttribute(Needs needs) => Skip = TestbedHost.Missing(TestbedNeeds.Device) ?? TestMachine.Missing(needs);
}
