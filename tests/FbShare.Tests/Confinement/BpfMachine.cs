using FbShare.Confinement;
using FbShare.Linux;

namespace FbShare.Tests.Confinement;

/// <summary>Runs a program of classic BPF as the kernel does, so that a filter can be asked without being put into force.</summary>
internal static class BpfMachine
{
    /// <param name="data">A struct seccomp_data.</param>
    /// <param name="steps">How many instructions it took.</param>
    public static uint Run(ReadOnlySpan<LibC.SockFilter> program, ReadOnlySpan<byte> data, out int steps)
    {
        uint accumulator = 0;
        steps = 0;
        for (int at = 0; ; at++)
        {
            steps++;
            LibC.SockFilter now = program[at];
            switch (now.code)
            {
                case BpfAssembler.LoadWord:
                    accumulator = BitConverter.ToUInt32(data[(int)now.k..]);
                    break;
                case BpfAssembler.AndConstant:
                    accumulator &= now.k;
                    break;
                case BpfAssembler.JumpAlways:
                    at += (int)now.k;
                    break;
                case BpfAssembler.JumpIfEqual:
                    at += accumulator == now.k ? now.jt : now.jf;
                    break;
                case BpfAssembler.JumpIfAtLeast:
                    at += accumulator >= now.k ? now.jt : now.jf;
                    break;
                case BpfAssembler.ReturnConstant:
                    return now.k;
                default:
                    throw new InvalidOperationException($"instruction {now.code}");
            }
        }
    }

    /// <summary>What a filter says to one call.</summary>
    public static uint Ask(ReadOnlySpan<LibC.SockFilter> program, uint number, ulong[] arguments, uint architecture = LibC.AUDIT_ARCH_X86_64)
    {
        byte[] data = new byte[64];
        BitConverter.TryWriteBytes(data.AsSpan(0), number);
        BitConverter.TryWriteBytes(data.AsSpan(4), architecture);
        for (int i = 0; i < arguments.Length; i++)
        {
            BitConverter.TryWriteBytes(data.AsSpan(16 + (8 * i)), arguments[i]);
        }
        return Run(program, data, out _);
    }
}
