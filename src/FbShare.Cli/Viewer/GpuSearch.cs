namespace FbShare.Cli.Viewer;

/// <summary>Whether this machine has a GPU that OpenGL could draw with, found out without loading any of it.</summary>
/// <param name="root">The folder in which proc, sys and dev are: an empty string, or a test's.</param>
/// <param name="variable">Reads an environment variable.</param>
internal sealed class GpuSearch(string root, Func<string, string?> variable)
{
    /// <summary>DRM drivers that have a render node and nothing that draws.</summary>
    private static readonly string[] Hollow = ["vgem", "vkms"];

    /// <summary>Devices of drivers that need no render node: NVIDIA's own, and Windows' GPU in WSL.</summary>
    private static readonly string[] Others = ["dev/nvidiactl", "dev/dxg"];

    /// <summary>Why nothing but a processor draws here; null where a GPU may.</summary>
    public string? FindObstacle()
    {
        if (variable("LIBGL_ALWAYS_SOFTWARE") is "1" or "true" or "yes" or "y")
        {
            return "LIBGL_ALWAYS_SOFTWARE says so";
        }
        return Others.Any(device => Path.Exists(Path.Combine(Root, device))) || RenderNodes().Any(Draws) ? null : "this machine has no GPU";
    }

    private string Root => root.Length > 0 ? root : "/";

    private string[] RenderNodes()
    {
        string folder = Path.Combine(Root, "sys/class/drm");
        return Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder, "renderD*") : [];
    }

    private static bool Draws(string node)
    {
        string device = Path.Combine(node, "device");
        string name = NameOfTarget(Path.Combine(device, "driver")) ?? "";
        string path = new DirectoryInfo(node).LinkTarget ?? "";
        if (Hollow.Any(hollow => name == hollow || path.Contains($"/{hollow}/", StringComparison.Ordinal)))
        {
            return false;
        }
        // A virtio GPU says in its first feature whether it has 3D (virtio 1.3, 5.7.3); the DRM device's parent is it or its PCI function.
        return ReadFeatures(device) is not { Length: > 0 } features || features[0] == '1';
    }

    private static string? ReadFeatures(string device)
    {
        if (!Directory.Exists(device))
        {
            return null;
        }
        string[] virtio = NameOfTarget(Path.Combine(device, "driver")) == "virtio_gpu" ? [device] : Directory.GetDirectories(device, "virtio*");
        return virtio.Select(v => Path.Combine(v, "features")).FirstOrDefault(File.Exists) is { } file ? File.ReadAllText(file).Trim() : null;
    }

    private static string? NameOfTarget(string link) => Directory.Exists(link) || File.Exists(link) ? Path.GetFileName(new FileInfo(link).LinkTarget) : null;
}
