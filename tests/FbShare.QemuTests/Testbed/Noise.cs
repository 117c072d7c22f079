using System.Runtime.InteropServices;

namespace FbShare.QemuTests.Testbed;

/// <summary>Bytes that look random and are the same for the same seed (SplitMix64): quick also in an emulated machine.</summary>
internal struct Noise(int seed)
{
    private ulong _state = (ulong)seed * 0x9E3779B97F4A7C15;

    public void Fill(Span<byte> bytes)
    {
        foreach (ref ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            word = Next();
        }
        for (int i = bytes.Length & ~7; i < bytes.Length; i++)
        {
            bytes[i] = (byte)Next();
        }
    }

    private ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
