using System.CommandLine;
using System.Globalization;

namespace FbShare.Cli;

/// <summary>Options that take a share in percent, such as 96.5%.</summary>
internal static class PercentOption
{
    /// <summary>An option that may be absent; its value is from 0 to 1.</summary>
    public static Option<double?> Optional(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "PERCENT%",
        CustomParser = result =>
        {
            string text = GivenText.Of(result);
            if (double.TryParse(text.TrimEnd('%'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent <= 100)
            {
                return percent / 100;
            }
            result.AddError($"{name} {text}: give a percentage from 0% to 100%");
            return null;
        },
    };
}
