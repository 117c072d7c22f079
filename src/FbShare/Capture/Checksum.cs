using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace FbShare.Capture;

/// <summary>SHA-256, which .NET takes from OpenSSL. Where that is missing, .NET ends the process: so it is asked for first.</summary>
internal static class Checksum
{
    private static readonly Lazy<bool> Loaded = new(() =>
        NativeLibrary.TryLoad("libssl.so.3", out _) || NativeLibrary.TryLoad("libssl.so.1.1", out _) || NativeLibrary.TryLoad("libssl.so", out _));

    /// <summary>In lower-case hex.</summary>
    /// <exception cref="CaptureException">OpenSSL is missing.</exception>
    public static string Of(ReadOnlySpan<byte> bytes)
    {
        Demand();
        return Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    /// <summary>One that takes its bytes in parts.</summary>
    /// <exception cref="CaptureException">OpenSSL is missing.</exception>
    public static IncrementalHash Begin()
    {
        Demand();
        return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    }

    private static void Demand()
    {
        if (!Loaded.Value)
        {
            throw new CaptureException("the checksum of raw pixels needs OpenSSL (libssl.so.3): install it (Debian 12: libssl3, 13: libssl3t64)") { LacksLibrary = true };
        }
    }
}
