using FbShare.Confinement;
using FbShare.Linux;

namespace FbShare.Tests.Confinement;

public sealed class BpfAssemblerTests
{
    [Fact]
    public void A_comparison_reaches_further_than_the_255_instructions_that_its_own_jump_could()
    {
        var bpf = new BpfAssembler();
        int far = bpf.NewLabel();
        bpf.Load(0);
        bpf.IfEqual(7, far);
        for (int i = 0; i < 1000; i++)
        {
            bpf.Load(0);
        }
        bpf.Return(1);
        bpf.Mark(far);
        bpf.Return(2);
        LibC.SockFilter[] program = bpf.Assemble();

        Assert.Equal(2u, BpfMachine.Run(program, [7, 0, 0, 0], out _));
        Assert.Equal(1u, BpfMachine.Run(program, [8, 0, 0, 0], out _));
    }

    [Fact]
    public void At_least_is_unsigned()
    {
        var bpf = new BpfAssembler();
        int yes = bpf.NewLabel();
        bpf.Load(0);
        bpf.IfAtLeast(0x40000000, yes);
        bpf.Return(1);
        bpf.Mark(yes);
        bpf.Return(2);
        LibC.SockFilter[] program = bpf.Assemble();

        Assert.Equal(2u, BpfMachine.Run(program, [0xFF, 0xFF, 0xFF, 0xFF], out _));
        Assert.Equal(2u, BpfMachine.Run(program, [0, 0, 0, 0x40], out _));
        Assert.Equal(1u, BpfMachine.Run(program, [0xFF, 0xFF, 0xFF, 0x3F], out _));
    }

    [Fact]
    public void A_label_without_a_place_or_behind_its_jump_and_a_program_too_long_are_refused()
    {
        var nowhere = new BpfAssembler();
        nowhere.IfEqual(0, nowhere.NewLabel());
        nowhere.Return(0);
        Assert.Throws<InvalidOperationException>(nowhere.Assemble);

        var back = new BpfAssembler();
        int start = back.NewLabel();
        back.Mark(start);
        back.IfEqual(0, start);
        back.Return(0);
        Assert.Throws<InvalidOperationException>(back.Assemble);

        var endless = new BpfAssembler();
        for (int i = 0; i <= 4096; i++)
        {
            endless.Return(0);
        }
        Assert.Throws<InvalidOperationException>(endless.Assemble);
    }
}
