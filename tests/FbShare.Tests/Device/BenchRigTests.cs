using FbShare.Rig.Bench;
using FbShare.Rig.Driver;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

public class BenchRigTests
{
    [Fact]
    public void A_call_for_what_was_taken_without_it_is_not_taken_for_the_next_flips()
    {
        const ulong area = 2 << 20;
        using var rig = new BenchRig(64 << 20);
        rig.SetUp(640, 480);
        byte[] request = GetDisplayInfo();
        request.CopyTo(rig.Driver.Ram.At(area, request.Length));
        DriverQueue control = rig.Driver.Control;
        // Often: a device that answers sooner than the wrong call is looked at hides the fault.
        for (int round = 0; round < 300; round++)
        {
            control.WantCall();
            control.Add(new DriverQueue.Piece(area, (uint)request.Length), new DriverQueue.Piece(area + 4096, 408, DriverQueue.Piece.Write));
            control.Notify();
            // Found by looking; after another message's answer its call has come too, and nobody took that.
            SpinWait.SpinUntil(() => control.TryTake(out _, out _));
            rig.Driver.Flush();

            Assert.Null(Record.Exception(() => rig.FlipInStep(1)));
        }
    }
}
