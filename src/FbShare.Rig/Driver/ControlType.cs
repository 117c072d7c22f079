namespace FbShare.Rig.Driver;

/// <summary>enum virtio_gpu_ctrl_type (virtio 1.3, section 5.7.6.7): the requests.</summary>
internal static class ControlType
{
    public const uint GetDisplayInfo = 0x0100;
    public const uint ResourceCreate2D = 0x0101;
    public const uint ResourceUnref = 0x0102;
    public const uint SetScanout = 0x0103;
    public const uint ResourceFlush = 0x0104;
    public const uint TransferToHost2D = 0x0105;
    public const uint ResourceAttachBacking = 0x0106;
    public const uint ResourceDetachBacking = 0x0107;
    public const uint GetEdid = 0x010a;
    public const uint ResourceCreateBlob = 0x010c;
    public const uint SetScanoutBlob = 0x010d;
    public const uint UpdateCursor = 0x0300;
    public const uint MoveCursor = 0x0301;
}
