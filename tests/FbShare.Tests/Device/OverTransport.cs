using FbShare.Display;
using FbShare.Rig.Driver;
using FbShare.VirtioGpu;

namespace FbShare.Tests.Device;

/// <summary>Tests of what the device does, whichever way a machine has it: each class of them runs once more over vfio-user.</summary>
public abstract class OverTransport
{
    protected virtual Transport Transport => Transport.VhostUser;

    private protected DeviceUnderTest NewDevice(
        GpuOptions? options = null, GuestRam? ram = null, bool eventIdx = true, ushort queueSize = 256, FramePath? path = FramePath.Copy) =>
        new(options, ram, eventIdx, start: true, queueSize, path, Transport);
}

public sealed class BlobOverVfioUserTests : BlobTests
{
    protected override Transport Transport => Transport.VfioUser;
}

public sealed class TwoDOverVfioUserTests : TwoDTests
{
    protected override Transport Transport => Transport.VfioUser;
}

public sealed class CursorOverVfioUserTests : CursorTests
{
    protected override Transport Transport => Transport.VfioUser;
}

public sealed class FenceOverVfioUserTests : FenceTests
{
    protected override Transport Transport => Transport.VfioUser;
}

public sealed class RingOverVfioUserTests : RingTests
{
    protected override Transport Transport => Transport.VfioUser;
}
