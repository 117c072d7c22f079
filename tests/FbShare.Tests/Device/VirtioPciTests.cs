using System.Buffers.Binary;
using FbShare.Linux;
using FbShare.Rig.Driver;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

/// <summary>A driver's way through the common configuration (virtio 1.3, sections 2.1, 3.1 and 4.1.4.3).</summary>
public class VirtioPciTests
{
    private const ulong Version1 = 1UL << 32;
    private const byte Greeted = VfioUserDriver.Acknowledge | VfioUserDriver.Driver;

    private static readonly (ulong, uint)[] Pages = [(4 << 20, 16384)];

    [Theory]
    [InlineData(Version1, true)]
    [InlineData(Version1 | 0xa, true)]
    [InlineData(0UL, false)]
    [InlineData(0xaUL, false)]
    [InlineData(Version1 | 1, false)]
    [InlineData(Version1 | (1UL << 33), false)]
    [InlineData(Version1 | (1UL << 63), false)]
    public void Features_are_agreed_on_only_if_all_were_offered_and_the_device_is_modern(ulong features, bool good)
    {
        using DeviceUnderTest device = NewDevice();
        VfioUserDriver machine = device.Machine;
        machine.Status = 0;
        machine.Status = Greeted;
        machine.Acknowledged(features);
        machine.Status = Greeted | VfioUserDriver.FeaturesOk;
        Assert.Equal(good ? Greeted | VfioUserDriver.FeaturesOk : Greeted, machine.Status);
    }

    [Fact]
    public void A_feature_beyond_those_there_are_is_refused()
    {
        using DeviceUnderTest device = NewDevice();
        VfioUserDriver machine = device.Machine;
        machine.Status = 0;
        machine.Acknowledged(Version1);
        machine.WriteCommon(0x08, [2, 0, 0, 0]);
        machine.WriteCommon(0x0c, [1, 0, 0, 0]);
        machine.Status = Greeted | VfioUserDriver.FeaturesOk;
        Assert.Equal(Greeted, machine.Status);
        machine.WriteCommon(0x00, [2, 0, 0, 0]);
        Assert.Equal(new byte[4], machine.ReadCommon(0x04, 4));
    }

    [Fact]
    public void Agreed_features_cannot_be_changed()
    {
        using DeviceUnderTest device = NewDevice();
        device.Machine.Acknowledged(0);
        device.Machine.WriteCommon(0x08, [1, 0, 0, 0]);
        Assert.Equal(1, device.Machine.ReadCommon(0x0c, 1)[0]);
    }

    [Fact]
    public void Nothing_is_taken_from_a_queue_before_the_driver_is_ready()
    {
        using DeviceUnderTest device = NewDevice();
        VfioUserDriver machine = device.Machine;
        machine.Status = 0;
        machine.Control.Reset();
        machine.Status = Greeted;
        machine.Acknowledged(Version1);
        machine.Status = Greeted | VfioUserDriver.FeaturesOk;
        machine.SetUpQueue(0, 1);
        Unref(1).CopyTo(device.Ram.At(2 << 20, 32));
        machine.Control.Add(new DriverQueue.Piece(2 << 20, 32), new DriverQueue.Piece(3 << 20, 24, DriverQueue.Piece.Write));
        machine.Control.KickNow();
        machine.Flush();
        Assert.Equal(0, device.OnLoop(() => device.Device.CommandsDone));

        machine.Status = Greeted | VfioUserDriver.FeaturesOk | VfioUserDriver.DriverOk;

        Assert.Equal(24u, machine.Wait(machine.Control).Written);
    }

