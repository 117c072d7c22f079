using System.Globalization;
using FbShare.Rig.Driver;
using FbShare.Tests;

namespace FbShare.Fuzz;

/// <summary>A guest's commands, over both transports in turn; in every second session another thread writes over the requests, their entries and their answers
/// meanwhile, and in the others no page is touched that the guest has not named.</summary>
internal sealed class CommandDoor : Door
{
    private const ulong Requests = 1 << 20;
    private const int Batch = 64;
    private const int Slot = 16384;
    private const int ResponseSize = 1056;
    private const long Ram = 32 << 20;

    private readonly DeviceUnderFuzz _device;
    private readonly Rewriter _rewriter = new();
    private QueueDriver? _driver;
    private TouchedPages? _touched;
    private GuestModel _guest = null!;
    private HeldResources _early;
    private int _sessions;
    private int _checked;

    public CommandDoor()
        : base("commands") => _device = new DeviceUnderFuzz(Harm);

    public override string Details => string.Create(
        CultureInfo.InvariantCulture,
        $"{_sessions:N0} sessions, in {_checked:N0} of them every page was accounted for, {_rewriter.Written:N0} numbers were written over, longest turn {_device.Longest:0} ms");

    public override void Round(Random random)
    {
        if (_driver is null || random.Next(500) == 0)
        {
            Begin(vfioUser: random.Next(2) == 0, rewrites: random.Next(2) == 0);
        }
        // Without the other thread most of the time: what it writes over is mostly refused.
        bool rewrites = _touched is null && random.Next(2) == 0;
        if (rewrites)
        {
            _rewriter.Begin(_driver!.Ram, new Rewriter.Range(Requests, Batch * Slot));
        }
        Send(random);
        if (random.Next(8) == 0)
        {
            SendCursor(random);
        }
        if (rewrites)
        {
            _rewriter.Rest();
        }
    }

    public override void Take(ReadOnlyMemory<byte> input)
    {
        var random = new InputRandom(input);
        Begin(vfioUser: random.Next(2) == 0, rewrites: false);
        while (!InputRandom.HasEnded(random))
        {
            Send(random);
            if (random.Next(4) == 0)
            {
                SendCursor(random);
            }
        }
        End();
    }

    public override void Finish()
    {
        End();
        if (_sessions > 2)
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

    private void Send(Random random)
    {
        QueueDriver driver = _driver!;
        int count = 0;
        for (; count < Batch && !InputRandom.HasEnded(random); count++)
        {
            byte[] command = _guest.Next(random);
            ulong at = Requests + ((ulong)count * Slot);
            int length = Math.Clamp(command.Length, 1, Slot - ResponseSize);
            command.AsSpan(0, Math.Min(command.Length, length)).CopyTo(driver.Ram.At(at, length));
            _touched?.NameEntries(driver.Ram.At(at, length));
            var answer = new DriverQueue.Piece(at + Slot - ResponseSize, ResponseSize, DriverQueue.Piece.Write);
            int cut = random.Next(8) == 0 ? random.Next(length) : 0;
            if (cut == 0)
            {
                driver.Control.Add(new DriverQueue.Piece(at, (uint)length), answer);
            }
            else
            {
                driver.Control.Add(new DriverQueue.Piece(at, (uint)cut), new DriverQueue.Piece(at + (ulong)cut, (uint)(length - cut)), answer);
            }
            driver.Ram.At<uint>(at + Slot - ResponseSize) = 0;
        }
        Tally.Sent += count;
        driver.Control.Notify();
        for (int i = 0; i < count; i++)
        {
            driver.Wait(driver.Control);
            Tally.Answered++;
        }
        for (int i = 0; i < count; i++)
        {
            uint type = driver.Ram.At<uint>(Requests + ((ulong)i * Slot) + Slot - ResponseSize);
            Tally.Ok += type is >= 0x1100 and < 0x1200 ? 1 : 0;
        }
    }

    private void SendCursor(Random random)
    {
        byte[] cursor = _guest.NextCursor(random);
        cursor.CopyTo(_driver!.Ram.At(Requests + (Batch * Slot), cursor.Length));
        _driver.Cursor.Add(new DriverQueue.Piece(Requests + (Batch * Slot), (uint)Math.Max(cursor.Length, 1)));
        _driver.Cursor.Notify();
        _driver.Wait(_driver.Cursor);
    }

    private void Begin(bool vfioUser, bool rewrites)
    {
        End();
        var ram = new GuestRam(Ram);
        _driver = vfioUser ? new VfioUserDriver(_device.Connect(true), ram) : new FrontEndDriver(_device.Connect(false), ram);
        _driver.Start();
        _guest = new GuestModel(QueueDriver.FreeMemory, (ulong)Ram - QueueDriver.FreeMemory);
        _touched = rewrites ? null : new TouchedPages(ram, QueueDriver.FreeMemory);
        if (++_sessions == 3)
        {
            _early = HeldResources.Now();
        }
    }

    private void End()
    {
        _rewriter.Rest();
        if (_driver is { } driver)
        {
            _driver = null;
            _device.Settle();
            if (_touched is not null)
            {
                _touched.NoteOthers(Harm);
                _checked++;
            }
            driver.Dispose();
            driver.Ram.Dispose();
        }
        _device.Settle();
    }
}
