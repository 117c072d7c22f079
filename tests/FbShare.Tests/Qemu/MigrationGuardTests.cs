using System.Text;
using FbShare.Linux;
using FbShare.Qemu;
using Xunit;

namespace FbShare.Tests.Qemu;

/// <summary>A machine that cannot be migrated is not, though QEMU would do it.</summary>
public sealed class MigrationGuardTests : IDisposable
{
    private readonly EventLoop _loop = new();
    private readonly UnixSocket _qemu;
    private readonly QmpSession _session;
    private readonly List<string> _told = [];

    public MigrationGuardTests()
    {
        (UnixSocket ours, _qemu) = UnixSocket.CreatePair();
        _session = new QmpSession(_loop, ours);
        var guard = new MigrationGuard(_session, _told.Add);
        _session.EventReceived = guard.Take;
        Say("""{"QMP": {}}""", """{"return": {}}""");
        Assert.Equal(
            """{"execute":"migrate-set-capabilities","arguments":{"capabilities":[{"capability":"events","state":true},{"capability":"pause-before-switchover","state":true}]}}""",
            Heard()[^1]);
    }

    public void Dispose()
    {
        _session.Dispose();
        _qemu.Dispose();
        _loop.Dispose();
    }

    [Fact]
    public void Each_migration_is_cancelled_once_and_told_once()
    {
        Say("""{"return": {}}""");
        for (int i = 1; i <= 2; i++)
        {
            Say(Migration("setup"), Migration("active"), Migration("pre-switchover"));
            Assert.Equal(["""{"execute":"migrate_cancel"}"""], Heard());
            Assert.Equal(i, _told.Count);
            Assert.Contains("would be lost", _told[^1], StringComparison.Ordinal);
            Say("""{"return": {}}""", Migration("cancelling"), Migration("cancelled"));
            Assert.Empty(Heard());
        }
    }

    [Theory]
    [InlineData("""{"event": "STOP"}""")]
    [InlineData("""{"event": "MIGRATION"}""")]
    [InlineData("""{"event": "MIGRATION", "data": {"status": 3}}""")]
    [InlineData("""{"event": "MIGRATION", "data": {"status": "none"}}""")]
    [InlineData("""{"event": "MIGRATION", "data": {"status": "completed"}}""")]
    public void Nothing_else_is_taken_for_one(string said)
    {
        Say(said);
        Assert.Empty(Heard());
        Assert.Empty(_told);
    }

    [Fact]
    public void A_QEMU_that_does_not_take_part_is_told_of()
    {
        Say("""{"error": {"class": "GenericError", "desc": "no such capability"}}""");
        Assert.Contains("no such capability", Assert.Single(_told), StringComparison.Ordinal);
    }

    private static string Migration(string status) => $$$"""{"event": "MIGRATION", "data": {"status": "{{{status}}}"}}""";

    private void Say(params string[] lines)
    {
        _qemu.SendAll(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\r\n"))));
        _loop.RunOnce(1000);
    }

    private string[] Heard()
    {
        var buffer = new byte[4096];
        return _qemu.Receive(buffer, wait: false) is { } count ? Encoding.UTF8.GetString(buffer, 0, count).TrimEnd().Split('\n') : [];
    }
}
