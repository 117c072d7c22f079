using FbShare.Cli.Qemu;
using FbShare.Qemu;
using Xunit;

namespace FbShare.Tests.Qemu;

public class QemuCommandLineTests
{
    private const string TestDevice = "vhost-user-test-device-pci";
    private const string BlobGpu = $"{TestDevice},id=fbshare-gpu0,chardev=fbshare-gpu,virtio-id=16,num_vqs=2,vq_size=256,config_size=16";
    private const string Gpu2D = "vhost-user-gpu-pci,id=fbshare-gpu0,chardev=fbshare-gpu";

    private static readonly Kvm WithKvm = new(true, "works");
    private static readonly Kvm WithoutKvm = new(false, "there is no /dev/kvm");
    private static readonly QemuInfo Qemu7 = Info("7.2.22", "vhost-user-gpu-pci");
    private static readonly QemuInfo Qemu10 = Info("10.0.13", "vhost-user-gpu-pci");
    private static readonly QemuInfo Qemu11 = Info("11.1.3", "vhost-user-gpu-pci", TestDevice);
    private static readonly QemuInfo Qemu11Pci = Info("11.1.3", "vhost-user-gpu-pci", TestDevice, "vfio-user-pci");
    private const string PciGpu = """{"driver":"vfio-user-pci","id":"fbshare-gpu0","socket":{"type":"unix","path":"/run/gpu"},"x-msg-timeout":86400000}""";

    [Fact]
    public void A_bare_disk_gets_memory_the_blob_gpu_input_and_no_second_adapter() =>
        Assert.Equal(
            [
                "disk.qcow2",
                "-m", "1G",
                "-object", "memory-backend-memfd,id=fbshare-mem,size=1073741824,share=on", "-machine", "memory-backend=fbshare-mem",
                "-chardev", "socket,id=fbshare-gpu,path=/run/gpu", "-device", BlobGpu,
                "-device", "virtio-keyboard-pci", "-device", "virtio-mouse-pci", "-device", "virtio-tablet-pci",
                "-vga", "none", "-display", "none",
                "-qmp", "unix:/run/qmp,server=off,reconnect-ms=100",
            ],
            Build("disk.qcow2").Arguments);

