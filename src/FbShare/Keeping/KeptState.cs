using System.Buffers.Binary;
using FbShare.Linux;

namespace FbShare.Keeping;

/// <summary>The memory that a device leaves to the next one: a memfd with cells, ledgers of rings and records.</summary>
/// <remarks>Written as the device goes, each change by one store that makes it valid, so that the device may die at any instruction. Nothing of it is
/// believed by whoever reads it: a device that was taken over by its guest may have written it. Changes to this layout need another
/// <see cref="Version"/>.</remarks>
internal sealed class KeptState : IDisposable
{
    /// <summary>The layout's version. A device does not read another one.</summary>
    public const uint Version = 1;

    /// <summary>As many as a virtio-gpu can have.</summary>
    public const int MaxOutputs = 16;

    public const int MaxQueues = 2;

    private const ulong Magic = 0x0050454b_53424645;
    private const int HeaderSize = 64;
    private const int SmallCell = 64;
    private const int LargeCell = 4096;
    private const int CursorCell = (16 << 10) + SmallCell;
    private const long RecordsAt = 1 << 20;

    /// <summary>Room for the page lists of 32 GiB of pictures whose pages lie all apart.</summary>
    private const long RecordsCapacity = 128 << 20;

    private readonly MemoryMapping _mapping;

    private KeptState(FileDescriptor memory)
    {
        Memory = memory;
        _mapping = MemoryMapping.Map(memory, 0, Size, writable: true);
    }

    /// <summary>Where a cell is.</summary>
    public enum Cell
    {
        /// <summary>Whether a front-end is served.</summary>
        Session,

        /// <summary>The header of the request that is being answered.</summary>
        Request,

        /// <summary>What a front-end has set up.</summary>
        Connection,

        /// <summary>A PCI function's registers.</summary>
        Function,

        /// <summary>A virtio-gpu's own configuration.</summary>
        Gpu,

        /// <summary>What the program itself wants to remember.</summary>
        Program,
        Count,
    }

    /// <summary>Bytes of the file. Most of it is never touched and takes no memory.</summary>
    public static long Size => RecordsAt + (2 * RecordsCapacity);

    /// <summary>The memfd, owned by this object.</summary>
    public FileDescriptor Memory { get; }

    /// <summary>For tests: called before each store that a crash could come before.</summary>
    public Action? BeforeStep { get; set; }

    public StateRecords Records { get; private set; } = null!;

    /// <summary>Makes an empty state.</summary>
    /// <exception cref="LinuxException">There is no memory or no descriptor free.</exception>
    public static KeptState Create()
    {
        FileDescriptor memory = MemFd.Create("fbshare-state", Size);
        try
        {
            var state = new KeptState(memory);
            Span<byte> header = state.Slice(0, HeaderSize);
            BinaryPrimitives.WriteUInt32LittleEndian(header[sizeof(ulong)..], Version);
            BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
            state.OpenRecords();
            return state;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Opens a state that another process has made.</summary>
    /// <param name="memory">Owned from here on, also when this fails.</param>
    /// <param name="why">Why it cannot be read, in words.</param>
    /// <returns>Null if it cannot be read.</returns>
    public static KeptState? TryOpen(FileDescriptor memory, out string why)
    {
        KeptState? state = null;
        try
        {
            // It could be cut off under the mapping otherwise, which would end this process.
            if (memory.GetSeals() is not { } seals || (seals & MemFdSeals.Shrink) == 0 || memory.GetStatus().Size != Size)
            {
                why = "it has another size";
                memory.Dispose();
                return null;
            }
            state = new KeptState(memory);
            ReadOnlySpan<byte> header = state.Slice(0, HeaderSize);
            uint version = BinaryPrimitives.ReadUInt32LittleEndian(header[sizeof(ulong)..]);
            if (BinaryPrimitives.ReadUInt64LittleEndian(header) != Magic || version != Version)
            {
                why = $"it is of version {version}, and this program reads version {Version}";
                state.Dispose();
                return null;
            }
            state.OpenRecords();
            why = "";
            return state;
        }
        catch (LinuxException e)
        {
            why = e.Message;
            (state as IDisposable ?? memory).Dispose();
            return null;
        }
    }

    public StateCell At(Cell cell) => new(this, HeaderSize + ((int)cell * StateCell.SizeFor(LargeCell)), LargeCell);

    /// <summary>The request by which the guest has set what an output shows.</summary>
    public StateCell Scanout(int output) => new(this, ScanoutsAt + (output * StateCell.SizeFor(2 * SmallCell)), 2 * SmallCell);

    /// <summary>An output's pointer: its hot spot and its pixels.</summary>
    public StateCell Cursor(int output) => new(this, CursorsAt + (output * StateCell.SizeFor(CursorCell)), CursorCell);

    /// <summary>Where an output's pointer is.</summary>
    public StateCell CursorPosition(int output) => new(this, PositionsAt + (output * StateCell.SizeFor(SmallCell)), SmallCell);

    public RingLedger Ring(int queue) => new(this, RingsAt + (queue * RingLedger.Size));

    internal Span<byte> Slice(long offset, int length) => _mapping.Slice(offset, length);

    internal void Step() => BeforeStep?.Invoke();

    /// <summary>Gives memory back; it reads as zero then.</summary>
    internal void Free(long offset, long length) => Memory.PunchHole(offset, length);

    /// <summary>Forgets a front-end and everything of it.</summary>
    public void Clear()
    {
        // First that there is one: after that the rest is not looked at.
        for (Cell cell = Cell.Session; cell < Cell.Program; cell++)
        {
            At(cell).Clear();
        }
        for (int i = 0; i < MaxOutputs; i++)
        {
            Scanout(i).Clear();
            Cursor(i).Clear();
            CursorPosition(i).Clear();
        }
        for (int i = 0; i < MaxQueues; i++)
        {
            Ring(i).Clear();
        }
        Records.Clear();
    }

    public void Dispose()
    {
        _mapping.Dispose();
        Memory.Dispose();
    }

    private static long ScanoutsAt => HeaderSize + ((int)Cell.Count * StateCell.SizeFor(LargeCell));

    private static long PositionsAt => ScanoutsAt + (MaxOutputs * StateCell.SizeFor(2 * SmallCell));

    private static long CursorsAt => PositionsAt + (MaxOutputs * StateCell.SizeFor(SmallCell));

    private static long RingsAt => CursorsAt + (MaxOutputs * StateCell.SizeFor(CursorCell));

    private static long RecordsLengthAt => RingsAt + (MaxQueues * RingLedger.Size);

    private void OpenRecords() => Records = new StateRecords(this, RecordsLengthAt, RecordsAt, RecordsCapacity);
}
