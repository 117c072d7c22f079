namespace FbShare.Tools;

/// <summary>The repository that this program was built in.</summary>
internal static class Repository
{
    private static readonly Lazy<string> Root = new(FindRoot);

    /// <summary>The whole path of a file in it.</summary>
    public static string PathOf(string name) => Path.Combine(Root.Value, name);

    /// <summary>Publishes the fbshare program of the present sources.</summary>
    /// <returns>Its path.</returns>
    public static async Task<string> PublishFbShareAsync(CancellationToken stop)
    {
        await Programs.OutputAsync("dotnet", ["publish", PathOf("src/FbShare.Cli"), "-p:PublishProfile=release", "--nologo", "-v", "quiet"], stop);
        return PathOf("artifacts/fbshare/fbshare");
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FbShare.sln")))
            {
                return folder.FullName;
            }
        }
        throw new ToolException($"{AppContext.BaseDirectory} is not in FbShare's repository: run it from there, by tools/fbshare-tools/run");
    }
}
