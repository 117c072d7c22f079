using FbShare.Cli;
using FbShare.Cli.Probe;
using FbShare.Qemu;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FbShare.Tests.Cli;

/// <summary>Whether guests run by KVM: tried once, remembered, told in words.</summary>
public sealed class KvmProbeTests : IDisposable
{
    private static readonly Kvm Opens = new(true, "/dev/kvm answers");

    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _log = new();
    private int _trials;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_guest_that_ran_is_remembered_until_the_next_boot()
    {
        Assert.True(Ask(Opens, null).Usable);
        Assert.True(Ask(Opens, "never asked").Usable);
        Assert.Equal(1, _trials);
        Assert.Equal("yes\n", File.ReadAllText(Assert.Single(Directory.GetFiles(_folder.Path))));
        Assert.Equal("kvm-" + File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(), Path.GetFileName(Directory.GetFiles(_folder.Path)[0]));
    }

    [Fact]
    public void A_guest_that_did_not_run_makes_KVM_unusable_with_the_reason_and_the_cure()
    {
        for (int i = 0; i < 2; i++)
        {
            Kvm kvm = Ask(Opens, "it did not end");
            Assert.False(kvm.Usable);
            Assert.Equal("/dev/kvm opens, but a guest did not run in it (it did not end)", kvm.Reason);
            Assert.Contains("-accel tcg", kvm.Cure, StringComparison.Ordinal);
            Assert.Contains($"rm {_folder.Path}/kvm-", kvm.Cure, StringComparison.Ordinal);
        }
        Assert.Equal(1, _trials);
        File.Delete(Assert.Single(Directory.GetFiles(_folder.Path)));
        Assert.True(Ask(Opens, null).Usable);
    }

    [Fact]
    public void What_cannot_be_opened_is_not_tried()
    {
        var none = new Kvm(false, "there is no /dev/kvm", "load a module");
        Assert.Same(none, Ask(none, null));
        Assert.Equal(0, _trials);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Where_nothing_can_be_remembered_it_is_tried_each_time()
    {
        File.WriteAllText(_folder["file"], "");
        foreach (string? folder in (string?[])[null, _folder["file"]])
        {
            Assert.True(Ask(Opens, null, folder).Usable);
            Assert.False(Ask(Opens, "no", folder).Usable);
        }
        Assert.Equal(4, _trials);
        Assert.Contains("cannot be remembered", _log.ToString(), StringComparison.Ordinal);
    }

    private Kvm Ask(Kvm node, string? why) => Ask(node, why, _folder.Path);

    private Kvm Ask(Kvm node, string? why, string? folder) => KvmProbe.Ask(
        node,
        folder,
        () =>
        {
            _trials++;
            return why;
        },
        new Log(_log, LogLevel.Debug));
}
