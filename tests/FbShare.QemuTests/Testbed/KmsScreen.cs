using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.QemuTests.Testbed;

/// <summary>What a display adapter's screen shows: the framebuffer that its first CRTC scans out, read through the kernel (drm/drm_mode.h).
/// For root only.</summary>
internal sealed unsafe class KmsScreen : IDisposable
{
    public const string DevicePath = "/dev/dri/card0";

    private const nuint DRM_IOCTL_DROP_MASTER = 0x641F;
    private const nuint DRM_IOCTL_GEM_CLOSE = 0x40086409;
    private const nuint DRM_IOCTL_MODE_GETRESOURCES = 0xC04064A0;
    private const nuint DRM_IOCTL_MODE_GETCRTC = 0xC06864A1;
    private const nuint DRM_IOCTL_MODE_GETFB = 0xC01C64AD;
    private const nuint DRM_IOCTL_MODE_MAP_DUMB = 0xC01064B3;

    private readonly FileDescriptor _card = FileDescriptor.Open(DevicePath, writable: true);

    public KmsScreen()
    {
        // Who opens the card first is its master, and is to let others be it.
        _ = LibC.ioctl(_card, DRM_IOCTL_DROP_MASTER, null);
    }

    /// <summary>Packed R, G, B; null while nothing is scanned out.</summary>
    public byte[]? Read(out int width, out int height)
    {
        (width, height) = (0, 0);
        uint crtc;
        var resources = new CardResources { crtc_id_ptr = (ulong)&crtc, count_crtcs = 1 };
        _card.Control(DRM_IOCTL_MODE_GETRESOURCES, &resources);
        var shown = new Crtc { crtc_id = crtc };
        _card.Control(DRM_IOCTL_MODE_GETCRTC, &shown);
        if (shown.fb_id == 0)
        {
            return null;
        }
        var framebuffer = new FramebufferCommand { fb_id = shown.fb_id };
        _card.Control(DRM_IOCTL_MODE_GETFB, &framebuffer);
        ulong handle = framebuffer.handle;
        try
        {
            var map = new MapDumb { handle = framebuffer.handle };
            _card.Control(DRM_IOCTL_MODE_MAP_DUMB, &map);
            (width, height) = ((int)framebuffer.width, (int)framebuffer.height);
            using MemoryMapping mapping = MemoryMapping.Map(_card, (long)map.offset, (long)framebuffer.pitch * height, writable: false);
            var rgb = new byte[width * height * 3];
            for (int y = 0, to = 0; y < height; y++)
            {
                ReadOnlySpan<byte> row = mapping.Slice(y * (long)framebuffer.pitch, width * 4);
                for (int x = 0; x < row.Length; x += 4, to += 3)
                {
                    (rgb[to], rgb[to + 1], rgb[to + 2]) = (row[x + 2], row[x + 1], row[x]);
                }
            }
            return rgb;
        }
        finally
        {
            _card.Control(DRM_IOCTL_GEM_CLOSE, &handle);
        }
    }

    public void Dispose() => _card.Dispose();

    /// <summary>struct drm_mode_card_res.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct CardResources
    {
        public ulong fb_id_ptr;
        public ulong crtc_id_ptr;
        public ulong connector_id_ptr;
        public ulong encoder_id_ptr;
        public uint count_fbs;
        public uint count_crtcs;
    }

    /// <summary>struct drm_mode_crtc.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 104)]
    private struct Crtc
    {
        public ulong set_connectors_ptr;
        public uint count_connectors;
        public uint crtc_id;
        public uint fb_id;
    }

    /// <summary>struct drm_mode_fb_cmd.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 28)]
    private struct FramebufferCommand
    {
        public uint fb_id;
        public uint width;
        public uint height;
        public uint pitch;
        public uint bpp;
        public uint depth;
        public uint handle;
    }

    /// <summary>struct drm_mode_map_dumb.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MapDumb
    {
        public uint handle;
        public uint pad;
        public ulong offset;
    }
}
