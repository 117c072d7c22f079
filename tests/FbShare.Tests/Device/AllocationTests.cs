using FbShare.Rig.Bench;

namespace FbShare.Tests.Device;

public class AllocationTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Flips_with_nobody_looking_copy_nothing_and_allocate_nothing(bool kept)
    {
        using var rig = new BenchRig(64 << 20, kept: kept);
        rig.SetUp(1920, 1080);
        // The first rounds may allocate: code is compiled, lists grow.
        Flip(rig, 500);
        const int flips = 2000;

        DeviceUse before = rig.Use();
        Flip(rig, flips);
        DeviceUse used = rig.Use() - before;

        Assert.Equal(0, used.Copied);
        // Asking costs a little by itself, a byte per flip would be thousands.
        Assert.InRange(used.Allocated, 0, flips - 1);
    }

    private static void Flip(BenchRig rig, int count)
    {
        for (int i = 0; i < count; i++)
        {
            rig.Flip();
        }
    }
}
