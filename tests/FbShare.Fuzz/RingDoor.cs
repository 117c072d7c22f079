using FbShare.Rig.Driver;

namespace FbShare.Fuzz;

/// <summary>Rings that no correct driver makes: descriptors, chains, indirect tables and indices at random.</summary>
internal sealed class RingDoor : Door
{
    private const long Ram = 8 << 20;
    private const ushort Size = 64;

    private static readonly ulong[] Addresses = [0, 1, 4096, (ulong)Ram - 1, (ulong)Ram, ulong.MaxValue, ulong.MaxValue - 4095, 1UL << 63];
    private static readonly uint[] Lengths = [0, 1, 16, 24, 4096, 65536, 0x7fff_ffff, uint.MaxValue];

    private readonly DeviceUnderFuzz _device;
    private QueueDriver? _driver;
    private Resources _early;
    private long _rings;
    private long _kicks;

    public RingDoor() => _device = new DeviceUnderFuzz(Harm);

    public override string Did => $"{_kicks} kicks of {_rings} rings, longest turn {_device.Longest:0} ms";

    public override void Round(Random random)
    {
        End();
        var ram = new GuestRam(Ram);
        _driver = random.Next(2) == 0 ? new VfioUserDriver(_device.Connect(true), ram, random.Next(2) == 0, Size) : new FrontEndDriver(_device.Connect(false), ram, random.Next(2) == 0, Size);
        _driver.Start();
        if (++_rings == 2)
        {
            _early = Resources.Now();
        }
        for (int i = 0; i < 50; i++)
        {
            Scribble(_driver, _driver.Queues[random.Next(2)], random);
        }
        _driver.Flush();
    }

    public override void Finish()
    {
        End();
        Resources.Now().NoteGrowth(_early, Harm, spare: 0);
    }

    public override void Dispose()
    {
        End();
        _device.Dispose();
    }

    private void Scribble(QueueDriver driver, DriverQueue queue, Random random)
    {
        int count = random.Next(1, Size);
        for (int i = 0; i < count; i++)
        {
            queue.WriteRaw(
                (ushort)random.Next(Size),
                random.Next(4) == 0 ? Addresses[random.Next(Addresses.Length)] : QueueDriver.FreeMemory - (ulong)random.Next(4 << 20),
                random.Next(4) == 0 ? Lengths[random.Next(Lengths.Length)] : (uint)random.Next(1, 512),
                (ushort)random.Next(8),
                (ushort)random.Next(Size + 2));
        }
        // What descriptors name: requests, or indirect tables.
        Span<byte> memory = driver.Ram.At(QueueDriver.FreeMemory - (ulong)random.Next(4096, 4 << 20), 4096);
        random.NextBytes(memory[..random.Next(4096)]);
        if (random.Next(8) == 0)
        {
            driver.Ram.At<ushort>(queue.Available + 2) = (ushort)random.Next();
        }
        else
        {
            for (int i = random.Next(1, 8); i > 0; i--)
            {
                queue.Publish((ushort)random.Next(random.Next(16) == 0 ? ushort.MaxValue : Size));
            }
        }
        queue.KickNow();
        _kicks++;
    }

    private void End()
    {
        _driver?.Dispose();
        _driver?.Ram.Dispose();
        _driver = null;
        _device.Settle();
    }
}
