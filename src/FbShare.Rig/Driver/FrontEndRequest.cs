namespace FbShare.Rig.Driver;

/// <summary>Numbers of the messages a front-end sends (QEMU docs/interop/vhost-user.rst, "Front-end message types"), written from the
/// document, sharing no code with the device.</summary>
internal static class FrontEndRequest
{
    public const uint GetFeatures = 1;
    public const uint SetFeatures = 2;
    public const uint SetOwner = 3;
    public const uint SetMemTable = 5;
    public const uint SetVringNum = 8;
    public const uint SetVringAddr = 9;
    public const uint SetVringBase = 10;
    public const uint GetVringBase = 11;
    public const uint SetVringKick = 12;
    public const uint SetVringCall = 13;
    public const uint SetVringErr = 14;
    public const uint GetProtocolFeatures = 15;
    public const uint SetProtocolFeatures = 16;
    public const uint GetQueueNum = 17;
    public const uint SetVringEnable = 18;
    public const uint SetBackendReqFd = 21;
    public const uint GetConfig = 24;
    public const uint SetConfig = 25;
    public const uint GetInflightFd = 31;
    public const uint GpuSetSocket = 33;
    public const uint ResetDevice = 34;
    public const uint GetMaxMemSlots = 36;
    public const uint AddMemReg = 37;
    public const uint RemMemReg = 38;
    public const uint SetStatus = 39;
    public const uint GetStatus = 40;
}