    [Fact]
    public void Status_zero_is_a_reset()
    {
        using DeviceUnderTest device = NewDevice();
        VfioUserDriver machine = device.Machine;
        Screen screen = device.Watch();
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));

        machine.Status = 0;

        Assert.Equal(0, machine.Status);
        Assert.Equal(0, device.OnLoop(() => device.Device.ResourceCount));
        Assert.Equal("disable", device.OnLoop(() => screen.Events[^1]));
        machine.WriteCommon(0x16, [0, 0]);
        Assert.Equal(new byte[2], machine.ReadCommon(0x1c, 2));
        Assert.Equal([0xff, 0xff], machine.ReadCommon(0x10, 2));
        // The rings are the driver's again: nothing is read there.
        machine.Control.KickNow();
        machine.Flush();
        machine.StartAnew();
        device.DoAll(CreateBlob(1, 16384, Pages));
    }

    [Fact]
    public void A_reset_of_the_device_resets_all_of_it()
    {
        using DeviceUnderTest device = NewDevice();
        VfioUserDriver machine = device.Machine;
        device.DoAll(CreateBlob(1, 16384, Pages));
        machine.WriteConfig(0x3c, [9]);

        Assert.Equal(Errno.None, machine.Send(VfioUserDriver.Command.Reset, []).Error);

        Assert.Equal(0, machine.Status);
        Assert.Equal(0, machine.ReadConfig(0x3c, 1)[0]);
        Assert.Equal(0, device.OnLoop(() => device.Device.ResourceCount));
        machine.EnableVectors();
        machine.StartAnew();
        device.DoAll(CreateBlob(1, 16384, Pages));
    }

    [Fact]
    public void A_reset_of_one_queue_keeps_resources_and_the_screen()
    {
        using DeviceUnderTest device = NewDevice();
        VfioUserDriver machine = device.Machine;
        Screen screen = device.Watch();
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));

        machine.StopControl();

        Assert.Equal(new byte[2], machine.ReadCommon(0x1c, 2));
        Assert.Equal(new byte[2], machine.ReadCommon(0x3a, 2));
        machine.Control.Reset();
        machine.SetUpQueue(0, 1);
        Reference.Draw(device.Ram, Pages, "BGR-", 64, 64, 256, 0, seed: 8);
        device.DoAll(Flush(1, 0, 0, 64, 64));
        Reference.AssertShown(screen, "XR24", "BGR-", 64, 64, seed: 8);
    }

    [Fact]
    public void After_65536_requests_a_reset_is_still_one()
    {
        using DeviceUnderTest device = NewDevice();
        device.DoAll(CreateBlob(1, 16384, Pages));
        byte[] request = Unref(9);
        for (int i = 1; i < 65536; i++)
        {
            Assert.Equal(InvalidResource, device.Do(request));
        }
        device.Machine.Status = 0;
        Assert.Equal(0, device.OnLoop(() => device.Device.ResourceCount));
    }

    [Theory]
    [InlineData(0x20, 0xff00_0000UL)]
    [InlineData(0x20, 8UL)]
    [InlineData(0x28, ulong.MaxValue - 1)]
    [InlineData(0x30, 2UL)]
    public void A_queue_that_cannot_be_needs_a_reset_which_the_driver_is_told(uint register, ulong address)
    {
        using DeviceUnderTest device = NewDevice();
        VfioUserDriver machine = device.Machine;
        machine.StopControl();
        machine.WriteCommon(register, BitConverter.GetBytes((uint)address));
        machine.WriteCommon(register + 4, BitConverter.GetBytes((uint)(address >> 32)));
        machine.WriteCommon(0x1c, [1, 0]);

        Assert.True(machine.WasToldOfDefect());
        machine.StartAnew();
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    [Theory]
    [InlineData(0, 256)]
    [InlineData(3, 256)]
    [InlineData(512, 256)]
    [InlineData(65535, 256)]
    [InlineData(16, 16)]
    public void A_queues_size_is_one_that_a_ring_can_have(ushort asked, ushort got)
    {
        using DeviceUnderTest device = NewDevice();
        device.Machine.StopControl();
        device.Machine.WriteCommon(0x18, BitConverter.GetBytes(asked));
        Assert.Equal(got, BinaryPrimitives.ReadUInt16LittleEndian(device.Machine.ReadCommon(0x18, 2)));
    }

    [Fact]
    public void Queues_and_vectors_that_are_not_there_cannot_be_had()
    {
        using DeviceUnderTest device = NewDevice();
        VfioUserDriver machine = device.Machine;
        Assert.Equal(2, machine.ReadCommon(0x12, 2)[0]);
        for (ushort queue = 0; queue < 2; queue++)
        {
            machine.WriteCommon(0x16, BitConverter.GetBytes(queue));
            Assert.Equal(queue, BinaryPrimitives.ReadUInt16LittleEndian(machine.ReadCommon(0x1e, 2)));
        }
        machine.WriteCommon(0x16, [2, 0]);
        Assert.Equal(new byte[2], machine.ReadCommon(0x18, 2));
        machine.WriteCommon(0x1c, [1, 0]);
        Assert.Equal(new byte[2], machine.ReadCommon(0x1c, 2));
        machine.WriteCommon(0x10, [3, 0]);
        Assert.Equal([0xff, 0xff], machine.ReadCommon(0x10, 2));
        // A kick of a queue that is not there, and reads of what no structure has.
        machine.WriteStructure(2, 64, [16, 0]);
        Assert.Equal(new byte[8], machine.Read(4, 0x7ff8, 8));
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    private static DeviceUnderTest NewDevice() => new(transport: Transport.VfioUser);
}
