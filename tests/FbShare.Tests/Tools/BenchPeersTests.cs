using System.Diagnostics;
using FbShare.Tools;
using FbShare.Tools.BenchPeers;
using Xunit;

namespace FbShare.Tests.Tools;

public class BenchPeersTests
{
    [Theory]
    [InlineData(2, new[] { 3.0, 1, 2 })]
    [InlineData(2, new[] { 4.0, 1, 3, 2 })]
    [InlineData(7, new[] { 7.0 })]
    public void The_median_of_an_even_number_is_the_lower_of_the_middle_two(double median, double[] values) => Assert.Equal(median, PeerTable.Median(values));

    [Theory]
    [InlineData("card: flipped output=0 flips=3016 seconds=8.001 rate=376.95", 3016, 376.95)]
    [InlineData("card: flipped flips=8 rate=1", 8, 1)]
    public void The_guest_s_line_has_how_often_it_flipped(string line, int flips, double rate) => Assert.Equal((flips, rate), CardWork.Parse(line));

    [Fact]
    public void A_guest_that_did_not_flip_is_an_error_and_no_division_by_zero() =>
        Assert.Throws<ToolException>(() => CardWork.Parse("card: flipped output=0 flips=0 seconds=8.001 rate=0.00"));

    [Fact]
    public void The_table_has_medians_by_case_compared_with_the_first_and_a_dash_for_what_a_case_has_not()
    {
        PeerCase builtin = PeerCase.All.Single(c => c.Name == "builtin"), view = PeerCase.All.Single(c => c.Name == "view");
        var table = new PeerTable(
        [
            Row(builtin, 500, new RoleValues(800, 0, 0, 0)),
            Row(view, 60, new RoleValues(100, 200.25, 300, 400), "the last 9"),
            Row(builtin, 540.5, new RoleValues(900, 0, 0, 0)),
            Row(view, 60, new RoleValues(100, 200.25, 300, 1000)),
            Row(builtin, 520, new RoleValues(1000, 0, 0, 0)),
        ]);
        using var output = new StringWriter { NewLine = "\n" };
        table.Write(output);
        Assert.Equal(
            """
            | case | flips/s | QEMU µs/flip | device | viewer | X | together | of builtin | MB QEMU | device | viewer |
            |---|---|---|---|---|---|---|---|---|---|---|
            | builtin | 520 | 900.0 | - | - | - | 900.0 | 1.00 | 41 | - | 7 |
            | view | 60 | 100.0 | 200.3 | 300.0 | 400.0 | 1000.3 | 1.11 | 41 | - | 7 |

            How late frames were:

            view: the last 9

            """, output.ToString());
    }

    [Fact]
    public void Every_case_has_a_name_of_its_own() => Assert.Equal(PeerCase.All.Count, PeerCase.All.Select(c => c.Name).Distinct().Count());

    [Fact]
    public async Task A_program_that_ended_by_itself_is_told_with_its_last_words()
    {
        await using var process = new CaseProcess(Role.Device, new ProcessStartInfo("sh", ["-c", "echo the socket is taken >&2; read line; exit 3"]));
        process.ThrowIfEnded();
        process.Input.Close();
        await process.WaitForEndAsync();
        var e = Assert.Throws<ToolException>(process.ThrowIfEnded);
        Assert.Contains("3: the socket is taken", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_is_asked_to_end_so_that_it_can_say_something_last()
    {
        await using var process = new CaseProcess(Role.Viewer, new ProcessStartInfo("sh", ["-c", "trap 'echo the last 9 frames; exit 0' TERM; echo ready; while :; do read line; done"]), keepsOutput: false);
        Assert.Equal("ready", await process.Output.ReadLineAsync());
        Task<string> rest = process.Output.ReadToEndAsync();
        await process.StopAsync();
        Assert.Equal("the last 9 frames\n", await rest);
    }

    [Fact]
    public async Task The_time_that_a_process_used_since_is_its_threads()
    {
        await using var busy = new CaseProcess(Role.Viewer, new ProcessStartInfo("sh", ["-c", "while :; do :; done"]));
        await using var idle = new CaseProcess(Role.X, new ProcessStartInfo("cat"));
        CpuTimes before = CpuTimes.Read([busy, idle]);
        RoleValues used;
        do
        {
            used = CpuTimes.Read([busy, idle]).Since(before);
        }
        while (used.Viewer < 20e6);
        Assert.InRange(used.X, 0, used.Viewer);
        Assert.Equal(0, used.Qemu + used.Device);
    }

    private static PeerRow Row(PeerCase peer, double rate, RoleValues perFlip, string? latency = null) => new(peer, rate, perFlip, new RoleValues(41.2, 0, 7, 0), latency);
}
