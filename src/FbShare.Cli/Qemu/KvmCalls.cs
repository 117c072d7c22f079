using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Cli.Qemu;

/// <summary>ioctl(2) with the requests of /dev/kvm, of its virtual machines and of their processors (linux/kvm.h, asm/kvm.h of x86).</summary>
internal static partial class KvmCalls
{
    public const int KVM_API_VERSION = 12;
    public const nuint KVM_GET_API_VERSION = 0xAE00;
    public const nuint KVM_CREATE_VM = 0xAE01;
    public const nuint KVM_GET_VCPU_MMAP_SIZE = 0xAE04;
    public const nuint KVM_GET_SUPPORTED_CPUID = 0xC008AE05;
    public const nuint KVM_CREATE_VCPU = 0xAE41;
    public const nuint KVM_SET_USER_MEMORY_REGION = 0x4020AE46;
    public const nuint KVM_SET_TSS_ADDR = 0xAE47;
    public const nuint KVM_CREATE_IRQCHIP = 0xAE60;
    public const nuint KVM_RUN = 0xAE80;
    public const nuint KVM_SET_REGS = 0x4090AE82;
    public const nuint KVM_GET_SREGS = 0x8138AE83;
    public const nuint KVM_SET_SREGS = 0x4138AE84;
    public const nuint KVM_SET_CPUID2 = 0x4008AE90;

    public const uint KVM_EXIT_IO = 2;

    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial int ioctl(FileDescriptor fd, nuint request, void* argument);

    /// <summary>For requests whose argument is a number, or that have none.</summary>
    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(FileDescriptor fd, nuint request, nint argument = 0);

    [StructLayout(LayoutKind.Sequential)]
    public struct kvm_userspace_memory_region
    {
        public uint slot;
        public uint flags;
        public ulong guest_phys_addr;
        public ulong memory_size;
        public ulong userspace_addr;
    }

    /// <summary>struct kvm_cpuid2 with room for its entries of 40 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct kvm_cpuid2
    {
        public const int Room = 256;

        public uint nent;
        public uint padding;
        public Entries entries;

        [InlineArray(Room * 5)]
        public struct Entries
        {
            private ulong _first;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct kvm_regs
    {
        public ulong rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp;
        public ulong r8, r9, r10, r11, r12, r13, r14, r15;
        public ulong rip, rflags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct kvm_segment
    {
        public ulong @base;
        public uint limit;
        public ushort selector;
        public byte type;
        public byte present, dpl, db, s, l, g, avl;
        public byte unusable;
        public byte padding;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct kvm_dtable
    {
        public ulong @base;
        public ushort limit;
        public ushort padding0, padding1, padding2;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct kvm_sregs
    {
        public kvm_segment cs, ds, es, fs, gs, ss;
        public kvm_segment tr, ldt;
        public kvm_dtable gdt, idt;
        public ulong cr0, cr2, cr3, cr4, cr8;
        public ulong efer;
        public ulong apic_base;
        public ulong interrupt0, interrupt1, interrupt2, interrupt3;
    }

    /// <summary>The beginning of struct kvm_run.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 48)]
    public struct kvm_run
    {
        [FieldOffset(8)]
        public uint exit_reason;

        /// <summary>After <see cref="KVM_EXIT_IO"/>.</summary>
        [FieldOffset(34)]
        public ushort io_port;
    }
}
