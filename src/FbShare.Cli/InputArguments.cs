using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using FbShare.Capture;
using FbShare.Input;
using FbShare.Testing.Typing;

namespace FbShare.Cli;

/// <summary>What the commands that type and point have in common: the layout, the pace, the button, places.</summary>
internal static class InputArguments
{
    private static readonly (string Name, MouseButton Button)[] Buttons =
        [("left", MouseButton.Left), ("middle", MouseButton.Middle), ("right", MouseButton.Right), ("side", MouseButton.Side), ("extra", MouseButton.Extra)];

    public static Option<string> Layout() => new("--layout")
    {
        Description = "The keyboard layout that the guest has, by xkb's name: us, de, fr, es, gb, jp or any other.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "us",
    };

    public static Option<string?> Variant() => new("--variant") { Description = "The layout's variant, by xkb's name: nodeadkeys, neo, intl and others.", HelpName = "NAME" };

    public static Option<TimeSpan?> Delay() => new("--delay")
    {
        Description = $"From one key to the next; half of that time a key is down (default: {InputPace.Default.Interval.TotalMilliseconds}ms, which a guest that boots can follow).",
        HelpName = "TIME",
        CustomParser = r => DisplayArguments.ParseDuration(r, "--delay"),
    };

    public static Option<string> Button()
    {
        var option = new Option<string>("--button") { Description = "Which button.", HelpName = string.Join('|', Buttons.Select(b => b.Name)), DefaultValueFactory = _ => "left" };
        option.AcceptOnlyFromAmong([.. Buttons.Select(b => b.Name)]);
        return option;
    }

    public static MouseButton ButtonOf(string name) => Buttons.First(b => b.Name == name).Button;

    public static InputPace PaceOf(TimeSpan? delay) => delay is { } given ? InputPace.Every(given) : InputPace.Default;

    /// <summary>Pixels of the picture, one argument each.</summary>
    public static Argument<int?> Pixel(string name, string description, ArgumentArity? arity = null) => new(name)
    {
        Description = description,
        Arity = arity ?? ArgumentArity.ExactlyOne,
        CustomParser = result => ReadPixel(result, name),
    };

    private static int? ReadPixel(ArgumentResult result, string name)
    {
        string text = GivenText.Of(result);
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value))
        {
            return value;
        }
        result.AddError($"{name} {text}: give a pixel of the picture, from 0 on");
        return null;
    }
}
