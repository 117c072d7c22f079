using FbShare.Pictures;
using FbShare.Rig.Driver;
using FbShare.Tests.Device;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Keeping;

/// <summary>A device dies at each step of what it does, and another one goes on: the machine must not notice, and its picture must be right.</summary>
public sealed class ResumeTests
{
    private const int Width = 64, Height = 48;

    private static readonly (ulong Address, uint Length)[] First = Reference.Scatter(Width * Height * 4, 1, seed: 1);
    private static readonly (ulong Address, uint Length)[] Second = [.. First.Select(p => (p.Address + (8 << 20), p.Length))];

    [Theory]
    [InlineData(Transport.VfioUser)]
    [InlineData(Transport.VhostUser)]
    public void A_machine_starts_whenever_the_device_dies_meanwhile(Transport transport) => DieAtEachStep(
        transport,
        prepare: _ => { },
        act: device => device.Driver.Start(),
        check: device => device.DoAll(CreateBlob(1, Width * Height * 4, First), SetScanoutBlob(0, 1, 2, Width, Height, Width * 4), Flush(1, 0, 0, Width, Height)));

    [Theory]
    [InlineData(Transport.VfioUser)]
    [InlineData(Transport.VhostUser)]
    public void A_blob_is_made_and_shown_and_flipped(Transport transport) => DieAtEachStep(
        transport,
        prepare: device => device.Driver.Start(),
        act: device =>
        {
            Reference.Draw(device.Driver.Ram, First, "BGR-", Width, Height, Width * 4, 0, seed: 1);
            Reference.Draw(device.Driver.Ram, Second, "BGR-", Width, Height, Width * 4, 0, seed: 2);
            device.DoAll(
                CreateBlob(1, Width * Height * 4, First),
                SetScanoutBlob(0, 1, 2, Width, Height, Width * 4),
                Flush(1, 0, 0, Width, Height, fence: 1),
                CreateBlob(2, Width * Height * 4),
                Attach(2, Second),
                SetScanoutBlob(0, 2, 2, Width, Height, Width * 4),
                Flush(2, 0, 0, Width, Height, fence: 2),
                Unref(1));
        },
        check: device =>
        {
            Reference.AssertShown(device.Look(), "XR24", "BGR-", Width, Height, seed: 2);
            Assert.Equal(1, device.OnLoop(life => life.Device.ResourceCount));
            Assert.Equal(InvalidResource, TypeOf(device.Driver.Request(Unref(1))));
        });

    [Theory]
    [InlineData(Transport.VfioUser)]
    [InlineData(Transport.VhostUser)]
    public void A_2D_picture_stays_as_it_was_transferred(Transport transport) => DieAtEachStep(
        transport,
        prepare: device => device.Driver.Start(),
        act: device =>
        {
            Reference.Draw(device.Driver.Ram, First, "BGR-", Width, Height, Width * 4, 0, seed: 1);
            device.DoAll(
                Create2D(1, 2, Width, Height),
                Attach(1, First),
                Transfer(1, 0, 0, Width, Height, 0),
                SetScanout(0, 1, 0, 0, Width, Height),
                Flush(1, 0, 0, Width, Height),
                Detach(1));
            device.Driver.RequestCursor(MoveCursor(0, 3, 4));
        },
        check: device =>
        {
            // What the guest draws afterwards is not shown before it transfers it.
            Reference.Draw(device.Driver.Ram, First, "BGR-", Width, Height, Width * 4, 0, seed: 5);
            device.Die();
            Reference.AssertShown(device.Look(), "XR24", "BGR-", Width, Height, seed: 1);
        });

    [Theory]
    [InlineData(Transport.VfioUser)]
    [InlineData(Transport.VhostUser)]
    public void A_pointer_keeps_its_picture_though_its_resource_is_gone(Transport transport) => DieAtEachStep(
        transport,
        prepare: device =>
        {
            device.Driver.Start();
            Reference.Draw(device.Driver.Ram, First, "BGRA", 64, 48, 256, 0, seed: 7);
            device.DoAll(CreateBlob(5, 16384, (First[0].Address, 16384)));
        },
        act: device =>
        {
            device.Driver.RequestCursor(UpdateCursor(0, -20, 50, 5, 3, 9));
            device.DoAll(Unref(5));
        },
        check: device =>
        {
            device.Die();
            Screen screen = device.Look();
            Assert.Equal((64, 3, 9), (screen.Cursor!.Width, screen.Cursor.HotX, screen.Cursor.HotY));
            Assert.True(device.Driver.Ram.At(First[0].Address, 4096).SequenceEqual(screen.Cursor.Pixels.Span[..4096]));
            Assert.Equal(new CursorPosition(-20, 50, true), screen.CursorPosition);
        });

