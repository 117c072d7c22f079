using System.Buffers.Binary;
using FbShare.Linux;
using FbShare.Rig.Driver;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

/// <summary>QEMU docs/interop/vhost-user.rst, "Ring states", "Starting and stopping rings" and "Memory access", message by message.</summary>
public class RingStateTests
{
    private const ulong Area = 2 << 20;

    /// <summary>What the control ring is before a message, and after it: <c>no</c> means refused (the acknowledgement is 1) with the ring
    /// as it was, an arrow that it goes over to another state, <c>reset</c> that the device's resources go as well.</summary>
    private const string Table = """
        message                              | stopped   | started     | enabled
        SET_FEATURES with bit 30             | stopped   | started     | enabled
        SET_FEATURES without bit 30          | stopped   | > enabled   | enabled
        SET_PROTOCOL_FEATURES                | stopped   | started     | enabled
        SET_OWNER                            | stopped   | started     | enabled
        RESET_OWNER                          | stopped   | started     | enabled
        SET_MEM_TABLE                        | stopped   | started     | enabled
        SET_MEM_TABLE that overlaps          | no        | no          | no
        SET_MEM_TABLE unsealed               | no        | no          | no
        ADD_MEM_REG                          | stopped   | started     | enabled
        REM_MEM_REG of none                  | no        | no          | no
        SET_VRING_NUM same                   | stopped   | started     | enabled
        SET_VRING_NUM other                  | stopped   | no          | no
        SET_VRING_ADDR same                  | stopped   | started     | enabled
        SET_VRING_ADDR outside               | stopped   | no          | no
        SET_VRING_BASE same                  | stopped   | started     | enabled
        SET_VRING_BASE other                 | stopped   | no          | no
        GET_VRING_BASE                       | stopped   | > stopped   | > stopped
        SET_VRING_KICK                       | > started | started     | enabled
        SET_VRING_KICK without descriptor    | no        | no          | no
        SET_VRING_KICK that is a pipe        | no        | no          | no
        SET_VRING_CALL                       | stopped   | started     | enabled
        SET_VRING_CALL without descriptor    | stopped   | started     | enabled
        SET_VRING_CALL that is a socket      | no        | no          | no
        SET_VRING_ERR                        | stopped   | started     | enabled
        SET_VRING_ENABLE 0                   | stopped   | started     | > started
        SET_VRING_ENABLE 1                   | stopped   | > enabled   | enabled
        SET_STATUS 15                        | stopped   | started     | enabled
        SET_STATUS 0                         | reset     | reset       | reset
        RESET_DEVICE                         | reset     | reset       | reset
        VRING_KICK, which is not offered     | no        | no          | no
        """;

    public static TheoryData<string, string, string> Rows()
    {
        var rows = new TheoryData<string, string, string>();
        string[][] lines = [.. Table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('|', StringSplitOptions.TrimEntries))];
        foreach (string[] line in lines[1..])
        {
            for (int i = 1; i < line.Length; i++)
            {
                rows.Add(line[0], lines[0][i], line[i]);
            }
        }
        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_message_leaves_the_ring_as_the_specification_says(string message, string before, string expected)
    {
        using var device = new DeviceUnderTest();
        FrontEndDriver driver = device.FrontEnd;
        device.DoAll(CreateBlob(1, 4096, (4 << 20, 4096)));
        device.Do(Unref(77));
        if (before != "enabled")
        {
            driver.SendState(18, 0, 0);
        }
        if (before == "stopped")
        {
            driver.StopQueue(0);
        }
        using var fresh = new EventFd();

        ulong acknowledged = Send(device, message, fresh);

        Assert.Equal(expected == "no" ? 1UL : 0UL, acknowledged);
        bool reset = expected == "reset";
        Assert.Equal(reset ? 0 : 1, device.OnLoop(() => device.Device.ResourceCount));
        // Nothing old runs again, and something new does just where the ring is enabled now.
        long done = 2;
        Assert.Equal(done, device.OnLoop(() => device.Device.CommandsDone));
        string after = expected == "no" ? before : reset ? "stopped" : expected.TrimStart('>', ' ');
        ushort head = AddRequest(device);
        driver.Control.Kick.Signal();
        fresh.Signal();
        if (after == "enabled")
        {
            Assert.Equal(head, driver.Wait(driver.Control).Head);
            return;
        }
        driver.Flush();
        Assert.Equal(done, device.OnLoop(() => device.Device.CommandsDone));
        // Nor is it lost.
        if (after == "started")
        {
            driver.SendState(18, 0, 1);
        }
        else
        {
            driver.StartQueue(0, driver.Control, 2);
        }
        Assert.Equal(head, driver.Wait(driver.Control).Head);
    }

