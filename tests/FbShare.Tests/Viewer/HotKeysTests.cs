using FbShare.Cli.Viewer;
using Xunit;

namespace FbShare.Tests.Viewer;

public sealed class HotKeysTests
{
    private const ushort LeftCtrl = 0x40;
    private const ushort RightCtrl = 0x80;
    private const ushort LeftAlt = 0x100;
    private const ushort AltGr = 0x200;
    private const ushort LeftShift = 1;
    private const ushort NumLock = 0x1000;

    [Theory]
    [InlineData(LeftCtrl | LeftAlt, true)]
    [InlineData(RightCtrl | LeftAlt | NumLock, true)]
    [InlineData(LeftCtrl | LeftAlt | LeftShift, false)]
    [InlineData(LeftCtrl | AltGr, false)]
    [InlineData(LeftCtrl, false)]
    [InlineData(0, false)]
    public void A_hot_key_wants_just_its_modifiers_of_either_side(int modifiers, bool matches)
    {
        var keys = new HotKeys();
        Assert.Null(keys.Resolve(CodeOf));
        Assert.Equal(matches ? HotKeyAction.Grab : null, keys.Match('G', (ushort)modifiers));
    }

    [Fact]
    public void A_changed_key_replaces_the_old_one()
    {
        var keys = new HotKeys();
        Assert.Null(keys.Set("grab=ctrl+shift+K"));
        Assert.Null(keys.Set("quit=none"));
        Assert.Null(keys.Resolve(CodeOf));
        Assert.Equal(HotKeyAction.Grab, keys.Match('K', LeftCtrl | LeftShift));
        Assert.Null(keys.Match('G', LeftCtrl | LeftAlt));
        Assert.Null(keys.Match('Q', LeftCtrl | LeftAlt));
        Assert.Equal("ctrl+shift+K", keys.Keys[HotKeyAction.Grab]);
        Assert.DoesNotContain(HotKeyAction.Quit, keys.Keys.Keys);
    }

    [Theory]
    [InlineData("grab")]
    [InlineData("grab=")]
    [InlineData("=ctrl+G")]
    [InlineData("explode=ctrl+G")]
    [InlineData("0=ctrl+G")]
    public void What_is_no_hot_key_is_refused_with_the_actions(string text) =>
        Assert.Contains("grab, fullscreen, screenshot, hud, damage, path, ctrlaltdel, menu, quit", new HotKeys().Set(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("grab=hyper+G", "'hyper' is not one of ctrl, alt, shift and super")]
    [InlineData("grab=ctrl+Zork", "there is no key 'Zork'")]
    public void A_name_that_is_unknown_is_named(string text, string complaint)
    {
        var keys = new HotKeys();
        Assert.Null(keys.Set(text));
        Assert.Contains(complaint, keys.Resolve(CodeOf), StringComparison.Ordinal);
    }

    private static int CodeOf(string name) => name is "Insert" ? 1000 : name.Length == 1 ? name[0] : 0;
}
