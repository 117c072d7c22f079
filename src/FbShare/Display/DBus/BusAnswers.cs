namespace FbShare.Display.DBus;

/// <summary>What a server answers to the authentication that sd-bus sends in one go (D-Bus specification, "Authentication Protocol").</summary>
internal static class BusAnswers
{
    /// <summary>Finds the end: "OK", and one more line, which says whether the server takes descriptors.</summary>
    /// <param name="received">What has come, from the first byte.</param>
    /// <param name="length">How long the answers are, if they are all there.</param>
    /// <param name="areRefusal">Whether the server refuses.</param>
    /// <returns>Whether they are all there.</returns>
    public static bool TryGetLength(ReadOnlySpan<byte> received, out int length, out bool areRefusal)
    {
        length = 0;
        areRefusal = false;
        bool isOk = false;
        while (received[length..].IndexOf("\r\n"u8) is var end and >= 0)
        {
            ReadOnlySpan<byte> line = received.Slice(length, end);
            length += end + 2;
            if (isOk)
            {
                return true;
            }
            isOk = line.StartsWith("OK"u8);
            areRefusal |= line.StartsWith("REJECTED"u8);
        }
        return false;
    }
}
