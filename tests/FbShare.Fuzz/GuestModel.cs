using FbShare.Rig.Driver;

namespace FbShare.Fuzz;

/// <summary>A guest that is mostly right: it remembers what it made, so that most of its commands are carried out, and is wrong now and then.</summary>
/// <param name="free">Where its free memory starts.</param>
/// <param name="length">How much of that there is.</param>
internal sealed class GuestModel(ulong free, ulong length)
{
    private const int MostResources = 24;
    private const ulong PageSize = 4096;

    /// <summary>The last pages of each block are in no entry of a right command, so that whoever goes too far meets one.</summary>
    private const ulong BlockPages = 48, UnnamedPages = 16;
    private const int MostPages = 32;

    private static readonly uint[] Formats = [1, 2, 3, 4, 67, 68, 121, 134];
    private static readonly uint[] Odd = [0, 1, 2, 3, 15, 16, 17, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, uint.MaxValue];

    private readonly Dictionary<uint, Made> _made = [];

    /// <summary>The next command of the control queue.</summary>
    public byte[] Next(Random random)
    {
        byte[] command = Right(random);
        return random.Next(16) == 0 ? Spoil(command, random) : command;
    }

    /// <summary>The next command of the cursor queue.</summary>
    public byte[] NextCursor(Random random)
    {
        byte[] command = random.Next(3) == 0 && _made.Count > 0
            ? Commands.UpdateCursor((uint)random.Next(2), random.Next(-100, 3000), random.Next(-100, 3000), Some(random), (uint)random.Next(70), (uint)random.Next(70))
            : Commands.MoveCursor((uint)random.Next(2), random.Next(-100, 3000), random.Next(-100, 3000));
        return random.Next(16) == 0 ? Spoil(command, random) : command;
    }

    /// <summary>Everything is forgotten, as after a reset.</summary>
    public void Forget() => _made.Clear();

    private byte[] Right(Random random)
    {
        if (_made.Count < 2 || (_made.Count < MostResources && random.Next(12) == 0))
        {
            return Make(random);
        }
        uint id = Some(random);
        Made it = _made[id];
        uint x = (uint)random.Next((int)it.Width), y = (uint)random.Next((int)it.Height);
        uint w = 1 + (uint)random.Next((int)(it.Width - x)), h = 1 + (uint)random.Next((int)(it.Height - y));
        ulong fence = random.Next(3) == 0 ? (ulong)random.NextInt64() : 0;
        switch (random.Next(40))
        {
            case 0: return Commands.GetDisplayInfo();
            case 1: return Commands.GetEdid((uint)random.Next(2));
            case 2:
                _made.Remove(id);
                return Commands.Unref(id);
            case 3 when !it.IsBlob:
                it.HasBacking = false;
                return Commands.Detach(id);
            case < 12:
                return it.IsBlob
                ? Commands.SetScanoutBlob((uint)random.Next(2), id, it.Format, it.Width, it.Height, it.Width * 4, 0, (x, y, w, h))
                : Commands.SetScanout((uint)random.Next(2), id, x, y, w, h);
            case 12: return Commands.SetScanout((uint)random.Next(2), 0, 0, 0, 0, 0);
            case < 24 when !it.IsBlob && it.HasBacking: return Commands.Transfer(id, x, y, w, h, ((y * it.Width) + x) * 4UL);
            case < 24 when !it.IsBlob:
                it.HasBacking = true;
                return Commands.Attach(id, Entries(it.Width * it.Height * 4UL, random));
            default: return Commands.Flush(id, x, y, w, h, fence);
        }
    }

    private byte[] Make(Random random)
    {
        uint id = (uint)random.Next(1, 64);
        uint width = Size(random), height = Size(random);
        uint format = Formats[random.Next(Formats.Length)];
        bool blob = random.Next(2) == 0;
        _made.TryAdd(id, new Made(blob, width, height, format));
        return blob ? Commands.CreateBlob(id, (((width * height * 4UL) + 4095) & ~4095UL), Entries(width * height * 4UL, random)) : Commands.Create2D(id, format, width, height);
    }

    private static uint Size(Random random) => random.Next(8) == 0 ? (uint)random.Next(1, 1025) : (uint)random.Next(1, 129);

    private (ulong Address, uint Length)[] Entries(ulong bytes, Random random)
    {
        var entries = new List<(ulong, uint)>();
        for (ulong left = (bytes + 4095) & ~4095UL; left > 0;)
        {
            ulong piece = Math.Min(left, PageSize * (uint)random.Next(1, MostPages + 1));
            ulong block = (ulong)random.Next((int)(length / (BlockPages * PageSize))), page = (ulong)random.Next((int)(BlockPages - UnnamedPages - (piece / PageSize)) + 1);
            entries.Add((free + (((block * BlockPages) + page) * PageSize), (uint)piece));
            left -= piece;
        }
        return [.. entries];
    }

    private uint Some(Random random) => _made.Keys.ElementAt(random.Next(_made.Count));

    private static byte[] Spoil(byte[] command, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                return command[..random.Next(command.Length + 1)];
            case 1:
                command[random.Next(command.Length)] ^= (byte)(1 << random.Next(8));
                return command;
            default:
                BitConverter.TryWriteBytes(command.AsSpan(4 * random.Next(command.Length / 4)), Odd[random.Next(Odd.Length)]);
                return command;
        }
    }

    private sealed class Made(bool isBlob, uint width, uint height, uint format)
    {
        public bool IsBlob => isBlob;

        public uint Width => width;

        public uint Height => height;

        public uint Format => format;

        public bool HasBacking { get; set; }
    }
}
