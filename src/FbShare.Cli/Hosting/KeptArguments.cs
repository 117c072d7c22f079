using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using FbShare.Display.Naming;
using FbShare.Display.Server;

namespace FbShare.Cli.Hosting;

/// <summary>What a keeper tells the <c>fbshare serve</c> that is its device: the user's own options again, and what only it says.</summary>
internal sealed class KeptArguments
{
    private const string MonitorName = "--monitor";
    private const string NameName = "--machine-name";
    private const string UuidName = "--machine-uuid";
    private const string WishName = "--display-wish";

    private readonly Option<string?> _monitor = new(MonitorName) { Hidden = true };
    private readonly Option<string?> _name = new(NameName) { Hidden = true };
    private readonly Option<Guid> _uuid = new(UuidName) { Hidden = true, CustomParser = ReadUuid };
    private readonly Option<string?> _wish = new(WishName) { Hidden = true };

    public static IEnumerable<string> Of(string monitor, VirtualMachineName name) =>
        [$"{MonitorName}={monitor}", $"{NameName}={name.Name}", $"{UuidName}={name.Uuid}"];

    /// <param name="wish">What the display is called if the user does not say.</param>
    public static string Of(DisplayName wish) => $"{WishName}={wish}";

    /// <summary>The options that were given, as they were given.</summary>
    /// <param name="except">Not these.</param>
    public static IEnumerable<string> Repeat(ParseResult arguments, IReadOnlyList<Option> except)
    {
        for (CommandResult? command = arguments.CommandResult; command is not null; command = command.Parent as CommandResult)
        {
            foreach (OptionResult option in command.Children.OfType<OptionResult>())
            {
                if (option.Implicit || except.Contains(option.Option))
                {
                    continue;
                }
                if (option.Tokens.Count == 0)
                {
                    yield return option.Option.Name;
                }
                foreach (Token token in option.Tokens)
                {
                    yield return $"{option.Option.Name}={token.Value}";
                }
            }
        }
    }

    private static Guid ReadUuid(ArgumentResult result)
    {
        string text = GivenText.Of(result);
        if (!Guid.TryParse(text, out Guid uuid))
        {
            result.AddError($"{UuidName} {text}: give a UUID");
        }
        return uuid;
    }

    public void AddTo(Command command)
    {
        command.Add(_monitor);
        command.Add(_name);
        command.Add(_uuid);
        command.Add(_wish);
    }

    /// <summary>What the display is called if the user does not say.</summary>
    public DisplayName ReadWish(ParseResult arguments) => DisplayName.From(arguments.GetValue(_wish)) ?? OfThisProcess;

    /// <summary>For a display that has no better name.</summary>
    public static DisplayName OfThisProcess { get; } = DisplayName.From(Environment.ProcessId.ToString(CultureInfo.InvariantCulture))!;

    public DeviceOptions Read(ParseResult arguments, DeviceOptions options) => options with
    {
        MonitorPath = arguments.GetValue(_monitor),
        Name = arguments.GetValue(_name) is { } name ? new VirtualMachineName(name, arguments.GetValue(_uuid)) : options.Name,
    };
}
