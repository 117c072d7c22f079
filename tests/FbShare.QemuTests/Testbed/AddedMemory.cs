using System.Diagnostics;
using System.Text.Json;
using FbShare.Memory;

namespace FbShare.QemuTests.Testbed;

/// <summary>DIMMs that a guest gets and loses while it runs, and what of its picture lies in such memory.</summary>
internal static class AddedMemory
{
    /// <summary>How the guest takes memory that comes: as its kernel's own, so that pictures lie in it, before all in that above 4 GiB.</summary>
    public const string Kernel = "online_kernel";

    /// <summary>Or only for what can be moved, which a picture cannot.</summary>
    public const string Movable = "online_movable";

    /// <summary>What a guest's _OST is about, and that it is not done yet (ACPI, "_OST").</summary>
    private const int EjectRequest = 3, InProgress = 132;

    /// <summary>Says how the guest takes memory from now on. Its shell must be free.</summary>
    public static void TakeMemoryAs(this Guest guest, string how) =>
        guest.Ask($"echo {how} >/sys/devices/system/memory/auto_online_blocks; echo memory is taken", "memory is taken");

    /// <summary>Adds a DIMM, and waits until the guest has it. The guest's QEMU must have room for it.</summary>
    public static void AddDimm(this Guest guest, string id, long bytes, TimeSpan patience, bool hugePages = false)
    {
        guest.Monitor.Execute("object-add", json =>
        {
            json.WriteString("qom-type", "memory-backend-memfd");
            json.WriteString("id", $"{id}-memory");
            json.WriteNumber("size", bytes);
            json.WriteBoolean("share", true);
            json.WriteBoolean("hugetlb", hugePages);
        });
        Await(guest, patience, isIt: _ => true, () => guest.Monitor.Execute("device_add", json =>
        {
            json.WriteString("driver", "pc-dimm");
            json.WriteString("id", id);
            json.WriteString("memdev", $"{id}-memory");
        }));
    }

    /// <summary>Asks the guest to let a DIMM go.</summary>
    /// <returns>Whether it did.</returns>
    public static bool RemoveDimm(this Guest guest, string id, TimeSpan patience)
    {
        Await(
            guest,
            patience,
            isIt: info => info.GetProperty("source").GetInt32() == EjectRequest && info.GetProperty("status").GetInt32() != InProgress,
            () => guest.Monitor.Execute("device_del", json => json.WriteString("id", id)),
            isOver: () => !HasDimm(guest, id));
        return !HasDimm(guest, id);
    }

    /// <summary>How many bytes of what output 0 shows lie in a DIMM, or in what a virtio-mem device may have.</summary>
    public static long CountShownIn(this Guest guest, string id)
    {
        JsonElement data = Devices(guest).Single(data => data.GetProperty("id").GetString() == id);
        bool isDimm = data.TryGetProperty("addr", out JsonElement address);
        ulong start = (isDimm ? address : data.GetProperty("memaddr")).GetUInt64();
        ulong size = data.GetProperty(isDimm ? "size" : "max-size").GetUInt64();
        return guest.OnLoop(hub =>
        {
            Backing pages = hub.GetScanout(0)!.Guest!;
            return Enumerable.Range(0, pages.RangeCount).Select(pages.GetRange)
                .Where(range => range.Region.GuestAddress + ((ulong)range.Offset - range.Region.FileOffset) - start < size).Sum(range => range.Length);
        });
    }

    /// <summary>Waits until something is so.</summary>
    public static void Await(this Guest guest, TimeSpan patience, Func<bool> isSo, Func<string> otherwise)
    {
        for (var clock = Stopwatch.StartNew(); !isSo();)
        {
            // Asking is waiting: each answer of QEMU's takes its time.
            _ = guest.Monitor.Execute("query-status");
            Assert.True(clock.Elapsed < patience, otherwise());
        }
    }

    private static bool HasDimm(Guest guest, string id) => Devices(guest).Any(data => data.GetProperty("id").GetString() == id);

    private static IEnumerable<JsonElement> Devices(Guest guest) => guest.Monitor.Execute("query-memory-devices").EnumerateArray().Select(device => device.GetProperty("data"));

    /// <summary>Does something and waits until the guest has said of a DIMM what is waited for.</summary>
    private static void Await(Guest guest, TimeSpan patience, Func<JsonElement, bool> isIt, Action act, Func<bool>? isOver = null)
    {
        bool came = false;
        guest.Monitor.EventReceived = (name, data) => came |= name == "ACPI_DEVICE_OST" && isIt(data.GetProperty("info"));
        try
        {
            act();
            guest.Await(patience, () => came || isOver?.Invoke() == true, () => "the guest says nothing of the DIMM");
        }
        finally
        {
            guest.Monitor.EventReceived = null;
        }
    }
}
