using FbShare.Cli.Qemu;
using FbShare.Linux;
using Xunit;

namespace FbShare.QemuTests.Testbed;

/// <summary>Runs where there is a real /dev/udmabuf: in the testbed VM, or on a machine that has one.</summary>
public sealed class TestbedFactAttribute : FactAttribute
{
    /// <param name="needs">What else the test needs.</param>
    public TestbedFactAttribute(TestbedNeeds needs = TestbedNeeds.Device) => Skip = TestbedHost.Missing(needs);
}

/// <inheritdoc cref="TestbedFactAttribute"/>
public sealed class TestbedTheoryAttribute : TheoryAttribute
{
    /// <inheritdoc cref="TestbedFactAttribute(TestbedNeeds)"/>
    public TestbedTheoryAttribute(TestbedNeeds needs = TestbedNeeds.Device) => Skip = TestbedHost.Missing(needs);
}

[Flags]
public enum TestbedNeeds
{
    Device = 0,

    /// <summary>The test changes kernel settings: only in the VM.</summary>
    Kernel = 1,

    HugePages = 2,
}

internal static class TestbedHost
{
    public static string? Missing(TestbedNeeds needs)
    {
        if (!File.Exists(UdmaBufDevice.DevicePath))
        {
            return "no /dev/udmabuf";
        }
        if (needs.HasFlag(TestbedNeeds.Kernel) && Environment.GetEnvironmentVariable("FBSHARE_TESTBED") != "1")
        {
            return "no testbed VM: the test changes kernel settings";
        }
        return needs.HasFlag(TestbedNeeds.HugePages) && HugePages.Read().Total < 96
            ? "no huge pages: echo 96 > /proc/sys/vm/nr_hugepages"
            : null;
    }
}

/// <summary>One after the other: EGL's displays and the kernel's settings are the process's and the machine's.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TestbedCollection : ICollectionFixture<NestedGuests>
{
    public const string Name = "Testbed";
}

/// <summary>A kernel setting with another value, until disposed.</summary>
internal sealed class KernelSetting : IDisposable
{
    private readonly string _path;
    private readonly string _before;

    public KernelSetting(string path, string value)
    {
        _path = path;
        string text = File.ReadAllText(path).Trim();
        // "always within_size [never]" names the present one in brackets.
        _before = text.Contains('[') ? text[(text.IndexOf('[') + 1)..text.IndexOf(']')] : text;
        File.WriteAllText(path, value);
    }

    public static KernelSetting OfUdmabuf(string name, int value) =>
        new(Path.Combine(UdmaBufLimits.ParametersDirectory, name), value.ToString());

    public void Dispose() => File.WriteAllText(_path, _before);
}
