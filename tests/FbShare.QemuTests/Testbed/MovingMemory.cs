using System.Globalization;
using System.Text.Json;
using FbShare.Linux;

namespace FbShare.QemuTests.Testbed;

/// <summary>A guest whose memory comes and goes: virtio-mem, free page reporting, DIMMs, resets. What it shows lies in what was taken away and
/// given back.</summary>
internal sealed class MovingMemory
{
    private const long Mega = 1 << 20;

    private const long VirtioMemSize = 256 * Mega, DimmSize = 128 * Mega;

    /// <summary>Slabs of the guest's kernel may stay.</summary>
    private const long Rest = 16 * Mega;

    private const string VirtioMem = "vmem", Dimm = "dimm";

    private readonly Guest _guest;
    private readonly Action<byte[]> _assertSees;
    private readonly TimeSpan _patience;

    /// <param name="guest">Made of <see cref="Options"/>; stays the caller's.</param>
    /// <param name="assertSees">Compares what a consumer sees with a picture, packed R, G, B.</param>
    /// <param name="patience">For what the guest does when it likes.</param>
    public MovingMemory(Guest guest, Action<byte[]> assertSees, TimeSpan patience)
    {
        _guest = guest;
        _assertSees = assertSees;
        _patience = patience;
        // What comes is the kernel's own, as otherwise no picture would ever lie in it.
        _guest.TakeMemoryAs(AddedMemory.Kernel);
    }

    /// <summary>How much of virtio-mem the guest has.</summary>
    private long Plugged => _guest.Monitor.Execute("qom-get", json => WriteProperty(json, "size")).GetInt64();

    /// <summary>Bytes that the guest's memory files have at the moment.</summary>
    private long Resident => Directory.GetFiles($"/proc/{_guest.ProcessId}/fd")
        .Where(fd => new FileInfo(fd).LinkTarget?.StartsWith("/memfd:memory-backend-memfd", StringComparison.Ordinal) == true)
        .Select(fd => FileStatus.At(fd)!.Value).DistinctBy(status => status.Inode).Sum(status => status.Blocks * 512);

    /// <summary>The guest: little memory of its own, room for more, and a balloon that tells QEMU of free pages.</summary>
    public static GuestOptions Options(GuestOptions options) => options with
    {
        Memory = "256M",
        CanKexec = true,
        RoomForMemory = "slots=2,maxmem=4G",
        MoreArguments =
        [
            "-device", "virtio-balloon-pci,free-page-reporting=on",
            "-object", $"memory-backend-memfd,id={VirtioMem}-memory,size={VirtioMemSize},share=on",
            "-device", $"virtio-mem-pci,id={VirtioMem},memdev={VirtioMem}-memory,requested-size=0",
        ],
    };

    /// <summary>Memory comes, a picture lies in it, the memory goes and comes back as other pages, and a picture lies in it again.</summary>
    public void UnplugAndReplug(int times)
    {
        for (int i = 1; i <= times; i++)
        {
            Resize(VirtioMemSize);
            FlipAndLook(10 + i);
            AssertShownIn(VirtioMem);
            if (i == 1)
            {
                // What is shown stays where it is, and the rest goes.
                Resize(0, down: VirtioMemSize / 2);
                Look(10 + i);
            }
            _guest.EndCard();
            Resize(0, down: Rest);
        }
        FlipAndLook(9);
        _guest.EndCard();
    }

    /// <summary>A picture's pages are free, QEMU gives them back to the host, and the next picture has them anew.</summary>
    public void ReportFreePages(int times)
    {
        for (int i = 1; i <= times; i++)
        {
            FlipAndLook(20 + i);
            long before = Resident;
            _guest.EndCard();
            // Of three pictures, what makes up whole blocks of 2 MiB with what is free around it: one at the least.
            _guest.Await(_patience, () => Resident <= before - (2 * Mega), () => $"the guest reports nothing: its memory has {Resident >> 20} MiB, {before >> 20} before");
        }
        FlipAndLook(19);
        _guest.EndCard();
    }

    /// <summary>The machine is reset while a picture is shown that lies in memory which QEMU takes away then.</summary>
    public void Reset()
    {
        Resize(VirtioMemSize);
        FlipAndLook(31);
        AssertShownIn(VirtioMem);
        _guest.Monitor.Execute("system_reset");
        _guest.WaitForLine("fbshare-guest ready");
        FlipAndLook(32);
        _guest.EndCard();
        _guest.TakeMemoryAs(AddedMemory.Kernel);
    }

    /// <summary>The guest's kernel starts another one in its place while a picture is shown. The new one takes the picture's memory as it likes, and has QEMU
    /// take away what is virtio-mem's.</summary>
    public void StartAnotherKernel()
    {
        Resize(VirtioMemSize);
        _guest.StartAnotherKernel("card flip 3 full --frames 51", () =>
        {
            Look(51);
            AssertShownIn(VirtioMem);
        });
        FlipAndLook(52);
        _guest.EndCard();
        _guest.TakeMemoryAs(AddedMemory.Kernel);
    }

    /// <summary>The guest does not let a DIMM go in which its picture lies; one in which it does not goes, and the picture stays.</summary>
    public void UnplugDimm()
    {
        Resize(0, down: Rest);
        _guest.AddDimm(Dimm, DimmSize, _patience);
        FlipAndLook(41);
        AssertShownIn(Dimm);
        Assert.False(_guest.RemoveDimm(Dimm, _patience), "a DIMM is gone in which the picture lies that is shown");
        Look(41);
        _guest.EndCard();

        _guest.TakeMemoryAs(AddedMemory.Movable);
        FlipAndLook(42);
        _guest.AddDimm(Dimm + 2, DimmSize, _patience);
        Assert.True(_guest.RemoveDimm(Dimm + 2, _patience), "the guest keeps a DIMM that it does not need");
        Look(42);
        _guest.EndCard();
        FlipAndLook(43);
        _guest.EndCard();
    }

    private void FlipAndLook(int frames)
    {
        _guest.Ask(string.Create(CultureInfo.InvariantCulture, $"card flip 3 full --frames {frames}"), "card: flipped");
        Look(frames);
    }

    private void Look(int frames) => _assertSees(TestCard.Full(1280, 800, (uint)frames));

    /// <summary>Checks that the picture, or a part of it, lies in memory that was added, as else nothing would be tried.</summary>
    private void AssertShownIn(string id) => Assert.True(_guest.CountShownIn(id) > 0, $"the guest shows nothing that lies in {id}");

    /// <param name="down">So much may be left.</param>
    private void Resize(long bytes, long down = 0)
    {
        _guest.Monitor.Execute("qom-set", json =>
        {
            WriteProperty(json, "requested-size");
            json.WriteNumber("value", bytes);
        });
        _guest.Await(_patience, () => bytes > 0 ? Plugged == bytes : Plugged <= down, () => $"virtio-mem has {Plugged >> 20} MiB, and {bytes >> 20} are asked for");
    }

    private static void WriteProperty(Utf8JsonWriter json, string name)
    {
        json.WriteString("path", $"/machine/peripheral/{VirtioMem}");
        json.WriteString("property", name);
    }
}