    [Theory]
    [InlineData(Transport.VfioUser)]
    [InlineData(Transport.VhostUser)]
    public void Flushes_that_are_held_and_what_overtakes_them_are_each_answered_once(Transport transport) => DieAtEachStep(
        transport,
        prepare: device =>
        {
            device.Driver.Start();
            device.DoAll(CreateBlob(1, Width * Height * 4, First), SetScanoutBlob(0, 1, 2, Width, Height, Width * 4), Flush(1, 0, 0, Width, Height, fence: 1));
        },
        act: device =>
        {
            const ulong area = 2 << 20;
            var heads = new HashSet<ushort>();
            byte[][] requests = [Flush(1, 0, 0, Width, Height, fence: 2), Flush(99, 0, 0, 8, 8), SetScanoutBlob(0, 1, 2, Width, Height, Width * 4), Flush(1, 0, 0, 8, 8, fence: 3), GetDisplayInfo()];
            for (int i = 0; i < requests.Length; i++)
            {
                ulong at = area + ((ulong)i * 4096);
                requests[i].CopyTo(device.Driver.Ram.At(at, requests[i].Length));
                heads.Add(device.Driver.Control.Add(new DriverQueue.Piece(at, (uint)requests[i].Length), new DriverQueue.Piece(at + 2048, 1024, DriverQueue.Piece.Write)));
            }
            device.Driver.Control.Notify();
            for (int i = 0; i < requests.Length; i++)
            {
                Assert.True(heads.Remove(device.Driver.Wait(device.Driver.Control).Head));
            }
            Assert.Equal(
                [Ok, InvalidResource, Ok, Ok, OkDisplayInfo],
                Enumerable.Range(0, requests.Length).Select(i => TypeOf(device.Driver.Ram.At(area + ((ulong)i * 4096) + 2048, 24).ToArray())));
        },
        check: device => device.DoAll(Flush(1, 0, 0, Width, Height)),
        options: new GpuOptions());

    [Theory]
    [InlineData(Transport.VfioUser)]
    [InlineData(Transport.VhostUser)]
    public void A_driver_that_starts_anew_finds_an_empty_device(Transport transport) => DieAtEachStep(
        transport,
        prepare: device =>
        {
            device.Driver.Start();
            device.DoAll(Create2D(1, 2, Width, Height), Attach(1, First), SetScanout(0, 1, 0, 0, Width, Height), Flush(1, 0, 0, Width, Height));
        },
        act: device =>
        {
            if (transport == Transport.VfioUser)
            {
                device.Driver.StartAnew();
            }
            else
            {
                var frontEnd = (FrontEndDriver)device.Driver;
                frontEnd.StopQueue(0);
                frontEnd.StopQueue(1);
                frontEnd.Control.Reset();
                frontEnd.Cursor.Reset();
                frontEnd.StartQueue(0, frontEnd.Control, 0);
                frontEnd.StartQueue(1, frontEnd.Cursor, 0);
            }
        },
        check: device => device.DoAll(Create2D(1, 2, Width, Height)));

    [Theory]
    [InlineData(Transport.VfioUser)]
    [InlineData(Transport.VhostUser)]
    public void Nothing_stays_kept_of_resources_that_are_gone(Transport transport)
    {
        using var device = new KeptDevice(transport);
        device.Driver.Start();
        int before = device.KeptCount;
        for (int i = 0; i < 20; i++)
        {
            device.DoAll(Create2D(1, 2, Width, Height), Attach(1, First), CreateBlob(2, 4096, First[0]));
            device.Die();
            device.DoAll(Unref(1), Unref(2));
            Assert.Equal(before, device.KeptCount);
        }
        Assert.Equal(20, device.Deaths);
    }

    [Theory]
    [InlineData(Transport.VfioUser)]
    [InlineData(Transport.VhostUser)]
    public void A_program_that_cannot_read_what_was_left_serves_the_machine_from_its_next_reset_on(Transport transport)
    {
        using var device = new KeptDevice(transport);
        device.Driver.Start();
        device.DoAll(CreateBlob(1, Width * Height * 4, First));
        device.OnLoop(life => life.Keeper.State.Slice(8, 1)[0]++);

        device.Die();

        device.Driver.Control.Reset();
        device.Driver.Cursor.Reset();
        if (device.Driver is VfioUserDriver machine)
        {
            machine.MapMemory();
            machine.EnableVectors();
            machine.StartDriver();
        }
        else
        {
            device.Driver.Start();
        }
        device.DoAll(CreateBlob(1, Width * Height * 4, First));
        Assert.Single(device.Log, line => line.StartsWith("what the device that stopped has left cannot be read: it is of version 2", StringComparison.Ordinal));
    }

    /// <summary>Plays a scene again and again, and lets the device die before its first step, its second, and so on, until the scene ends before.</summary>
    private static void DieAtEachStep(Transport transport, Action<KeptDevice> prepare, Action<KeptDevice> act, Action<KeptDevice> check, GpuOptions? options = null)
    {
        for (int step = 0; ; step++)
        {
            using var device = new KeptDevice(transport, options);
            prepare(device);
            if (device.Driver.OfferedFeatures != 0)
            {
                device.Driver.Settle();
            }
            device.DieBefore(step);
            try
            {
                act(device);
                device.Driver.Flush();
                bool lived = device.Deaths == 0;
                device.LiveOn();
                check(device);
                if (lived)
                {
                    Assert.True(step > 10, $"only {step} steps");
                    return;
                }
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"after a death before step {step}: {e.Message}\n{string.Join('\n', device.Log)}", e);
            }
        }
    }
}
