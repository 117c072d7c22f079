using System.Diagnostics;
using FbShare.Tools;
using Xunit;

namespace FbShare.Tests.Tools;

/// <summary>The one list of Debian packages (tools/packages), and the script that installs from it.</summary>
public sealed class PackagesTests : IDisposable
{
    private static readonly string[] Users = ["run", "view", "build", "test", "guest", "tree", "desktop", "needles", "make", "fuzz"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_package_is_listed_once_with_who_needs_it_and_why()
    {
        string[][] rows = [.. Rows()];
        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            Assert.True(row.Length >= 4, $"too few columns: {string.Join(' ', row)}");
            Assert.All(row[2].Split(','), who => Assert.Contains(who, Users));
            // Nobody asks in the tree and on the desktops' disk, and only there.
            Assert.True(row[0] != "-" || row[2] is "tree" or "desktop" or "tree,desktop", $"no probe: {string.Join(' ', row)}");
        });
        Assert.Equal(rows.Length, rows.Select(row => row[1]).Distinct().Count());
    }

    [Theory]
    [InlineData("run")]
    [InlineData("tree")]
    [InlineData("guest")]
    public async Task The_names_of_one_user_s_packages_are_theirs_only(string who)
    {
        (int code, string output) = await InstallNeedsAsync(Repository.PathOf("tools/install-needs"), "--names", who);
        Assert.Equal(0, code);
        Assert.Equal(
            Rows().Where(row => row[2].Split(',').Contains(who)).Select(row => row[1]).Order(StringComparer.Ordinal),
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Only_what_is_missing_is_installed_and_only_for_those_named()
    {
        string script = Prepare(aptGet: "echo \"$@\" >>\"${0%/*}/apt.log\"");

        Assert.Equal(0, (await InstallNeedsAsync(script, "one", "two")).ExitCode);
        Assert.Equal("-q update\n-qy install --no-install-recommends program path library\n", await File.ReadAllTextAsync(_folder["apt.log"]));
    }

    [Fact]
    public async Task Nothing_is_asked_of_apt_where_nothing_is_missing()
    {
        string script = Prepare(aptGet: "exit 1");
        Assert.Equal(0, (await InstallNeedsAsync(script, "nobody-lacks")).ExitCode);
    }

    [Fact]
    public async Task A_failure_of_apt_is_one()
    {
        string script = Prepare(aptGet: "exit 100");
        Assert.Equal(1, (await InstallNeedsAsync(script, "one")).ExitCode);
    }

    [Fact]
    public async Task A_user_that_the_list_does_not_know_is_an_error() =>
        Assert.Equal(1, (await InstallNeedsAsync(Repository.PathOf("tools/install-needs"), "run", "nobody")).ExitCode);

    private static IEnumerable<string[]> Rows() =>
        from line in File.ReadLines(Repository.PathOf("tools/packages"))
        where line.Length > 0 && !line.StartsWith('#')
        select line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The script beside a list of its own, with an apt-get that does as told.</summary>
    private string Prepare(string aptGet)
    {
        File.Copy(Repository.PathOf("tools/install-needs"), _folder["install-needs"]);
        File.Copy(Repository.PathOf("tools/progress"), _folder["progress"]);
        File.WriteAllText(_folder["packages"], """
            # a comment
            sh                      shell        one,nobody-lacks  is everywhere
            fbshare-no-such-program program      one               is nowhere

            /no/such/path           path         two,three         is nowhere
            /                       root         two               is everywhere
            libfbshare-none.so.1    library      two               is nowhere
            fbshare-no-such-either  somebody-s   three             is nowhere

            """);
        AddProgram("apt-get", aptGet);
        AddProgram("sudo", "exec \"$@\"");
        return _folder["install-needs"];
    }

    private void AddProgram(string name, string does)
    {
        File.WriteAllText(_folder[name], $"#!/bin/sh\n{does}\n");
        File.SetUnixFileMode(_folder[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private Task<(int ExitCode, string Output)> InstallNeedsAsync(string script, params string[] arguments) =>
        Programs.RunAsync(
            new ProcessStartInfo(script, arguments) { Environment = { ["PATH"] = $"{_folder.Path}:{Environment.GetEnvironmentVariable("PATH")}" } }, CancellationToken.None);
}
