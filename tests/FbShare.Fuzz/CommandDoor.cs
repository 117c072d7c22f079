using FbShare.Rig.Driver;

namespace FbShare.Fuzz;

/// <summary>A guest's commands, over both transports in turn, while another thread writes over the requests and their answers.</summary>
internal sealed class CommandDoor : Door
{
    private const ulong Requests = 1 << 20;
    private const int Batch = 64;
    private const int Slot = 16384;
    private const int ResponseSize = 1056;
    private const long Ram = 32 << 20;

    private readonly DeviceUnderFuzz _device;
    private readonly Thread _writer;
    private readonly Lock _memory = new();
    private QueueDriver? _driver;
    private GuestModel _guest = null!;
    private Resources _early;
    private int _sessions;
    private long _sent;
    private long _done;
    private long _ok;
    private volatile bool _stopping;
    private volatile bool _writes;

    public CommandDoor()
    {
        _device = new DeviceUnderFuzz(Harm);
        _writer = new Thread(WriteOver) { IsBackground = true };
        _writer.Start();
    }

    public override string Did =>
        $"{_done} of {_sent} commands answered, {100.0 * _ok / Math.Max(_done, 1):0.0} % of them OK, {_sessions} sessions, longest turn {_device.Longest:0} ms";

    public override void Round(Random random)
    {
        if (_driver is null || random.Next(2000) == 0)
        {
            Begin(vfioUser: random.Next(2) == 0);
        }
        // Without the other thread most of the time: what it writes over is mostly refused.
        _writes = random.Next(4) == 0;
        Send(random);
        if (random.Next(8) == 0)
        {
            byte[] cursor = _guest.NextCursor(random);
            cursor.CopyTo(_driver!.Ram.At(Requests + (Batch * Slot), cursor.Length));
            _driver.Cursor.Add(new DriverQueue.Piece(Requests + (Batch * Slot), (uint)Math.Max(cursor.Length, 1)));
            _driver.Cursor.Notify();
            _driver.Wait(_driver.Cursor);
        }
    }

    public override void Finish()
    {
        _writes = false;
        End();
        Resources.Now().NoteGrowth(_early, Harm);
    }

    public override void Dispose()
    {
        _stopping = true;
        _writer.Join();
        End();
        _device.Dispose();
    }

    private void Send(Random random)
    {
        QueueDriver driver = _driver!;
        for (int i = 0; i < Batch; i++)
        {
            byte[] command = _guest.Next(random);
            ulong at = Requests + ((ulong)i * Slot);
            int length = Math.Clamp(command.Length, 1, Slot - ResponseSize);
            command.AsSpan(0, Math.Min(command.Length, length)).CopyTo(driver.Ram.At(at, length));
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
        _sent += Batch;
        driver.Control.Notify();
        for (int i = 0; i < Batch; i++)
        {
            driver.Wait(driver.Control);
            _done++;
        }
        for (int i = 0; i < Batch; i++)
        {
            uint type = driver.Ram.At<uint>(Requests + ((ulong)i * Slot) + Slot - ResponseSize);
            _ok += type is >= 0x1100 and < 0x1200 ? 1 : 0;
        }
    }

    private void Begin(bool vfioUser)
    {
        End();
        var ram = new GuestRam(Ram);
        lock (_memory)
        {
            _driver = vfioUser ? new VfioUserDriver(_device.Connect(true), ram) : new FrontEndDriver(_device.Connect(false), ram);
        }
        _driver.Start();
        _guest = new GuestModel(QueueDriver.FreeMemory, (ulong)Ram - QueueDriver.FreeMemory);
        if (++_sessions == 2)
        {
            _early = Resources.Now();
        }
    }

    private void End()
    {
        lock (_memory)
        {
            if (_driver is { } driver)
            {
                _driver = null;
                driver.Dispose();
                driver.Ram.Dispose();
            }
        }
        _device.Settle();
    }

    private void WriteOver()
    {
        var random = new Random(1);
        while (!_stopping)
        {
            if (!_writes)
            {
                Thread.Sleep(1);
                continue;
            }
            lock (_memory)
            {
                if (_driver is { } driver)
                {
                    for (int i = 0; i < 100; i++)
                    {
                        driver.Ram.At<uint>(Requests + (4UL * (uint)random.Next(Batch * Slot / 4))) = (uint)random.Next();
                    }
                }
            }
        }
    }
}
