using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using FbShare.Pictures;

namespace FbShare.Cli;

/// <summary>Options that take parts of a picture: X,Y,WIDTHxHEIGHT in pixels.</summary>
internal static class AreaOption
{
    private const string Form = "X,Y,WxH";

    /// <summary>An option that may be absent.</summary>
    public static Option<Rect?> Optional(string name, string description) => new(name)
    {
        Description = description,
        HelpName = Form,
        CustomParser = result => TryRead(result, name, GivenText.Of(result), out Rect area) ? area : null,
    };

    /// <summary>An option that may be given several times.</summary>
    public static Option<Rect[]> Several(string name, string description) => new(name)
    {
        Description = description,
        HelpName = Form,
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => [],
        CustomParser = result =>
        {
            var areas = new List<Rect>();
            foreach (Token token in result.Tokens)
            {
                if (TryRead(result, name, token.Value, out Rect area))
                {
                    areas.Add(area);
                }
            }
            return [.. areas];
        },
    };

    private static bool TryRead(ArgumentResult result, string name, string text, out Rect area)
    {
        string[] parts = text.Split(',', 'x');
        Span<int> numbers = stackalloc int[4];
        bool good = parts.Length == numbers.Length && text.IndexOf('x', StringComparison.Ordinal) > text.LastIndexOf(',');
        for (int i = 0; good && i < numbers.Length; i++)
        {
            good = int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]) && numbers[i] <= FrameLayout.MaxDimension;
        }
        area = good ? new Rect(numbers[0], numbers[1], numbers[2], numbers[3]) : default;
        if (!area.IsEmpty)
        {
            return true;
        }
        result.AddError($"{name} {text}: give the left top corner and the size in pixels, X,Y,WIDTHxHEIGHT, such as 0,0,640x480");
        return false;
    }
}