    [Theory]
    [InlineData(GpuKind.Auto)]
    [InlineData(GpuKind.Pci)]
    public void The_PCI_device_is_told_its_socket_in_JSON_and_is_taken_where_this_QEMU_has_it(GpuKind wanted)
    {
        QemuPlan plan = Build(Qemu11Pci, Request with { Gpu = wanted }, "disk");
        Assert.Contains(PciGpu, plan.Arguments);
        Assert.DoesNotContain("-chardev", plan.Arguments);
        Assert.Equal(GpuKind.Pci, plan.Gpu);
        Assert.DoesNotContain(plan.Notes, n => !n.StartsWith("no -m given", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("-device virtio-balloon-pci", "virtio-balloon-pci gives no memory back")]
    [InlineData("""-device {"driver":"virtio-balloon-pci-non-transitional"}""", "virtio-balloon-pci-non-transitional gives no memory back")]
    [InlineData("-device virtio-mem-pci,memdev=d", "virtio-mem-pci gives no memory back")]
    [InlineData("-device intel-iommu", "a guest that uses intel-iommu")]
    [InlineData("-machine virt,iommu=smmuv3", "a guest that uses iommu=smmuv3")]
    public void What_does_not_go_with_the_PCI_device_makes_auto_take_the_blob_device_and_say_why(string words, string reason)
    {
        QemuPlan plan = Build(Qemu11Pci, Request, words.Split(' '));
        Assert.Equal(GpuKind.Blob, plan.Gpu);
        Assert.Contains(BlobGpu, plan.Arguments);
        Assert.Contains(plan.Notes, n => n.StartsWith($"--device blob is used and not pci, because {reason}", StringComparison.Ordinal));

        QemuPlan insisted = Build(Qemu11Pci, Request with { Gpu = GpuKind.Pci }, words.Split(' '));
        Assert.Contains(PciGpu, insisted.Arguments);
        Assert.Contains(insisted.Notes, n => n.StartsWith(reason, StringComparison.Ordinal) && n.Contains("--device blob", StringComparison.Ordinal));

        // QEMU 10.1 has no blob device beside it.
        Assert.Equal(GpuKind.Pci, Build(Info("10.1.0", "vhost-user-gpu-pci", "vfio-user-pci"), Request, words.Split(' ')).Gpu);
    }

    [Theory]
    [InlineData(GpuKind.Pci, "QEMU 10.1 or later")]
    [InlineData(GpuKind.Blob, "use 10.2 or later, or --device 2d")]
    public void A_device_that_this_QEMU_has_not_is_refused_with_one_that_has(GpuKind wanted, string said) =>
        Assert.Contains(said, Refuse(Qemu10, Request with { Gpu = wanted }, "disk"), StringComparison.Ordinal);

    [Fact]
    public void A_machine_that_must_be_migratable_is_refused_since_QEMU_itself_would_not() =>
        Assert.Contains("-only-migratable", Refuse(Qemu11Pci, Request, "-only-migratable", "disk"), StringComparison.Ordinal);

    [Theory]
    [InlineData("-display dbus", true)]
    [InlineData("-display dbus,p2p=yes", true)]
    [InlineData("-display dbus,gl=off", true)]
    [InlineData("-display gtk -display dbus", true)]
    [InlineData("-display dbus,gl=on", false)]
    [InlineData("-display dbus,p2p=yes,gl=es", false)]
    [InlineData("-display dbus -display none", false)]
    [InlineData("-display gtk", false)]
    [InlineData("-vnc :1", true)]
    [InlineData("-display vnc=:1", true)]
    [InlineData("-vnc none", false)]
    public void A_display_of_QEMUs_without_textures_is_refused_beside_the_2D_device_only(string words, bool refused)
    {
        string[] given = words.Split(' ');
        Assert.Equal(!refused, QemuCommandLine.TryBuild(given, Qemu11, () => WithoutKvm, Request with { Gpu = GpuKind.TwoD }, out _, out string? why));
        Assert.Equal(refused, why?.Contains("--display unix:PATH", StringComparison.Ordinal) ?? false);
        Assert.Equal(!refused, QemuCommandLine.TryBuild(given, Qemu10, () => WithoutKvm, Request, out _, out _));
        Build(Qemu11, Request, given);
        Build(Qemu11Pci, Request, given);
    }

    [Theory]
    [InlineData("-enable-kvm", true)]
    [InlineData("-accel kvm", true)]
    [InlineData("-machine q35,accel=kvm:tcg", true)]
    [InlineData("-accel tcg", false)]
    [InlineData("disk", false)]
    public void A_KVM_that_runs_no_guest_is_mentioned_to_who_uses_it_and_not_tried_for_others(string words, bool mentioned)
    {
        int asked = 0;
        Kvm Ask()
        {
            asked++;
            return new Kvm(false, "a guest did not run in it");
        }

        Assert.True(QemuCommandLine.TryBuild(words.Split(' '), Qemu11Pci, Ask, Request, out QemuPlan? plan, out _));
        Assert.Equal(mentioned, plan.Notes.Any(n => n.Contains("a guest did not run in it", StringComparison.Ordinal) && n.Contains("-accel tcg", StringComparison.Ordinal)));
        Assert.Equal(mentioned ? 1 : 0, asked);
        Assert.True(QemuCommandLine.TryBuild(words.Split(' '), Qemu11Pci, () => WithKvm, Request, out plan, out _));
        Assert.DoesNotContain(plan.Notes, n => n.Contains("-accel tcg", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("-m 512", 536870912)]
    [InlineData("-m 2G", 2147483648)]
    [InlineData("-m 1.5G", 1610612736)]
    [InlineData("--m 2048M", 2147483648)]
    [InlineData("-m size=4g,slots=2,maxmem=8G", 4294967296)]
    [InlineData("-m 1G -m 3G", 3221225472)]
    [InlineData("-m 524288k", 536870912)]
    public void The_users_memory_size_is_the_backends(string words, long bytes)
    {
        QemuPlan plan = Build(words.Split(' '));
        Assert.Contains($"memory-backend-memfd,id=fbshare-mem,size={bytes},share=on", plan.Arguments);
        Assert.Equal(bytes, plan.MemoryBytes);
        Assert.DoesNotContain("1G", plan.Arguments.Skip(words.Split(' ').Length));
    }

    [Theory]
    [InlineData("-m lots")]
    [InlineData("-m 0")]
    [InlineData("-m -1")]
    [InlineData("-m 1GG")]
    [InlineData("-m slots=2")]
    [InlineData("-m 99999999999999999999")]
    public void A_memory_size_that_is_none_is_refused_with_an_example(string words) =>
        Assert.Contains("write for example -m 2G", Refuse(words.Split(' ')), StringComparison.Ordinal);

    [Theory]
    [InlineData("disk.qcow2", null, "00000000-0000-0000-0000-000000000000")]
    [InlineData("-name desk", "desk", "00000000-0000-0000-0000-000000000000")]
    [InlineData("-name guest=my,,desk,process=qemu -uuid 01234567-89ab-cdef-0123-456789abcdef", "my,desk", "01234567-89ab-cdef-0123-456789abcdef")]
    [InlineData("-name one -name debug-threads=on", "one", "00000000-0000-0000-0000-000000000000")]
    public void The_users_name_for_the_guest_is_the_displays(string words, string? name, string uuid)
    {
        QemuPlan plan = Build(words.Split(' '));
        Assert.Equal((name, Guid.Parse(uuid)), (plan.GuestName, plan.GuestUuid));
    }

    [Fact]
    public void Huge_pages_are_asked_of_the_backend() =>
        Assert.Contains(
            "memory-backend-memfd,id=fbshare-mem,size=536870912,share=on,hugetlb=on,hugetlbsize=2M",
            Build(Qemu11, Request with { HugePages = true }, "-m", "512M").Arguments);

    [Theory]
    [InlineData("-m 513M", "write for example -m 514M")]
    [InlineData("-m 1G -object memory-backend-memfd,id=mem,size=1G -machine memory-backend=mem", "write hugetlb=on in your -object")]
    public void Huge_pages_that_cannot_be_are_refused(string words, string fix) =>
        Assert.Contains(fix, Refuse(Qemu11, Request with { HugePages = true }, words.Split(' ')), StringComparison.Ordinal);

    [Theory]
    [InlineData("-object memory-backend-memfd,id=ram,size=1G,share=on,hugetlb=on -machine q35,memory-backend=ram")]
    public void Huge_pages_of_the_users_own_are_taken(string words) =>
        Assert.DoesNotContain(Build(Qemu11, Request with { HugePages = true }, words.Split(' ')).Arguments, a => a.Contains("fbshare-mem", StringComparison.Ordinal));

    [Theory]
    [InlineData("-machine q35,memory-backend=ram -m 1G -object memory-backend-memfd,id=ram,size=1G,share=on")]
    [InlineData("-M q35,accel=tcg,memory-backend=ram -object memory-backend-memfd,id=ram,size=1G")]
    [InlineData("-M q35 -machine memory-backend=ram -object memory-backend-memfd,id=ram,size=1G,share=yes,seal=on")]
    [InlineData("""-machine memory-backend=ram -object {"qom-type":"memory-backend-memfd","id":"ram","size":1073741824,"share":true}""")]
    [InlineData("-object memory-backend-memfd,id=a,size=1G -numa node,memdev=a")]
    public void A_backend_of_the_users_that_fits_is_used(string words)
    {
        QemuPlan plan = Build(words.Split(' '));
        Assert.DoesNotContain(plan.Arguments, a => a.Contains("fbshare-mem", StringComparison.Ordinal));
        Assert.DoesNotContain("-machine", plan.Arguments.Skip(words.Split(' ').Length));
        Assert.Null(plan.MemoryBytes);
    }

    [Fact]
    public void A_memfd_that_nothing_uses_becomes_the_guests_memory()
    {
        QemuPlan plan = Build("-object", "memory-backend-memfd,id=ram,size=1G");
        Assert.Equal(["-machine", "memory-backend=ram"], plan.Arguments.Skip(2).Take(2));
    }

    [Fact]
    public void Of_two_memfds_that_nothing_uses_the_user_must_choose() =>
        Assert.Contains("add for example -machine memory-backend=a", Refuse("-object", "memory-backend-memfd,id=a,size=1G", "-object", "memory-backend-memfd,id=b,size=1G"), StringComparison.Ordinal);

    [Theory]
    [InlineData("-object memory-backend-ram,id=ram,size=1G -machine memory-backend=ram", "write -object memory-backend-memfd,id=ram,size=1G,share=on")]
    [InlineData("-object memory-backend-file,id=ram,size=1G,mem-path=/dev/shm/x,share=on -M memory-backend=ram", "write -object memory-backend-memfd,id=ram,size=1G,share=on")]
    [InlineData("-object memory-backend-memfd,id=ram,size=1G,share=off -M memory-backend=ram", "write share=on in -object memory-backend-memfd,id=ram")]
    [InlineData("-object memory-backend-memfd,id=ram,size=1G,seal=off -M memory-backend=ram", "write seal=on in -object memory-backend-memfd,id=ram")]
    [InlineData("""-object {"qom-type":"memory-backend-memfd","id":"ram","size":1,"share":false} -M memory-backend=ram""", "write share=on")]
    [InlineData("-object memory-backend-ram,id=a,size=1G -numa node,memdev=a", "write -object memory-backend-memfd,id=a")]
    [InlineData("-m 1G,slots=1,maxmem=2G -object memory-backend-ram,id=d,size=1G -device pc-dimm,memdev=d", "write -object memory-backend-memfd,id=d")]
    [InlineData("-mem-path /dev/hugepages", "fbshare run --hugetlb")]
    public void Memory_that_cannot_be_shared_is_refused_with_the_fix(string words, string fix) =>
        Assert.Contains(fix, Refuse(words.Split(' ')), StringComparison.Ordinal);

    [Fact]
    public void A_backend_of_something_else_is_left_alone() =>
        Assert.Contains("-object", Build("-object", "memory-backend-file,id=nv,size=1G,mem-path=x", "-device", "nvdimm,memdev=nv").Arguments.Skip(4));

    [Fact]
    public void A_qemu_without_the_blob_device_gets_the_2D_one_and_says_so()
    {
        QemuPlan plan = Build(Qemu10, Request, "disk");
        Assert.Contains(Gpu2D, plan.Arguments);
        Assert.Equal(GpuKind.TwoD, plan.Gpu);
        Assert.Contains(plan.Notes, n => n.Contains("10.1 and later", StringComparison.Ordinal));
    }

    [Fact]
    public void The_2D_device_can_be_insisted_on_with_several_outputs() =>
        Assert.Contains(Gpu2D + ",max_outputs=3", Build(Qemu11, Request with { Gpu = GpuKind.TwoD, Outputs = 3 }, "disk").Arguments);

    [Theory]
    [InlineData("", "-accel kvm")]
    [InlineData("-accel kvm", "")]
    [InlineData("-enable-kvm", "")]
    [InlineData("-M q35,accel=kvm:tcg", "")]
    public void Version_7_gets_the_kvm_it_needs(string words, string added)
    {
        string[] given = words.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(QemuCommandLine.TryBuild(given, Qemu7, () => WithKvm, Request, out QemuPlan? plan, out _));
        Assert.Equal(added, string.Join(' ', plan.Arguments.Skip(given.Length).SkipWhile(a => a != "-accel").Take(2)));
    }

    [Theory]
    [InlineData(true, "-accel tcg", "write -accel kvm")]
    [InlineData(true, "-machine pc,accel=tcg", "write -accel kvm")]
    [InlineData(false, "", "there is no /dev/kvm: use QEMU 8 or later")]
    [InlineData(false, "-accel kvm", "run-qemu.sh")]
    public void Version_7_without_kvm_is_refused_with_one_that_works(bool usable, string words, string said)
    {
        Assert.False(QemuCommandLine.TryBuild(words.Split(' ', StringSplitOptions.RemoveEmptyEntries), Qemu7, () => usable ? WithKvm : WithoutKvm, Request, out _, out string? why));
        Assert.Contains(said, why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_qemu_without_any_vhost_user_gpu_is_refused() =>
        Assert.Contains("has no vhost-user-gpu-pci", Refuse(Info("11.1.3"), Request, "disk"), StringComparison.Ordinal);

    [Theory]
    [InlineData("-device vhost-user-gpu-pci,chardev=c", "already has a vhost-user-gpu-pci: leave it")]
    [InlineData("-device vhost-user-vga,chardev=c", "already has a vhost-user-vga: leave it")]
    [InlineData("""-device {"driver":"vhost-user-test-device-pci","chardev":"c"}""", "already has a vhost-user-test-device-pci: leave it")]
    [InlineData("-daemonize", "leave it out")]
    public void What_run_does_itself_is_refused(string words, string said) =>
        Assert.Contains(said, Refuse(words.Split(' ')), StringComparison.Ordinal);

    [Theory]
    [InlineData("-device usb-tablet")]
    [InlineData("-device virtio-keyboard-pci,id=k")]
    [InlineData("-usbdevice tablet")]
    [InlineData("""-device {"driver":"virtio-mouse-pci"}""")]
    public void The_users_input_devices_are_enough(string words) =>
        Assert.DoesNotContain("virtio-tablet-pci", Build(words.Split(' ')).Arguments);

    [Theory]
    [InlineData("-nodefaults", false)]
    [InlineData("-vga none", false)]
    [InlineData("-vga std", true)]
    [InlineData("-device virtio-vga", true)]
    [InlineData("-device bochs-display,id=b", true)]
    public void An_adapter_of_the_users_is_left_alone_and_mentioned(string words, bool mentioned)
    {
        QemuPlan plan = Build(words.Split(' '));
        Assert.DoesNotContain("-vga", plan.Arguments.Skip(words.Split(' ').Length));
        Assert.Equal(mentioned, plan.Notes.Any(n => n.Contains("second display adapter", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("-display gtk")]
    [InlineData("-nographic")]
    [InlineData("-vnc :1")]
    [InlineData("-spice port=1")]
    public void A_display_of_the_users_is_kept(string words) =>
        Assert.DoesNotContain("-display", Build(words.Split(' ')).Arguments.Skip(words.Split(' ').Length));

    [Fact]
    public void A_value_that_looks_like_an_option_is_none()
    {
        QemuPlan plan = Build("-append", "-daemonize", "-m", "2G", "-snapshot", "-mem-prealloc");
        Assert.Equal(2147483648, plan.MemoryBytes);
    }

    [Fact]
    public void Commas_in_paths_are_doubled() =>
        Assert.Contains("socket,id=fbshare-gpu,path=/a,,b", Build(Qemu11, Request with { GpuSocket = "/a,b" }, "disk").Arguments);

    [Fact]
    public void Without_a_monitor_socket_there_is_no_monitor() =>
        Assert.DoesNotContain("-qmp", Build(Qemu11, Request with { MonitorSocket = null }, "disk").Arguments);

    [Theory]
    [InlineData(true, "disk", true)]
    [InlineData(false, "disk", false)]
    [InlineData(true, "-run-with async-teardown=on", false)]
    public void A_qemu_that_can_is_told_to_end_with_fbshare(bool can, string words, bool told) =>
        Assert.Equal(told, Build(Qemu11 with { EndsWithParent = can }, Request, words.Split(' ')).Arguments.Contains("exit-with-parent=on"));

    private static QemuRequest Request => new() { GpuSocket = "/run/gpu", MonitorSocket = "/run/qmp" };

    private static QemuInfo Info(string version, params string[] gpus) => new(
        "qemu-system-x86_64",
        Version.Parse(version),
        new HashSet<string>([.. gpus, "virtio-keyboard-pci", "virtio-tablet-pci", "virtio-mouse-pci"]),
        new HashSet<string>(["tcg", "kvm"]));

    private static QemuPlan Build(params string[] arguments) => Build(Qemu11, Request, arguments);

    private static QemuPlan Build(QemuInfo qemu, QemuRequest request, params string[] arguments)
    {
        Assert.True(QemuCommandLine.TryBuild(arguments, qemu, () => WithoutKvm, request, out QemuPlan? plan, out string? why), why);
        Assert.Equal(arguments, plan.Arguments.Take(arguments.Length));
        return plan;
    }

    private static string Refuse(params string[] arguments) => Refuse(Qemu11, Request, arguments);

    private static string Refuse(QemuInfo qemu, QemuRequest request, params string[] arguments)
    {
        Assert.False(QemuCommandLine.TryBuild(arguments, qemu, () => WithoutKvm, request, out _, out string? why));
        Assert.DoesNotContain('\n', why);
        return why;
    }
}
