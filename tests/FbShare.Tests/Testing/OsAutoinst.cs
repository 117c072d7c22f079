using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace FbShare.Tests.Testing;

/// <summary>os-autoinst's own matcher (tinycv), as a process that is asked about many needles.</summary>
internal static class OsAutoinst
{
    /// <summary>Debian's package lacks what fetches needles from git, which is not needed here.</summary>
    private const string Program = """
        BEGIN {
            $INC{'OpenQA/Isotovideo/Utils.pm'} = 1;
            package OpenQA::Isotovideo::Utils;
            sub import { no strict 'refs'; *{caller() . '::checkout_git_refspec'} = sub { } }
        }
        use strict;
        use warnings;
        use lib '/usr/lib/os-autoinst';
        use bmwqemu;
        use tinycv;
        use needle;
        my $folder = shift;
        $bmwqemu::vars{CASEDIR} = $bmwqemu::vars{PRJDIR} = $folder;
        needle::init($folder);
        while (my $line = <STDIN>) {
            chomp $line;
            my ($json, $scene) = split /\t/, $line;
            my $needle = needle->new($json) or die "no needle: $json";
            my $found = tinycv::read($scene)->search_($needle, 0, 0);
            print join(' ', $found->{ok}, map { join(',', $_->{x}, $_->{y}, $_->{similarity}, $_->{result} eq 'ok' ? 1 : 0) } @{$found->{area}}), "\n";
        }
        """;

    /// <summary>Why it cannot be asked here; null if it can.</summary>
    public static string? Obstacle => !File.Exists("/usr/lib/os-autoinst/needle.pm") ? "needs the Debian package os-autoinst"
        : !Directory.EnumerateFiles("/usr/lib", "Moment.pm", SearchOption.AllDirectories).Any() ? "needs the Debian package libtime-moment-perl"
        : null;

    /// <summary>Asks about needles.</summary>
    /// <param name="cases">The needle's JSON file and the screen's picture.</param>
    /// <returns>Its answers: a line for each, as <see cref="Verdict.Parse"/> reads it.</returns>
    public static string[] Ask(string folder, IReadOnlyList<(string Needle, string Scene)> cases)
    {
        var start = new ProcessStartInfo("perl", ["-e", Program, folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        foreach ((string needle, string scene) in cases)
        {
            process.StandardInput.WriteLine($"{needle}\t{scene}");
        }
        process.StandardInput.Close();
        string[] lines = output.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        Assert.True(lines.Length == cases.Count, $"os-autoinst answered {lines.Length} of {cases.Count} questions: {errors.GetAwaiter().GetResult()}");
        return lines;
    }
}

/// <summary>What os-autoinst says of one needle.</summary>
internal sealed record Verdict(bool IsMatch, IReadOnlyList<(int X, int Y, double Similarity, bool IsMatch)> Areas)
{
    public static Verdict Parse(string line)
    {
        string[] parts = line.Split(' ');
        return new Verdict(parts[0] == "1", [.. parts[1..].Select(p => p.Split(',')).Select(n => (
            int.Parse(n[0], CultureInfo.InvariantCulture), int.Parse(n[1], CultureInfo.InvariantCulture), double.Parse(n[2], CultureInfo.InvariantCulture), n[3] == "1"))]);
    }
}
