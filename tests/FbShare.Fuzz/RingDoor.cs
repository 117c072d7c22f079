using System.Globalization;
using FbShare.Rig.Driver;
using FbShare.Tests;

namespace FbShare.Fuzz;

/// <summary>Rings that no correct driver makes: descriptors, chains, indirect tables and indices at random. In half of the rounds another thread writes over
/// all of them, and over what they name, while the device reads it.</summary>
internal sealed class RingDoor : Door
{
    private const long Ram = 8 << 20;
    private const ushort Size = 64;
    private const int Kicks = 50;

    /// <summary>Requests lie in slots, each with its answer.</summary>
    private const ulong Requests = 2 << 20;
    private const int Slots = 16, SlotSize = 8192, AnswerSize = 1056;

    private const ushort Next = 1, Write = 2;

    /// <summary>Where the two rings lie, with their indices and tables (see <see cref="QueueDriver"/>).</summary>
    private const int RingBytes = 4096;

    private static readonly ulong[] Addresses = [0, 1, 4096, (ulong)Ram - 1, (ulong)Ram, ulong.MaxValue, ulong.MaxValue - 4095, 1UL << 63];
    private static readonly uint[] Lengths = [0, 1, 16, 24, 4096, 65536, 0x7fff_ffff, uint.MaxValue];

    private readonly DeviceUnderFuzz _device;
    private readonly Rewriter _rewriter = new();
    private QueueDriver? _driver;
    private HeldResources _early;
    private GuestModel _guest = null!;
    private long _rings;
    private long _rounds;

    public RingDoor()
        : base("chains") => _device = new DeviceUnderFuzz(Harm);

    public override string Details => string.Create(
        CultureInfo.InvariantCulture, $"{_rings:N0} rings, {_rewriter.Written:N0} numbers were written over, longest turn {_device.Longest:0} ms");

    public override void Round(Random random)
    {
        Begin(random);
        if (random.Next(2) == 0)
        {
            _rewriter.Begin(
                _driver!.Ram,
                new Rewriter.Range(_driver.Control.Descriptors, RingBytes),
                new Rewriter.Range(_driver.Cursor.Descriptors, RingBytes),
                new Rewriter.Range(Requests, Slots * SlotSize));
        }
        for (int i = 0; i < Kicks; i++)
        {
            Disturb(random);
        }
        _driver!.Flush();
        _rewriter.Rest();
        if (++_rounds == 2)
        {
            _early = HeldResources.Now();
        }
    }

    public override void Take(ReadOnlyMemory<byte> input)
    {
        var random = new InputRandom(input);
        Begin(random);
        while (!InputRandom.HasEnded(random))
        {
            Disturb(random);
        }
        _driver!.Flush();
        End();
    }

    private void Disturb(Random random)
    {
        if (random.Next(4) != 0)
        {
            Ask(_driver!, random);
        }
        else
        {
            Scribble(_driver!, _driver!.Queues[random.Next(2)], random);
        }
    }

    public override void Finish()
    {
        End();
        if (_rounds > 2)
        {
            Harm.NoteGrowth(_early);
        }
    }

    public override void Dispose()
    {
        End();
        _rewriter.Dispose();
        _device.Dispose();
    }

    private void Begin(Random random)
    {
        End();
        _rings++;
        var ram = new GuestRam(Ram);
        _driver = random.Next(2) == 0 ? new VfioUserDriver(_device.Connect(true), ram, random.Next(2) == 0, Size) : new FrontEndDriver(_device.Connect(false), ram, random.Next(2) == 0, Size);
        _driver.Start();
        _guest = new GuestModel(QueueDriver.FreeMemory, (ulong)Ram - QueueDriver.FreeMemory);
    }

    private static void Scribble(QueueDriver driver, DriverQueue queue, Random random)
    {
        int count = random.Next(1, Size);
        for (int i = 0; i < count && !InputRandom.HasEnded(random); i++)
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
    }

    /// <summary>A chain of two descriptors with a request that is mostly right, at places of the ring that nobody keeps count of.</summary>
    private void Ask(QueueDriver driver, Random random)
    {
        byte[] request = _guest.Next(random);
        int slot = random.Next(Slots);
        ulong at = Requests + ((ulong)slot * SlotSize), answer = at + SlotSize - AnswerSize;
        int length = Math.Clamp(request.Length, 1, SlotSize - AnswerSize);
        request.AsSpan(0, Math.Min(request.Length, length)).CopyTo(driver.Ram.At(at, length));
        driver.Ram.At<uint>(answer) = 0;
        ushort first = (ushort)random.Next(Size), second = (ushort)((first + 1 + random.Next(Size - 1)) % Size);
        driver.Control.WriteRaw(first, at, (uint)length, Next, second);
        driver.Control.WriteRaw(second, answer, AnswerSize, Write, 0);
        driver.Control.Publish(first);
        driver.Control.KickNow();
        driver.Flush();
        Tally.Sent++;
        uint type = driver.Ram.At<uint>(answer);
        Tally.Answered += type != 0 ? 1 : 0;
        Tally.Ok += type is >= 0x1100 and < 0x1200 ? 1 : 0;
        if (type == 0)
        {
            // The ring is broken by now.
            driver.StartAnew();
            _guest.Forget();
        }
    }

    private void End()
    {
        _rewriter.Rest();
        _driver?.Dispose();
        _driver?.Ram.Dispose();
        _driver = null;
        _device.Settle();
    }
}
