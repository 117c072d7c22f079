using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace FbShare.Cli;

/// <summary>Options, and arguments, that take a number within bounds. What is not one is refused with a sentence that names the bounds.</summary>
internal static class NumberOption
{
    /// <summary>An option that may be absent.</summary>
    public static Option<T?> Optional<T>(string name, T least, T most, string description, string helpName = "N")
        where T : struct, INumber<T>, IMinMaxValue<T> => new(name)
        {
            Description = description,
            HelpName = helpName,
            CustomParser = result => TryRead(result, name, least, most, out T value) ? value : null,
        };

    /// <summary>An argument that may be absent.</summary>
    public static Argument<T?> OptionalArgument<T>(string name, T least, T most, string description)
        where T : struct, INumber<T>, IMinMaxValue<T> => new(name)
        {
            Description = description,
            Arity = ArgumentArity.ZeroOrOne,
            CustomParser = result => TryRead(result, name, least, most, out T value) ? value : null,
        };

    /// <summary>An option that has a value when absent.</summary>
    public static Option<T> WithDefault<T>(string name, T least, T most, T otherwise, string description, string helpName = "N")
        where T : struct, INumber<T>, IMinMaxValue<T> => new(name)
        {
            Description = description,
            HelpName = helpName,
            DefaultValueFactory = _ => otherwise,
            CustomParser = result => TryRead(result, name, least, most, out T value) ? value : otherwise,
        };

    private static bool TryRead<T>(ArgumentResult result, string name, T least, T most, out T value)
        where T : struct, INumber<T>, IMinMaxValue<T>
    {
        string text = GivenText.Of(result);
        if (T.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && value >= least && value <= most)
        {
            return true;
        }
        result.AddError($"{name} {text}: give a number {(most == T.MaxValue ? $"of {least} or more" : $"from {least} to {most}")}");
        return false;
    }
}
