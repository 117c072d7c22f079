using System.CommandLine;
using FbShare.Cli.Viewer;

namespace FbShare.Cli;

/// <summary><c>--renderer</c>, of every command that opens a window.</summary>
internal static class RendererOption
{
    public static Option<string> Create()
    {
        var option = new Option<string>("--renderer")
        {
            Description = "What draws the window: OpenGL, or nothing but the window system, which reads the picture where it lies. auto is OpenGL where a GPU draws.",
            HelpName = "auto|gl|software",
            DefaultValueFactory = _ => "auto",
        };
        option.AcceptOnlyFromAmong("auto", "gl", "software");
        return option;
    }

    public static Renderer Read(ParseResult arguments, Option<string> option) =>
        arguments.GetValue(option) switch { "gl" => Renderer.GL, "software" => Renderer.Software, _ => Renderer.Auto };
}
