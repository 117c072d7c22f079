using FbShare.Display.Client;
using FbShare.Input;
using FbShare.Pictures;
using FbShare.Testing.Typing;
using FbShare.Tests.Display;

namespace FbShare.Tests.Testing.Typing;

/// <summary>What reaches the guest's devices, over a real display.</summary>
public sealed class GuestInputTests : IDisposable
{
    private static readonly InputPace Fast = InputPace.Every(TimeSpan.FromMilliseconds(1));

    private readonly RecordingSink _sink = new();
    private readonly DisplayFixture _fixture;
    private readonly RemoteConsole _console;
    private readonly GuestInput _input;

    public GuestInputTests()
    {
        _fixture = new DisplayFixture(input: _sink);
        _fixture.Hub.SetScanout(0, _fixture.HostPicture(DrmFormat.XR24, 100, 50, 400, 0, _ => 7));
        _fixture.Hub.Commit();
        _console = _fixture.Connect().Consoles[0];
        _input = new GuestInput(_fixture.Loop, _console);
    }

    public void Dispose()
    {
        _input.Dispose();
        _fixture.Dispose();
    }

    [Fact]
    public void Text_is_pressed_and_released_key_by_key()
    {
        Run(_input.TypeAsync(KeyboardLayout.Load("de").Plan("@1"), Fast));

        Assert.Equal(["key 184 down", "key 16 down", "key 16 up", "key 184 up", "key 2 down", "key 2 up"], _sink.Events);
    }

    [Fact]
    public void A_click_goes_where_it_is_asked_for_and_a_double_click_clicks_twice()
    {
        Run(_input.ClickAsync(99, 49, MouseButton.Right, 1, Fast));
        Run(_input.ClickAsync(0, 0, MouseButton.Left, 2, Fast));

        Assert.Equal(
            ["to 99,49 of 100x50", "Right down", "Right up", "to 0,0 of 100x50", "Left down", "Left up", "Left down", "Left up"], _sink.Events);
    }

    [Fact]
    public void A_drag_passes_over_what_lies_between()
    {
        Run(_input.DragAsync((10, 10), (50, 20), MouseButton.Left, Fast));

        Assert.Equal(
            ["to 10,10 of 100x50", "Left down", "to 23,13 of 100x50", "to 36,16 of 100x50", "to 50,20 of 100x50", "Left up"], _sink.Events);
    }

    [Fact]
    public void The_wheel_turns_by_steps()
    {
        Run(_input.ScrollAsync(-1, 2, Fast));

        Assert.Equal(["WheelDown down", "WheelDown up", "WheelDown down", "WheelDown up", "WheelLeft down", "WheelLeft up"], _sink.Events);
    }

    [Fact]
    public void What_is_asked_for_later_waits_its_turn()
    {
        Task first = _input.TypeAsync(KeyboardLayout.Load().Plan("ab"), Fast);
        Task second = _input.MoveAsync(5, 5);
        Run(second);

        Assert.True(first.IsCompletedSuccessfully);
        Assert.Equal("to 5,5 of 100x50", _sink.Events[^1]);
    }

    [Theory]
    [InlineData(100, 0)]
    [InlineData(0, 50)]
    [InlineData(-1, 3)]
    public void A_place_outside_of_the_picture_is_refused_before_anything_moves(int x, int y)
    {
        TypingException refused = Assert.Throws<TypingException>(() => Run(_input.DragAsync((1, 1), (x, y), MouseButton.Left, Fast)));
        Assert.Contains($"no pixel {x},{y} on output 0: its picture has 100x50", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_sink.Events);
    }

    [Fact]
    public void A_guest_with_nothing_but_a_mouse_is_told_of_and_one_that_switches_its_tablet_on_is_waited_for()
    {
        _sink.IsAbsolute = false;
        _console.RefreshPointer();
        while (_console.PointerIsAbsolute)
        {
            _fixture.Loop.RunOnce(1000);
        }
        TypingException refused = Assert.Throws<TypingException>(() => Run(_input.MoveAsync(1, 1)));
        Assert.Contains("takes only movements", refused.Message, StringComparison.Ordinal);
        Assert.Contains("virtio-tablet-pci", refused.Message, StringComparison.Ordinal);

        Task later = _input.MoveAsync(2, 2);
        _sink.IsAbsolute = true;
        Run(later);
        Assert.Equal(["to 2,2 of 100x50"], _sink.Events);
    }

    [Fact]
    public void What_the_display_said_of_the_pointer_before_the_guest_s_driver_was_there_does_not_count()
    {
        // So it was told when it connected; since then the guest has begun to boot.
        Assert.True(_console.PointerIsAbsolute);
        _sink.IsAbsolute = false;
        Task moved = _input.MoveAsync(2, 2);
        while (_console.PointerIsAbsolute && !moved.IsCompleted)
        {
            _fixture.Loop.RunOnce(1000);
        }
        _sink.IsAbsolute = true;
        Run(moved);
        Assert.Equal(["to 2,2 of 100x50"], _sink.Events);
    }

    [Fact]
    public void A_display_that_leads_to_no_keyboard_says_what_to_do()
    {
        using var fixture = new DisplayFixture();
        using var input = new GuestInput(fixture.Loop, fixture.Connect().Consoles[0]);
        Task typing = input.TypeAsync(KeyboardLayout.Load().Plan("a"), Fast);

        TypingException refused = Assert.Throws<TypingException>(() => Run(fixture, typing));
        Assert.EndsWith("keyboard and mouse: plug one in", refused.Message, StringComparison.Ordinal);
    }

    private void Run(Task task) => Run(_fixture, task);

    private static void Run(DisplayFixture fixture, Task task)
    {
        while (!task.IsCompleted)
        {
            fixture.Loop.RunOnce(Timeout.Infinite);
        }
        task.GetAwaiter().GetResult();
    }
}
