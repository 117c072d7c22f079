using FbShare.Cli;
using Microsoft.Extensions.Logging;

namespace FbShare.Tests.Cli;

/// <summary>The program's log: its own lines and the library's look the same.</summary>
public sealed class LogTests
{
    [Theory]
    [InlineData(LogLevel.Warning, "fbshare: warning: w\nfbshare: e\n")]
    [InlineData(LogLevel.Information, "fbshare: i\nfbshare: warning: w\nfbshare: e\n")]
    [InlineData(LogLevel.Debug, "fbshare: d\nfbshare: i\nfbshare: warning: w\nfbshare: e\n")]
    public void Severity_decides_what_is_shown_and_how(LogLevel least, string expected)
    {
        using var own = new StringWriter();
        using var library = new StringWriter();
        var log = new Log(own, least);
        log.Verbose("d");
        log.Info("i");
        log.Warn("w");
        log.Error("e");
        ILogger given = new Log(library, least);
        foreach ((LogLevel level, string line) in ((LogLevel, string)[])[(LogLevel.Debug, "d"), (LogLevel.Information, "i"), (LogLevel.Warning, "w"), (LogLevel.Error, "e")])
        {
            given.Log(level, default, line, null, (text, _) => text);
        }
        Assert.Equal(expected, own.ToString());
        Assert.Equal(expected, library.ToString());
    }
}
