using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Tests.Display;
using Xunit;

namespace FbShare.Tests.Graphics;

/// <summary>Imports are kept for as many buffers as the console keeps, and one that goes takes no other with it.</summary>
public sealed class ImportCacheTests : IDisposable
{
    private const int Most = DmaBufFrame.MostInRotation;

    private readonly List<DmaBufFrame> _frames = [.. Enumerable.Range(0, Most + 1).Select(i =>
        new DmaBufFrame(DrmFormat.XR24, 8, 8, [new DmaBufBand(MemFd.Create($"buffer{i}", 4096), 0, 8, 32, 0, 4096)]))];

    public void Dispose() => _frames.ForEach(frame => frame.Dispose());

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(Most)]
    public void A_guest_that_rotates_its_buffers_has_each_imported_once(int buffers)
    {
        using var display = new RawDisplay();
        using ImportCache imports = NewCache();
        using var window = new ImportingView(imports);
        using DisplayClient client = display.Watch(window, takesDmaBufs: true).Client;
        FileDescriptor[] files = [.. Enumerable.Range(0, buffers).Select(i => MemFd.Create($"buffer{i}", 4096))];

        for (int flip = 0; flip < buffers * 4; flip++)
        {
            Assert.Null(display.ShowDmaBuf(files[flip % buffers], 0, 0, 8, 8, 0, 32));
        }

        Assert.Equal(buffers, imports.Imports);
        Array.ForEach(files, file => file.Dispose());
    }

    [Fact]
    public void A_buffer_too_many_costs_only_the_one_that_was_not_shown_for_longest()
    {
        using ImportCache imports = NewCache();
        _frames[..Most].ForEach(frame => imports.Get(frame));
        imports.Get(_frames[0]);

        imports.Get(_frames[Most]);

        Assert.Equal(Most + 1, imports.Imports);
        foreach (DmaBufFrame frame in _frames.Where(frame => frame != _frames[1]))
        {
            imports.Get(frame);
        }
        Assert.Equal(Most + 1, imports.Imports);
        imports.Get(_frames[1]);
        Assert.Equal(Most + 2, imports.Imports);
    }

    [Fact]
    public void A_buffer_that_is_let_go_takes_no_other_import_with_it_in_this_window_or_another()
    {
        using ImportCache one = NewCache();
        using ImportCache other = NewCache();
        PictureTexture[] kept = [.. _frames[..4].Select(one.Get)];
        PictureTexture elsewhere = other.Get(_frames[0]);

        one.Forget(_frames[0]);

        Assert.Equal(kept[1..], _frames[1..4].Select(one.Get));
        Assert.Same(elsewhere, other.Get(_frames[0]));
        Assert.NotSame(kept[0], one.Get(_frames[0]));
    }

    /// <summary>One whose imports have no textures, so that no driver is needed.</summary>
    private static ImportCache NewCache() => new(frame => new PictureTexture(null!, frame.Width, frame.Height, TexelOrder.Known(frame.Format), isExternal: false, []));

    /// <summary>A window as far as imports go.</summary>
    private sealed class ImportingView(ImportCache imports) : IDisplayView, IDisposable
    {
        public string? Show(RemotePicture picture)
        {
            imports.Get(picture.DmaBuf!);
            return null;
        }

        public bool Update(Rect damage) => true;

        public void Forget(RemotePicture picture) => imports.Forget(picture.DmaBuf!);

        public void Disable()
        {
        }

        public void DefineCursor(CursorImage image)
        {
        }

        public void MoveCursor(CursorPosition position)
        {
        }

        public void Dispose() => imports.Dispose();
    }
}