    private static ulong Send(DeviceUnderTest device, string message, EventFd fresh)
    {
        FrontEndDriver driver = device.FrontEnd;
        ulong user = device.Ram.Regions[0].UserAddress;
        (UnixSocket one, UnixSocket other) = UnixSocket.CreatePair();
        using (one)
        using (other)
        {
            switch (message)
            {
                case "SET_FEATURES with bit 30":
                    return driver.SendAndAcknowledge(2, BitConverter.GetBytes((1UL << 32) | (1UL << 30) | (1UL << 29)));
                case "SET_FEATURES without bit 30":
                    return driver.SendAndAcknowledge(2, BitConverter.GetBytes((1UL << 32) | (1UL << 29)));
                case "SET_PROTOCOL_FEATURES":
                    return driver.SendAndAcknowledge(16, BitConverter.GetBytes(0x1a229UL));
                case "SET_OWNER":
                    return driver.SendAndAcknowledge(3, []);
                case "RESET_OWNER":
                    return driver.SendAndAcknowledge(4, []);
                case "SET_MEM_TABLE":
                    driver.SetMemTable();
                    driver.Flush();
                    return 0;
                case "SET_MEM_TABLE that overlaps":
                    return driver.SendAndAcknowledge(5, [2, 0, 0, 0, 0, 0, 0, 0, .. Region(0, 8192), .. Region(4096, 8192)], device.Ram.Descriptor, device.Ram.Descriptor);
                case "SET_MEM_TABLE unsealed":
                    using (FileDescriptor unsealed = MemFd.Create("unsealed", 1 << 20, seals: MemFdSeals.Grow))
                    {
                        return driver.SendAndAcknowledge(5, [1, 0, 0, 0, 0, 0, 0, 0, .. Region(0, 1 << 20)], unsealed);
                    }
                case "ADD_MEM_REG":
                    return driver.SendAndAcknowledge(37, [.. new byte[8], .. Region(1UL << 40, 8192)], device.Ram.Descriptor);
                case "REM_MEM_REG of none":
                    return driver.SendAndAcknowledge(38, [.. new byte[8], .. Region(1UL << 40, 8192)]);
                case "SET_VRING_NUM same":
                    return driver.SendAndAcknowledge(8, State(0, 256));
                case "SET_VRING_NUM other":
                    return driver.SendAndAcknowledge(8, State(0, 128));
                case "SET_VRING_ADDR same":
                    return driver.SendAndAcknowledge(9, Address(user, driver.Control));
                case "SET_VRING_ADDR outside":
                    return driver.SendAndAcknowledge(9, Address(user + (1UL << 40), driver.Control));
                case "SET_VRING_BASE same":
                    return driver.SendAndAcknowledge(10, State(0, 2));
                case "SET_VRING_BASE other":
                    return driver.SendAndAcknowledge(10, State(0, 1));
                case "GET_VRING_BASE":
                    driver.Send(11, State(0, 0));
                    Assert.Equal(2u, BinaryPrimitives.ReadUInt32LittleEndian(driver.ReceiveReply(11).AsSpan(4)));
                    return 0;
                case "SET_VRING_KICK":
                    return driver.SendAndAcknowledge(12, new byte[8], fresh.Descriptor);
                case "SET_VRING_KICK without descriptor":
                    return driver.SendAndAcknowledge(12, BitConverter.GetBytes(0x100UL));
                case "SET_VRING_KICK that is a pipe":
                    return driver.SendAndAcknowledge(12, new byte[8], one.Descriptor);
                case "SET_VRING_CALL":
                    return driver.SendAndAcknowledge(13, new byte[8], driver.Control.Call.Descriptor);
                case "SET_VRING_CALL without descriptor":
                    ulong acknowledged = driver.SendAndAcknowledge(13, BitConverter.GetBytes(0x100UL));
                    driver.SendAndAcknowledge(13, new byte[8], driver.Control.Call.Descriptor);
                    return acknowledged;
                case "SET_VRING_CALL that is a socket":
                    return driver.SendAndAcknowledge(13, new byte[8], one.Descriptor);
                case "SET_VRING_ERR":
                    return driver.SendAndAcknowledge(14, new byte[8], fresh.Descriptor);
                case "SET_VRING_ENABLE 0":
                    return driver.SendAndAcknowledge(18, State(0, 0));
                case "SET_VRING_ENABLE 1":
                    return driver.SendAndAcknowledge(18, State(0, 1));
                case "SET_STATUS 15":
                    return driver.SendAndAcknowledge(39, BitConverter.GetBytes(15UL));
                case "SET_STATUS 0":
                    return driver.SendAndAcknowledge(39, new byte[8]);
                case "RESET_DEVICE":
                    return driver.SendAndAcknowledge(34, []);
                case "VRING_KICK, which is not offered":
                    return driver.SendAndAcknowledge(35, State(0, 0));
                default:
                    throw new ArgumentOutOfRangeException(nameof(message), message, null);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rings_wait_to_be_enabled_only_if_bit_30_was_acknowledged(bool bit30)
    {
        using var device = new DeviceUnderTest(start: false);
        FrontEndDriver driver = device.FrontEnd;
        // As QEMU 4.1 to 7.1 do: protocol features are negotiated, but their bit is not acknowledged.
        driver.SendNumber(16, driver.Ask(15));
        driver.SendNumber(2, (1UL << 32) | (1UL << 29) | (bit30 ? 1UL << 30 : 0));
        driver.SetMemTable();
        driver.StartQueue(0, driver.Control, 0, enable: false);
        ushort head = AddRequest(device);
        driver.Control.Kick.Signal();
        driver.Flush();

        if (bit30)
        {
            Assert.Equal(0, device.OnLoop(() => device.Device.CommandsDone));
            driver.SendState(18, 0, 1);
        }
        Assert.Equal(head, driver.Wait(driver.Control).Head);
    }

    [Fact]
    public void Rings_that_move_while_they_run_go_on_at_their_place()
    {
        using var device = new DeviceUnderTest();
        device.Do(Unref(77));
        byte[] rings = device.Ram.At(0, DriverQueue.BytesFor(256)).ToArray();
        const ulong elsewhere = 3 << 20;
        rings.CopyTo(device.Ram.At(elsewhere, rings.Length));

        Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(9, Address(device.Ram.Regions[0].UserAddress + elsewhere, device.Driver.Control)));

        using var moved = new DriverQueue(device.Ram, elsewhere, 256, eventIdx: true);
        rings.CopyTo(device.Ram.At(elsewhere, rings.Length));
        moved.Publish(0);
        moved.Publish(0);
        device.Driver.Control.Kick.Signal();
        while (device.OnLoop(() => device.Device.CommandsDone) < 2)
        {
            // The kick comes by another descriptor.
        }
        Assert.Equal(2, BinaryPrimitives.ReadUInt16LittleEndian(device.Ram.At(moved.Used + 2, 2)));
    }

    [Fact]
    public void A_guest_reset_after_just_65536_requests_is_one()
    {
        using var device = new DeviceUnderTest();
        device.DoAll(CreateBlob(1, 4096, (4 << 20, 4096)));
        HandleUntil(device, 65536);

        Assert.Equal((0u, 0u), (device.FrontEnd.StopQueue(0), device.FrontEnd.StopQueue(1)));
        device.Driver.Control.Reset();
        device.Driver.Cursor.Reset();
        device.FrontEnd.StartQueue(0, device.Driver.Control, 0);
        device.FrontEnd.StartQueue(1, device.Driver.Cursor, 0);

        device.DoAll(CreateBlob(1, 4096, (4 << 20, 4096)));
    }

    [Fact]
    public void Stop_and_cont_after_just_65536_requests_is_no_reset()
    {
        using var device = new DeviceUnderTest();
        device.DoAll(CreateBlob(1, 4096, (4 << 20, 4096)));
        HandleUntil(device, 65536);

        device.FrontEnd.StopQueue(0);
        device.FrontEnd.StopQueue(1);
        device.FrontEnd.StartQueue(0, device.Driver.Control, 0);
        device.FrontEnd.StartQueue(1, device.Driver.Cursor, 0);

        Assert.Equal(InvalidResource, device.Do(CreateBlob(1, 4096, (4 << 20, 4096))));
    }

    [Fact]
    public void The_cursor_queues_place_tells_of_a_reset_when_the_control_queues_does_not()
    {
        using var device = new DeviceUnderTest();
        device.DoAll(CreateBlob(1, 4096, (4 << 20, 4096)));
        device.Driver.RequestCursor(MoveCursor(0, 1, 1));
        HandleUntil(device, 65537);

        // This driver does not zero its rings.
        Assert.Equal((0u, 1u), (device.FrontEnd.StopQueue(0), device.FrontEnd.StopQueue(1)));
        device.Driver.Cursor.Reset();
        device.FrontEnd.StartQueue(0, device.Driver.Control, 0);
        device.FrontEnd.StartQueue(1, device.Driver.Cursor, 0);
        device.Driver.Flush();

        device.DoAll(CreateBlob(1, 4096, (4 << 20, 4096)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void One_rings_reset_is_not_the_devices(int index)
    {
        using var device = new DeviceUnderTest();
        device.DoAll(CreateBlob(1, 4096, (4 << 20, 4096)));
        device.Driver.RequestCursor(MoveCursor(0, 1, 1));

        DriverQueue queue = device.Driver.Queues[index];
        device.FrontEnd.StopQueue((uint)index);
        queue.Reset();
        device.FrontEnd.StartQueue((uint)index, queue, 0);
        device.Driver.Flush();

        Assert.Equal(1, device.OnLoop(() => device.Device.ResourceCount));
        Assert.Equal(InvalidResource, device.Do(CreateBlob(1, 4096, (4 << 20, 4096))));
    }

    [Fact]
    public void The_reset_of_a_queue_is_not_offered_since_the_generic_device_passes_none_on()
    {
        using var device = new DeviceUnderTest();
        Assert.Equal(0UL, device.Driver.OfferedFeatures & (1UL << 40));
    }

    [Fact]
    public void A_suspended_device_sends_nothing_and_makes_it_good_when_a_ring_starts()
    {
        using var device = new DeviceUnderTest();
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        using (theirs)
        {
            device.FrontEnd.SendAndAcknowledge(21, [], theirs.Descriptor);
            device.FrontEnd.StopQueue(0);
            device.FrontEnd.StopQueue(1);
            Assert.True(device.OnLoop(() => device.Device.Resize(0, 1357, 733)));
            Assert.Null(ours.Receive(new byte[12], wait: false));

            device.FrontEnd.StartQueue(0, device.Driver.Control, 0);

            var message = new byte[12];
            Assert.Equal(12, ours.Receive(message));
            Assert.Equal(2, message[0]);
        }
    }

    [Fact]
    public void A_call_descriptor_that_comes_after_the_work_is_signalled()
    {
        using var device = new DeviceUnderTest();
        device.FrontEnd.SendAndAcknowledge(13, BitConverter.GetBytes(0x100UL));
        AddRequest(device);
        device.Driver.Control.Kick.Signal();
        while (device.OnLoop(() => device.Device.CommandsDone) == 0)
        {
            // The kick comes by another descriptor.
        }
        using var call = new EventFd();
        device.FrontEnd.SendAndAcknowledge(13, new byte[8], call.Descriptor);
        Assert.Equal(1UL, call.Drain());
    }

    [Fact]
    public void The_error_descriptor_outlives_a_stop()
    {
        using var device = new DeviceUnderTest();
        uint place = device.FrontEnd.StopQueue(0);
        // QEMU told it once, before the first start.
        device.FrontEnd.SendState(10, 0, place);
        device.FrontEnd.SendAndAcknowledge(12, new byte[8], device.Driver.Control.Kick.Descriptor);
        device.FrontEnd.SendState(18, 0, 1);
        device.Driver.Control.Publish(256);
        device.Driver.Control.Kick.Signal();
        while (!device.OnLoop(() => device.Log.Any(l => l.Contains("guest broke queue 0", StringComparison.Ordinal))))
        {
            // The kick comes by another descriptor.
        }
        Assert.Equal(1UL, device.Driver.Control.Error.Drain());
    }

    private static void HandleUntil(DeviceUnderTest device, long count)
    {
        byte[] request = Unref(77);
        while (device.OnLoop(() => device.Device.CommandsDone) < count)
        {
            for (int i = 0; i < 64; i++)
            {
                AddRequest(device, (ulong)i * 4096);
            }
            device.Driver.Control.Notify();
            for (int i = 0; i < 64; i++)
            {
                device.Driver.Wait(device.Driver.Control);
            }
            if (count - device.OnLoop(() => device.Device.CommandsDone) < 64)
            {
                break;
            }
        }
        while (device.OnLoop(() => device.Device.CommandsDone) < count)
        {
            device.Do(request);
        }
    }

    private static ushort AddRequest(DeviceUnderTest device, ulong at = 0)
    {
        Unref(77).CopyTo(device.Ram.At(Area + at, 32));
        return device.Driver.Control.Add(new DriverQueue.Piece(Area + at, 32), new DriverQueue.Piece(Area + at + 2048, 24, DriverQueue.Piece.Write));
    }

    private static byte[] State(uint index, uint value) => [.. BitConverter.GetBytes(index), .. BitConverter.GetBytes(value)];

    private static byte[] Region(ulong guest, ulong size) =>
        [.. BitConverter.GetBytes(guest), .. BitConverter.GetBytes(size), .. BitConverter.GetBytes(guest + 0x7000_0000_0000), .. new byte[8]];

    private static byte[] Address(ulong user, DriverQueue queue) =>
        [.. new byte[8], .. BitConverter.GetBytes(user + queue.Descriptors), .. BitConverter.GetBytes(user + queue.Used), .. BitConverter.GetBytes(user + queue.Available), .. new byte[8]];
}
