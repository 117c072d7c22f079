using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Cli.Qemu;

/// <summary>Runs a guest of a few instructions by KVM, to see whether KVM runs guests: some nested machines have a /dev/kvm that opens, and
/// guests stand still or crash in it.</summary>
/// <remarks>The guest is in 64-bit mode with paging. It clears memory, counts, and waits for its timer's interrupt, as a kernel does
/// in its first moments. Where KVM works, that takes a few hundredths of a second; where KVM interprets each instruction, it takes longer than anybody waits. The
/// call cannot be given up, and a broken KVM may do anything, so this is for a process of its own.</remarks>
internal static class KvmTrial
{
    private const int MemorySize = 2 << 20;
    private const ulong Port = 0xf4;

    // Where things lie in the guest's memory.
    private const ulong PageTables = 0x1000;
    private const ulong Gdt = 0x5000;
    private const ulong Idt = 0x6000;
    private const ulong Code = 0x8000;
    private const ulong StackEnd = 0x100000;

    private const byte TimerVector = 0x20;
    private const int HandlerAt = 0x4a;

    /// <summary>The guest's code at <see cref="Code"/>; its handler of the timer's interrupt begins at <see cref="HandlerAt"/>.</summary>
    private static ReadOnlySpan<byte> Instructions =>
    [
        0xfc,                                                         // cld
        0xbf, 0x00, 0x00, 0x01, 0x00,                                 // mov   edi, 0x10000
        0xb9, 0x00, 0x40, 0x00, 0x00,                                 // mov   ecx, 0x4000
        0x31, 0xc0,                                                   // xor   eax, eax
        0xf3, 0x48, 0xab,                                             // rep   stosq
        0xb9, 0x00, 0x2d, 0x31, 0x01,                                 // mov   ecx, 20000000
        0xff, 0xc9,                                                   // dec   ecx
        0x75, 0xfc,                                                   // jnz   the line before
        0xbe, 0x00, 0x00, 0xe0, 0xfe,                                 // mov   esi, 0xfee00000          the local APIC
        0xc7, 0x86, 0xf0, 0x00, 0x00, 0x00, 0xff, 0x01, 0x00, 0x00,   // mov   dword [rsi+0xf0], 0x1ff    on
        0xc7, 0x86, 0xe0, 0x03, 0x00, 0x00, 0x0b, 0x00, 0x00, 0x00,   // mov   dword [rsi+0x3e0], 0xb     its timer: every cycle
        0xc7, 0x86, 0x20, 0x03, 0x00, 0x00, 0x20, 0x00, 0x00, 0x00,   // mov   dword [rsi+0x320], 0x20    TimerVector, once
        0xc7, 0x86, 0x80, 0x03, 0x00, 0x00, 0xa0, 0x86, 0x01, 0x00,   // mov   dword [rsi+0x380], 100000  from now on
        0xfb,                                                         // sti
        0xf4,                                                         // hlt
        0xeb, 0xfc,                                                   // jmp   the line before the line before
        0xb0, 0x4b,                                                   // mov   al, 'K'                  HandlerAt
        0xe6, 0xf4,                                                   // out   0xf4, al                 Port
        0xf4,                                                         // hlt
    ];

    /// <summary>Runs it to its end, if it has one.</summary>
    /// <returns>What went wrong, in words; null if the guest ran as it should.</returns>
    public static string? Run()
    {
        try
        {
            using FileDescriptor kvm = FileDescriptor.Open(Kvm.Device, writable: true);
            return Run(kvm);
        }
        catch (LinuxException e)
        {
            return e.Message;
        }
    }

