using System.Diagnostics.CodeAnalysis;
using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using FbShare.Rig.Driver;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

/// <summary>Front-ends that break the rules: they lose their connection or are refused, and nobody else waits for them.</summary>
public class HostileFrontEndTests
{
    private const ulong Area = 2 << 20;

    [Fact]
    public void One_that_does_not_read_its_replies_is_dismissed_and_the_next_one_served()
    {
        using var device = new DeviceUnderTest(start: false);
        byte[] question = [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        for (int i = 0; i < 1_000_000 && device.IsConnected(); i++)
        {
            try
            {
                device.Driver.Socket.SendAll(question);
            }
            catch (LinuxException)
            {
                // It was closed at last.
            }
        }
        Assert.Contains(device.Log, l => l.Contains("does not read its replies", StringComparison.Ordinal));
        device.Reconnect();
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    [Fact]
    public void One_that_reads_late_gets_every_reply()
    {
        using var device = new DeviceUnderTest(start: false);
        // More than the socket takes, fewer than are kept.
        const int count = 1500;
        for (int i = 0; i < count; i++)
        {
            device.FrontEnd.Send(1);
        }
        for (int i = 0; i < count; i++)
        {
            device.FrontEnd.ReceiveReply(1);
        }
        device.Driver.Start();
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    [Fact]
    public void A_full_call_counter_that_was_made_to_wait_holds_nothing_up()
    {
        using var device = new DeviceUnderTest(eventIdx: false);
        device.Driver.Flush();
        using var call = new EventFd();
        device.FrontEnd.SendAndAcknowledge(13, new byte[8], call.Descriptor);
        unsafe
        {
            ulong most = ulong.MaxValue - 1;
            Assert.Equal(8, LibC.write(call.Descriptor, &most, 8));
        }
        // The flag is one for all who hold the descriptor.
        int flags = LibC.fcntl(call.Descriptor, LibC.F_GETFL, 0);
        Assert.Equal(0, LibC.fcntl(call.Descriptor, LibC.F_SETFL, flags & ~LibC.O_NONBLOCK));

        Unref(1).CopyTo(device.Ram.At(Area, 32));
        device.Driver.Control.Add(new DriverQueue.Piece(Area, 32), new DriverQueue.Piece(Area + 2048, 24, DriverQueue.Piece.Write));
        device.Driver.Control.Kick.Signal();

        while (device.OnLoop(() => device.Device.CommandsDone) == 0)
        {
            // The kick comes by another descriptor; a loop that waits for the counter answers nothing.
        }
    }

    [Fact]
    public void The_memory_slots_that_are_told_are_all_there_are()
    {
        using var device = new DeviceUnderTest();
        ulong slots = device.FrontEnd.Ask(36);
        for (ulong i = 1; i < slots; i++)
        {
            Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(37, Region((1UL << 32) + (i << 20), 4096), device.Ram.Descriptor));
        }
        Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(37, Region(1UL << 40, 4096), device.Ram.Descriptor));
        Assert.Contains(device.Log, l => l.Contains("256 regions already", StringComparison.Ordinal));
        Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(38, Region((1UL << 32) + (1UL << 20), 4096)));
        Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(37, Region(1UL << 40, 4096), device.Ram.Descriptor));
    }

    [Fact]
    public void Memory_that_can_be_shrunk_is_refused_with_the_cure()
    {
        using var device = new DeviceUnderTest();
        using FileDescriptor unsealed = MemFd.Create("unsealed", 1 << 20, seals: MemFdSeals.Grow);
        Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(37, Region(1UL << 40, 1 << 20), unsealed));
        using var file = new TemporaryFolder();
        File.WriteAllBytes(file["ram"], new byte[4096]);
        using FileDescriptor regular = FileDescriptor.Open(file["ram"], writable: true);
        Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(37, Region(1UL << 40, 4096), regular));
        Assert.Equal(2, device.Log.Count(l => l.Contains("memory-backend-memfd,share=on", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_address_space_cannot_be_filled()
    {
        using var device = new DeviceUnderTest();
        using FileDescriptor huge = MemFd.Create("huge", 1L << 45, seals: MemFdSeals.Shrink | MemFdSeals.Grow);
        Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(37, Region(1UL << 48, 1UL << 45), huge));
        Assert.Contains(device.Log, l => l.Contains("more than the limit of 32 TiB", StringComparison.Ordinal));
        // What goes makes room, again and again.
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(37, Region(1UL << 48, 1UL << 44), huge));
            Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(38, Region(1UL << 48, 1UL << 44)));
        }
    }

    [Fact]
    public void Descriptors_that_nobody_asked_for_do_not_add_up()
    {
        using var device = new DeviceUnderTest();
        // A message of many pieces, each with as many descriptors as a read takes.
        using FileDescriptor file = MemFd.Create("one of many", 4096);
        FileDescriptor[] many = [.. Enumerable.Repeat(file, UnixSocket.MaxDescriptors)];
        byte[] message = [3, 0, 0, 0, 1, 0, 0, 0, 200, 0, 0, 0, .. new byte[200]];
        foreach (byte b in message[..^1])
        {
            device.Driver.Socket.SendAll([b], many);
        }
        // What was there before the first turn is taken in by the second.
        device.OnLoop(() => true);
        device.OnLoop(() => true);
        Assert.InRange(CountOf(file), 2, UnixSocket.MaxDescriptors + 1);
        device.Driver.Socket.SendAll(message.AsSpan(^1..));
        device.Driver.Flush();
        Assert.Equal(1, CountOf(file));
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    [Fact]
    public void A_turn_ends_by_time_and_others_have_theirs()
    {
        using var device = new DeviceUnderTest(new GpuOptions { RefreshHz = null }, new GuestRam(128 << 20));
        const uint side = 3840;
        device.DoAll(Create2D(1, 2, side, side), Attach(1, ((ulong)FrontEndDriver.FreeMemory, side * side * 4)));
        Transfer(1, 0, 0, side, side, 0).CopyTo(device.Ram.At(Area, 64));
        long before = device.OnLoop(() => device.Device.CommandsDone);
        const int count = 64;
        for (int i = 0; i < count; i++)
        {
            device.Driver.Control.Add(new DriverQueue.Piece(Area, 56), new DriverQueue.Piece(Area + 4096, 24, DriverQueue.Piece.Write));
        }
        device.Driver.Control.Kick.Signal();

        // What runs on the loop meanwhile sees the work half done.
        var seen = new HashSet<long>();
        long done = 0;
        while (done < count)
        {
            done = device.OnLoop(() => device.Device.CommandsDone) - before;
            seen.Add(done);
        }
        Assert.True(seen.Count > 4, $"the loop was seen after {string.Join(", ", seen)} requests only");
    }

    [Fact]
    public void A_defect_costs_one_front_end_its_connection_and_is_reported_once()
    {
        using var device = new DeviceUnderTest();
        var pages = (4UL << 20, 16384u);
        for (int i = 0; i < 2; i++)
        {
            var faulty = new FaultyScreen();
            device.OnLoop(() =>
            {
                device.Hub.Attach(0, faulty);
                return true;
            });
            device.DoAll(CreateBlob(1, 16384, pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));
            device.OnLoop(() => faulty.Armed = true);
            Flush(1, 0, 0, 64, 64).CopyTo(device.Ram.At(Area, 64));
            device.Driver.Control.Add(new DriverQueue.Piece(Area, 48), new DriverQueue.Piece(Area + 4096, 24, DriverQueue.Piece.Write));
            device.Driver.Control.Kick.Signal();
            while (device.IsConnected())
            {
                // Ends when the request is handled.
            }
            device.OnLoop(() =>
            {
                device.Hub.Detach(0, faulty);
                return true;
            });
            device.Reconnect();
        }
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
        Assert.Single(device.Log, l => l.Contains("front-end dismissed: an error in fbshare itself", StringComparison.Ordinal) && l.Contains(nameof(FaultyScreen), StringComparison.Ordinal));
        Assert.Single(device.Log, l => l.Contains("again, 2 times so far", StringComparison.Ordinal));
    }

    private static int CountOf(FileDescriptor file)
    {
        string name = new FileInfo($"/proc/self/fd/{file.Number}").LinkTarget!;
        return Directory.GetFiles("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget == name);
    }

    private static byte[] Region(ulong guest, ulong size) =>
        [.. new byte[8], .. BitConverter.GetBytes(guest), .. BitConverter.GetBytes(size), .. BitConverter.GetBytes(guest + 0x7000_0000_0000), .. new byte[8]];

    [SuppressMessage("Usage", "CA2201", Justification = "A defect is just what nobody foresaw.")]
    private sealed class FaultyScreen : IDisplayConsumer
    {
        public bool Armed { get; set; }

        public PictureForms Takes(FrameLayout picture) => PictureForms.None;

        public void Present(in Frame frame)
        {
            if (Armed)
            {
                throw new NullReferenceException("a defect");
            }
        }

        public void Disable()
        {
        }

        public void DefineCursor(CursorImage? image)
        {
        }

        public void MoveCursor(CursorPosition position)
        {
        }
    }
}
