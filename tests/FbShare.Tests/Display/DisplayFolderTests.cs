using FbShare.Display.Naming;
using FbShare.Linux;
using FbShare.Testing.Machines;
using FbShare.Tests.Testing;
using Xunit;

namespace FbShare.Tests.Display;

/// <summary>The folder of this user's displays, in this process.</summary>
public sealed class DisplayFolderTests : IDisposable
{
    private readonly DisplayFolder _folder = DisplayFolder.OfThisUser()[0];
    private readonly DisplayName _name = DisplayName.From($"test-{Guid.NewGuid():N}")!;

    public void Dispose() => DisplayFolder.Tidy(_folder.PathOf(_name));

    [Fact]
    public void Many_at_once_that_wish_for_one_name_get_a_name_each()
    {
        var listeners = new (UnixListener Listener, DisplayName Taken)[16];
        Parallel.For(0, listeners.Length, new ParallelOptions { MaxDegreeOfParallelism = listeners.Length }, i =>
            listeners[i] = (DisplayFolder.Listen(_name, isWish: true, out DisplayName taken), taken));
        try
        {
            Assert.Equal(
                [_name.Text, .. Enumerable.Range(2, listeners.Length - 1).Select(n => _name.Numbered(n).Text).Order(StringComparer.Ordinal)],
                listeners.Select(l => l.Taken.Text).Order(StringComparer.Ordinal));
            Assert.All(listeners, l => Assert.Contains(l.Taken, DisplayFolder.FindRunning()));
            Assert.Equal(Errno.EADDRINUSE, Assert.Throws<LinuxException>(() => DisplayFolder.Listen(_name, isWish: false, out _)).Errno);
        }
        finally
        {
            Array.ForEach(listeners, l => l.Listener.Dispose());
        }
        Assert.DoesNotContain(_name, DisplayFolder.FindRunning());
        Assert.Null(DisplayFolder.Find(_name));
    }

    [Fact]
    public async Task The_kit_attaches_to_a_display_by_its_name()
    {
        using var screen = new ScreenFixture();
        screen.Show(8, 4);
        // Takes the name, and makes the folder.
        DisplayFolder.Listen(_name, isWish: false, out _).Dispose();
        File.Move(screen.Address["unix:".Length..], _folder.PathOf(_name));
        try
        {
            await using GuestMachine machine = GuestMachine.Attach(_name.Text);
            Assert.Equal("test vm", machine.Display.Name);
            Assert.Equal(8, (await machine.Screen().CaptureAsync()).Width);
        }
        finally
        {
            File.Delete(_folder.PathOf(_name));
        }
    }

    [Fact]
    public void What_is_no_socket_is_neither_a_display_nor_removed()
    {
        using UnixListener listener = DisplayFolder.Listen(_name, isWish: false, out _);
        string file = _folder.PathOf(_name.Numbered(2));
        File.WriteAllText(file, "");
        try
        {
            Assert.DoesNotContain(_name.Numbered(2), DisplayFolder.FindRunning());
            Assert.Null(DisplayFolder.Find(_name.Numbered(2)));
            using UnixListener third = DisplayFolder.Listen(_name, isWish: true, out DisplayName taken);
            Assert.Equal(_name.Numbered(3), taken);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
