using System.CommandLine;
using FbShare.Cli.Viewer;
using FbShare.Display.Client;
using FbShare.Linux;

namespace FbShare.Cli;

/// <summary><c>fbshare view</c>: a running display in a window, with keyboard and pointer.</summary>
internal sealed class ViewCommand : CliCommand
{
    private readonly DisplayChoice _display = new(takesWord: true);
    private readonly Option<uint?> _output = NumberOption.Optional("--output", 0u, uint.MaxValue, "Show this output only (default: a window for each).");
    private readonly Option<string> _scale = new("--scale")
    {
        Description = "Keep the guest's size and scale it: as large as fits, by whole numbers, not at all, or to a percentage (default: the guest takes the window's size; one that does not is scaled to fit).",
        HelpName = WindowScale.Forms,
    };
    private readonly Option<string> _filter = new("--filter")
    {
        Description = "How a scaled picture looks: nearest keeps every pixel sharp, linear smooths them.",
        HelpName = "nearest|linear",
        DefaultValueFactory = _ => "linear",
    };
    private readonly Option<bool> _fullscreen = new("--fullscreen") { Description = "Start on the whole screen." };
    private readonly Option<bool> _hud = new("--hud") { Description = "Start with figures over the picture: path, rates, latencies." };
    private readonly Option<bool> _viewOnly = new("--view-only")
    {
        Description = "Only look: no key and no pointer reaches the guest, whose own pointer is drawn, and it is not asked for another size (a picture of another size than the window is scaled).",
    };
    private readonly Option<bool> _copy = new("--copy") { Description = "Start with copied pictures, even where they could be shared without copying." };
    private readonly Option<bool> _reconnect = new("--reconnect") { Description = "When the display is lost, wait for it to come back." };
    private readonly Option<string> _video = new("--video")
    {
        Description = "The window system (default: the first that is there, in this order).",
        HelpName = "auto|wayland|x11|kmsdrm",
        DefaultValueFactory = _ => "auto",
    };
    private readonly Option<string> _renderer = RendererOption.Create();
    private readonly Option<string[]> _hotKey = new("--hotkey")
    {
        Description = $"Change a hot key: ACTION=ctrl+alt+KEY, or ACTION=none for no key; may be given several times. The actions (their keys are Ctrl+Alt with G, F, S, H, D, P, Insert, M and Q, in this order): {string.Join(", ", HotKeys.ActionNames)}.",
        HelpName = "ACTION=KEYS",
        AllowMultipleArgumentsPerToken = false,
    };

    public ViewCommand()
        : base(
            "view",
            "Shows a running display in a window, with keyboard and pointer.",
            "fbshare view",
            "fbshare view debian --output 1 --scale integer --filter nearest --reconnect",
            "# a stock QEMU, started with -display dbus,p2p=yes -qmp unix:/tmp/qmp.sock,server=on,wait=off:",
            "fbshare view --display qmp:/tmp/qmp.sock --hotkey quit=ctrl+alt+F4")
    {
        _display.AddTo(this);
        foreach (Option option in (ReadOnlySpan<Option>)[_output, _scale, _filter, _fullscreen, _hud, _viewOnly, _copy, _reconnect, _video, _renderer, _hotKey])
        {
            Add(option);
        }
        _scale.CompletionSources.Add("fit", "integer", "none");
        _scale.Validators.Add(static result =>
        {
            if (result.Tokens is [{ Value: var text }] && !WindowScale.TryParse(text, out _))
            {
                result.AddError($"--scale {text}: give {WindowScale.Forms.Replace("|", ", ", StringComparison.Ordinal)}, with NN from 1 to 1000.");
            }
        });
        _filter.AcceptOnlyFromAmong("nearest", "linear");
        _video.AcceptOnlyFromAmong("auto", "wayland", "x11", "kmsdrm");
        _hotKey.Validators.Add(result =>
        {
            var keys = new HotKeys();
            foreach (string text in result.Tokens.Select(t => t.Value))
            {
                if (keys.Set(text) is { } wrong)
                {
                    result.AddError(wrong);
                }
            }
        });
    }

    public override string? FindContradiction(ParseResult arguments) => _display.FindContradiction(arguments);

    protected override int Run(ParseResult arguments, Log log)
    {
        var keys = new HotKeys();
        foreach (string text in arguments.GetValue(_hotKey) ?? [])
        {
            keys.Set(text);
        }
        WindowScale scale = arguments.GetValue(_scale) is { } given && WindowScale.TryParse(given, out WindowScale asked)
            ? asked
            : new WindowScale(arguments.GetValue(_viewOnly) ? ScaleMode.Fit : ScaleMode.Follow);
        var settings = new ViewSettings(
            scale, arguments.GetValue(_filter) == "linear", arguments.GetValue(_fullscreen), arguments.GetValue(_hud), arguments.GetValue(_copy),
            arguments.GetValue(_reconnect), keys)
        {
            Video = arguments.GetValue(_video) switch { "auto" => null, "kmsdrm" => "KMSDRM", var one => one },
            ViewOnly = arguments.GetValue(_viewOnly),
            Renderer = RendererOption.Read(arguments, _renderer),
        };
        using var loop = new EventLoop();
        return ViewSession.Show(loop, _display.Read(arguments), arguments.GetValue(_output), settings, "fbshare dump writes what the guest shows to a file", log);
    }
}
