using System.Runtime.InteropServices;
using FbShare.Display.Server;
using FbShare.Input;
using FbShare.Rig.Bench;
using FbShare.Rig.Driver;
using FbShare.Tests;
using Xunit;

namespace FbShare.QemuTests.Testbed;

/// <summary>A device with a driven front-end in the place of a QEMU, a blob in its memory, and a display that viewers can watch.</summary>
internal sealed class DrivenGuest : IDisposable
{
    public const int Width = 1280;
    public const int Height = 800;

    private const int Size = Width * Height * 4;

    private readonly TemporaryFolder _folder = new("driven");
    private readonly BenchRig _rig;

    /// <param name="input">Takes what viewers' users do.</param>
    /// <param name="hugePages">Its memory is made of huge pages.</param>
    /// <param name="pci">It has the device as a whole PCI device.</param>
    public DrivenGuest(IInputSink? input = null, bool hugePages = false, bool pci = true)
    {
        _rig = new BenchRig(32 << 20, hugePages: hugePages, pci: pci);
        Display = _folder["display"];
        _rig.ServeDisplay(Display, input, TestMachine.Patience);
    }

    /// <summary>The display server's socket.</summary>
    public string Display { get; }

    public QueueDriver Driver => _rig.Driver;

    public long BytesCopied => _rig.Use().Copied;

    /// <summary>Writes a picture, packed R, G, B, into a buffer's pages as XR24, and shows them.</summary>
    public void Show(byte[] rgb)
    {
        Span<byte> pixels = _rig.Driver.Ram.At(QueueDriver.FreeMemory, Size);
        for (int i = 0; i < Width * Height; i++)
        {
            (pixels[i * 4], pixels[(i * 4) + 1], pixels[(i * 4) + 2]) = (rgb[(i * 3) + 2], rgb[(i * 3) + 1], rgb[i * 3]);
        }
        _rig.SetUp(Width, Height);
    }

    /// <summary>Paints the buffer that is shown, and flushes it with a fence, as a guest does that waits for its flips.</summary>
    public void Paint(uint pixel)
    {
        MemoryMarshal.Cast<byte, uint>(_rig.Driver.Ram.At(QueueDriver.FreeMemory, Size)).Fill(pixel);
        Assert.Equal(Commands.Ok, Commands.TypeOf(_rig.Driver.Request(Commands.Flush(1, 0, 0, Width, Height, fence: 7))));
    }

    public void Dispose()
    {
        _rig.Dispose();
        _folder.Dispose();
    }
}