    private static string? Run(FileDescriptor kvm)
    {
        using var machine = new FileDescriptor(Ask(kvm, KvmCalls.KVM_CREATE_VM, 0, "KVM_CREATE_VM"));
        // Older Intel processors need room of KVM's own, where nothing else is.
        Ask(machine, KvmCalls.KVM_SET_TSS_ADDR, unchecked((nint)0xfffbd000), "KVM_SET_TSS_ADDR");
        Ask(machine, KvmCalls.KVM_CREATE_IRQCHIP, 0, "KVM_CREATE_IRQCHIP");

        using FileDescriptor file = MemFd.Create("fbshare-kvm-trial", MemorySize);
        using MemoryMapping memory = MemoryMapping.Map(file, 0, MemorySize, writable: true);
        Fill(memory);
        var region = new KvmCalls.kvm_userspace_memory_region { memory_size = MemorySize, userspace_addr = (ulong)memory.DangerousGetHandle() };
        Ask(machine, KvmCalls.KVM_SET_USER_MEMORY_REGION, ref region, "KVM_SET_USER_MEMORY_REGION");

        using var processor = new FileDescriptor(Ask(machine, KvmCalls.KVM_CREATE_VCPU, 0, "KVM_CREATE_VCPU"));
        var features = new KvmCalls.kvm_cpuid2 { nent = KvmCalls.kvm_cpuid2.Room };
        Ask(kvm, KvmCalls.KVM_GET_SUPPORTED_CPUID, ref features, "KVM_GET_SUPPORTED_CPUID");
        Ask(processor, KvmCalls.KVM_SET_CPUID2, ref features, "KVM_SET_CPUID2");
        SetRegisters(processor);

        using MemoryMapping shared = MemoryMapping.Map(processor, 0, Ask(kvm, KvmCalls.KVM_GET_VCPU_MMAP_SIZE, 0, "KVM_GET_VCPU_MMAP_SIZE"), writable: true);
        while (KvmCalls.ioctl(processor, KvmCalls.KVM_RUN) < 0)
        {
            if ((Errno)Marshal.GetLastPInvokeError() != Errno.EINTR)
            {
                throw new LinuxException("ioctl(KVM_RUN)");
            }
        }
        KvmCalls.kvm_run run = MemoryMarshal.Read<KvmCalls.kvm_run>(shared.Slice(0, Unsafe.SizeOf<KvmCalls.kvm_run>()));
        return run.exit_reason == KvmCalls.KVM_EXIT_IO && run.io_port == Port ? null : $"its guest ended with KVM's exit reason {run.exit_reason}";
    }

    /// <summary>Code, page tables for it and for the local APIC, and the descriptor tables that an interrupt needs.</summary>
    private static void Fill(MemoryMapping memory)
    {
        const ulong present = 1, writable = 2, uncached = 0x10, large = 0x80;
        const ulong apicTable = PageTables + 0x3000;
        Instructions.CopyTo(memory.Slice((long)Code, Instructions.Length));
        Put(PageTables, (PageTables + 0x1000) | present | writable);
        Put(PageTables + 0x1000, (PageTables + 0x2000) | present | writable);
        Put(PageTables + 0x1000 + (3 * sizeof(ulong)), apicTable | present | writable);
        Put(PageTables + 0x2000, present | writable | large);
        Put(apicTable + (((0xfee00000 >> 21) & 511) * sizeof(ulong)), 0xfee00000 | present | writable | uncached | large);
        Put(Gdt + 8, 0x00209b00_00000000);
        Put(Gdt + 16, 0x00009300_00000000);
        // A 64-bit interrupt gate: the code's segment, and the handler's address, which fits its lowest part.
        Put(Idt + (TimerVector * 16), (Code + HandlerAt) | (8ul << 16) | (0x8eul << 40));

        void Put(ulong at, ulong value) => MemoryMarshal.Write(memory.Slice((long)at, sizeof(ulong)), in value);
    }

    private static void SetRegisters(FileDescriptor processor)
    {
        KvmCalls.kvm_sregs system = default;
        Ask(processor, KvmCalls.KVM_GET_SREGS, ref system, "KVM_GET_SREGS");
        var data = new KvmCalls.kvm_segment { limit = uint.MaxValue, selector = 16, type = 3, present = 1, s = 1, db = 1, g = 1 };
        system.cs = data with { selector = 8, type = 11, db = 0, l = 1 };
        system.ds = system.es = system.fs = system.gs = system.ss = data;
        system.tr = new KvmCalls.kvm_segment { limit = 0x67, type = 11, present = 1 };
        system.gdt = new KvmCalls.kvm_dtable { @base = Gdt, limit = (3 * 8) - 1 };
        system.idt = new KvmCalls.kvm_dtable { @base = Idt, limit = ((TimerVector + 1) * 16) - 1 };
        system.cr3 = PageTables;
        system.cr4 = 1 << 5;                        // PAE
        system.cr0 = 0x80000031;                    // PG, NE, ET, PE
        system.efer = (1 << 10) | (1 << 8);         // LMA, LME
        Ask(processor, KvmCalls.KVM_SET_SREGS, ref system, "KVM_SET_SREGS");

        var registers = new KvmCalls.kvm_regs { rip = Code, rsp = StackEnd, rflags = 2 };
        Ask(processor, KvmCalls.KVM_SET_REGS, ref registers, "KVM_SET_REGS");
    }

    private static int Ask(FileDescriptor fd, nuint request, nint argument, string name) => LinuxException.Check(KvmCalls.ioctl(fd, request, argument), $"ioctl({name})");

    /// <param name="argument">What the request takes, and what it gives back.</param>
    private static unsafe void Ask<T>(FileDescriptor fd, nuint request, ref T argument, string name)
        where T : unmanaged
    {
        fixed (T* at = &argument)
        {
            // SAFETY: the kernel reads and writes as many bytes as the request has, which is this type's size; they are pinned.
            LinuxException.Check(KvmCalls.ioctl(fd, request, at), $"ioctl({name})");
        }
    }
}
