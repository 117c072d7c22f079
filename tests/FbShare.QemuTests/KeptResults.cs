namespace FbShare.QemuTests;

/// <summary>What tests keep for whoever wants to look: pictures, and notes beside them, in the folder that FBSHARE_PICTURES names.</summary>
internal static class KeptResults
{
    /// <summary>Where a file goes; null where nothing is kept.</summary>
    public static string? Find(string name)
    {
        if (Environment.GetEnvironmentVariable("FBSHARE_PICTURES") is not { Length: > 0 } folder)
        {
            return null;
        }
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, name);
    }
}
