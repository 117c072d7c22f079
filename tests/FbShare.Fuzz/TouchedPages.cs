using System.Buffers.Binary;
using FbShare.Linux;
using FbShare.Rig.Driver;

namespace FbShare.Fuzz;

/// <summary>Which pages of a guest's memory may have been touched: a file in memory has a page only once somebody has read or written it, so at the end
/// every page that the file has must be one that the guest has named in a request.</summary>
/// <param name="ram">Fresh memory.</param>
/// <param name="from">Pages below this address are the rings' and the requests', and not looked at.</param>
internal sealed class TouchedPages(GuestRam ram, ulong from)
{
    private const int PageSize = 4096;
    private const int HeaderSize = 24;
    private const int EntrySize = 16;
    private const uint AttachBacking = 0x0106;
    private const uint CreateBlob = 0x010c;

    private readonly bool[] _named = new bool[ram.Regions[0].Length / PageSize];

    /// <summary>Notes the pages of the entries that a request names, as far as it holds any.</summary>
    public void NameEntries(ReadOnlySpan<byte> request)
    {
        if (request.Length < HeaderSize)
        {
            return;
        }
        // Any other kind of request has none, whatever follows.
        int at = BinaryPrimitives.ReadUInt32LittleEndian(request) switch
        {
            AttachBacking => HeaderSize + 8,
            CreateBlob => HeaderSize + 32,
            _ => request.Length,
        };
        for (; at + EntrySize <= request.Length; at += EntrySize)
        {
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(request[at..]);
            ulong length = BinaryPrimitives.ReadUInt32LittleEndian(request[(at + 8)..]);
            for (ulong page = address / PageSize; length > 0 && page < (ulong)_named.Length && page <= (address + length - 1) / PageSize; page++)
            {
                _named[page] = true;
            }
        }
    }

    /// <summary>Harm is a page that the file has and nobody has named.</summary>
    public void NoteOthers(Harm harm)
    {
        foreach ((long start, long end) in ram.Descriptor.FindData())
        {
            for (long page = Math.Max(start, (long)from) / PageSize; page < end / PageSize; page++)
            {
                if (!_named[page])
                {
                    harm.Note("page", $"the page at 0x{page * PageSize:x} was touched, and no request has named it");
                    return;
                }
            }
        }
    }
}
