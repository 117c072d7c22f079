// An example of a program of one's own that gets a guest's screen as a dma-buf (README): connects to the display of a running
// fbshare, takes the first picture's dma-bufs, has the graphics driver read the guest's pages, and writes what it saw.
//
//   dotnet run --project tools/dmabuf-client -- debian seen.png
using System.Runtime.Versioning;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.DmaBufClient;
using FbShare.Graphics;
using FbShare.Linux;

[assembly: SupportedOSPlatform("linux")]

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: dmabuf-client NAME|unix:PATH FILE.png");
    return 2;
}
if (!DisplayAddress.TryParse(args[0], out DisplayAddress? address, out string? why))
{
    Console.Error.WriteLine(why);
    return 2;
}
try
{
    // 1. A graphics driver without a window, and whether it can be trusted with dma-bufs.
    using GraphicsDevice graphics = GraphicsDevice.OpenBest(Console.Error.WriteLine);

    // 2. The display's first screen. Everything that it tells comes through this loop.
    using var loop = new EventLoop();
    using DisplayClient display = DisplayClient.Connect(loop, address);
    RemoteConsole screen = display.Consoles.First(c => c.IsGraphic);
    using var view = new FirstPicture(graphics);
    display.Lost = loss => view.Failure ??= loss.Reason;

    // 3. Look until there was a picture.
    screen.Watch(view, takeDmaBuf: true);
    while (view.Seen is null && view.Failure is null)
    {
        loop.RunOnce(Timeout.Infinite);
    }
    if (view.Seen is null)
    {
        Console.Error.WriteLine(view.Failure);
        return 1;
    }
    PictureFile.Write(args[1], view.Seen);
    Console.WriteLine($"{args[1]}: {view.Description}");
    return 0;
}
catch (Exception e) when (e is DisplayException or GraphicsException or CaptureException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
