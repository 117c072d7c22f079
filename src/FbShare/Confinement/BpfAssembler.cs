using FbShare.Linux;

namespace FbShare.Confinement;

/// <summary>Assembles a program of classic BPF (linux/filter.h), of which a seccomp filter needs four kinds of instructions.</summary>
internal sealed class BpfAssembler
{
    /// <summary>BPF_LD | BPF_W | BPF_ABS: the accumulator takes the four bytes at an offset of the data.</summary>
    public const ushort LoadWord = 0x20;

    /// <summary>BPF_ALU | BPF_AND | BPF_K.</summary>
    public const ushort AndConstant = 0x54;

    /// <summary>BPF_JMP | BPF_JA.</summary>
    public const ushort JumpAlways = 0x05;

    /// <summary>BPF_JMP | BPF_JEQ | BPF_K.</summary>
    public const ushort JumpIfEqual = 0x15;

    /// <summary>BPF_JMP | BPF_JGE | BPF_K.</summary>
    public const ushort JumpIfAtLeast = 0x35;

    /// <summary>BPF_RET | BPF_K.</summary>
    public const ushort ReturnConstant = 0x06;

    /// <summary>BPF_MAXINSNS.</summary>
    private const int MostInstructions = 4096;

    private readonly List<LibC.SockFilter> _program = [];
    private readonly List<int> _places = [];
    private readonly List<(int Instruction, int Label)> _jumps = [];

    /// <summary>A place to jump to, which <see cref="Mark"/> gives its position.</summary>
    public int NewLabel()
    {
        _places.Add(-1);
        return _places.Count - 1;
    }

    /// <summary>The label is the next instruction.</summary>
    public void Mark(int label) => _places[label] = _program.Count;

    public void Load(uint offset) => Emit(LoadWord, offset);

    public void And(uint mask) => Emit(AndConstant, mask);

    public void Return(uint value) => Emit(ReturnConstant, value);

    /// <summary>Jumps if the accumulator equals <paramref name="value"/>, else goes on.</summary>
    public void IfEqual(uint value, int label) => If(JumpIfEqual, value, label);

    /// <summary>Jumps if the accumulator is <paramref name="value"/> or more, else goes on.</summary>
    public void IfAtLeast(uint value, int label) => If(JumpIfAtLeast, value, label);

    /// <summary>The program.</summary>
    /// <exception cref="InvalidOperationException">A label was never marked or lies behind its jump (BPF knows no loops), or the program is too long.</exception>
    public LibC.SockFilter[] Assemble()
    {
        LibC.SockFilter[] program = [.. _program];
        if (program.Length > MostInstructions)
        {
            throw new InvalidOperationException($"{program.Length} instructions, and the kernel takes {MostInstructions}");
        }
        foreach ((int instruction, int label) in _jumps)
        {
            int distance = _places[label] - instruction - 1;
            program[instruction].k = distance >= 0 && _places[label] < program.Length
                ? (uint)distance
                : throw new InvalidOperationException($"the jump at {instruction} leads nowhere or back");
        }
        return program;
    }

    /// <summary>A conditional jump reaches 255 instructions, an unconditional one any: so it skips one of those.</summary>
    private void If(ushort code, uint value, int label)
    {
        _program.Add(new LibC.SockFilter { code = code, jt = 0, jf = 1, k = value });
        _jumps.Add((_program.Count, label));
        Emit(JumpAlways, 0);
    }

    private void Emit(ushort code, uint value) => _program.Add(new LibC.SockFilter { code = code, k = value });
}
