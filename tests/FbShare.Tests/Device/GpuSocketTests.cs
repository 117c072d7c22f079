using System.Buffers.Binary;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

/// <summary>QEMU's side of the socket of VHOST_USER_GPU_SET_SOCKET (docs/interop/vhost-user-gpu.rst).</summary>
public class GpuSocketTests
{
    [Fact]
    public void QEMUs_sizes_reach_a_guest_that_asks()
    {
        using var device = new DeviceUnderTest(new GpuOptions { Outputs = 2, Width = 1024, Height = 768, RefreshHz = null });
        using UnixSocket qemu = Connect(device);

        // xres and yres.
        Assert.Equal((1920u, 1080u, 1u), Display(Ask(device, qemu, GetDisplayInfo(), 408, (0, 1920, 1080)), 0));
        // The user draws the window.
        Assert.Equal((1357u, 733u, 1u), Display(Ask(device, qemu, GetDisplayInfo(), 408, (0, 1357, 733), (1, 800, 600)), 0));
        byte[] edid = Ask(device, qemu, GetEdid(1), 1056, (0, 1357, 733), (1, 640, 480));
        // E-EDID 3.10.2: the first detailed timing's active pixels.
        Assert.Equal(640, edid[32 + 56] | ((edid[32 + 58] & 0xf0) << 4));
    }

    [Fact]
    public void What_QEMU_says_without_being_told_leaves_the_devices_own_sizes()
    {
        using var device = new DeviceUnderTest(new GpuOptions { Outputs = 2, Width = 1024, Height = 768, RefreshHz = null });
        using UnixSocket qemu = Connect(device);
        byte[] info = Ask(device, qemu, GetDisplayInfo(), 408, (0, 1280, 800));
        Assert.Equal((1024u, 768u, 1u), Display(info, 0));
        Assert.Equal((1024u, 768u, 1u), Display(info, 1));
    }

    [Fact]
    public void A_QEMU_that_does_not_answer_keeps_no_guest_waiting()
    {
        using var device = new DeviceUnderTest(new GpuOptions { Width = 1024, Height = 768, RefreshHz = null });
        using UnixSocket qemu = Connect(device);
        Assert.Equal((1024u, 768u, 1u), Display(device.FrontEnd.Request(GetDisplayInfo(), 408), 0));
    }

    [Fact]
    public void A_socket_that_is_closed_keeps_no_guest_waiting()
    {
        using var device = new DeviceUnderTest(new GpuOptions { Width = 1024, Height = 768, RefreshHz = null });
        UnixSocket qemu = Connect(device);
        ushort head = Send(device, GetDisplayInfo(), 408);
        ReadQuestion(qemu);
        qemu.Dispose();
        Assert.Equal(head, device.FrontEnd.Wait(device.FrontEnd.Control).Head);
    }

    [Fact]
    public void A_queue_that_stops_while_QEMU_is_asked_has_not_taken_the_request()
    {
        using var device = new DeviceUnderTest();
        using UnixSocket qemu = Connect(device);
        Send(device, GetDisplayInfo(), 408);
        ReadQuestion(qemu);
        Assert.Equal(0u, device.FrontEnd.StopQueue(0));
        Answer(qemu, (0, 1920, 1080));
        device.FrontEnd.StartQueue(0, device.FrontEnd.Control, 0);
        ReadQuestion(qemu);
        Answer(qemu, (0, 1920, 1080));
        device.FrontEnd.Wait(device.FrontEnd.Control);
        Assert.Equal((1920u, 1080u, 1u), Display(device.Ram.At(ResponseArea, 408).ToArray(), 0));
    }

    [Fact]
    public void Messages_of_QEMU_that_are_no_answers_are_passed_over()
    {
        using var device = new DeviceUnderTest();
        using UnixSocket qemu = Connect(device);
        ushort head = Send(device, GetDisplayInfo(), 408);
        ReadQuestion(qemu);
        // An answer to DMABUF_UPDATE, one that is too long, and one of another size.
        qemu.SendAll([10, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
        qemu.SendAll([1, 0, 0, 0, 4, 0, 0, 0, 0, 4, 0, 0, .. new byte[1024]]);
        qemu.SendAll([3, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, .. new byte[8]]);
        Answer(qemu, (0, 1920, 1080));
        Assert.Equal(head, device.FrontEnd.Wait(device.FrontEnd.Control).Head);
        Assert.Equal((1920u, 1080u, 1u), Display(device.Ram.At(ResponseArea, 408).ToArray(), 0));
    }

    private const ulong RequestArea = 2 << 20;
    private const ulong ResponseArea = RequestArea + 4096;

    private static UnixSocket Connect(DeviceUnderTest device)
    {
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(33, new byte[8], theirs.Descriptor));
        theirs.Dispose();
        return ours;
    }

    private static byte[] Ask(DeviceUnderTest device, UnixSocket qemu, byte[] request, int responseSize, params (int Output, int Width, int Height)[] sizes)
    {
        ushort head = Send(device, request, responseSize);
        ReadQuestion(qemu);
        Answer(qemu, sizes);
        Assert.Equal(head, device.FrontEnd.Wait(device.FrontEnd.Control).Head);
        return device.Ram.At(ResponseArea, responseSize).ToArray();
    }

    private static ushort Send(DeviceUnderTest device, byte[] request, int responseSize)
    {
        request.CopyTo(device.Ram.At(RequestArea, request.Length));
        ushort head = device.FrontEnd.Control.Add(
            new DriverQueue.Piece(RequestArea, (uint)request.Length), new DriverQueue.Piece(ResponseArea, (uint)responseSize, DriverQueue.Piece.Write));
        device.FrontEnd.Control.Kick.Signal();
        return head;
    }

    private static void ReadQuestion(UnixSocket qemu)
    {
        var header = new byte[12];
        do
        {
            // What the outputs show comes, too.
            Assert.Equal(12, qemu.Receive(header));
            var payload = new byte[BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(8))];
            Assert.True(payload.Length == 0 || qemu.Receive(payload) == payload.Length);
        }
        while (header[0] != 3);
        Assert.Equal([3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], header);
    }

    private static void Answer(UnixSocket qemu, params (int Output, int Width, int Height)[] sizes)
    {
        var message = new byte[12 + 408];
        BinaryPrimitives.WriteUInt32LittleEndian(message, 3);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), 4);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), 408);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(12), OkDisplayInfo);
        foreach ((int output, int width, int height) in sizes)
        {
            Span<byte> entry = message.AsSpan(12 + 24 + (24 * output));
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], width);
            BinaryPrimitives.WriteInt32LittleEndian(entry[12..], height);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], 1);
        }
        qemu.SendAll(message);
    }

    private static (uint Width, uint Height, uint Enabled) Display(byte[] info, int index)
    {
        int at = 24 + (24 * index);
        return (BitConverter.ToUInt32(info, at + 8), BitConverter.ToUInt32(info, at + 12), BitConverter.ToUInt32(info, at + 16));
    }
}
