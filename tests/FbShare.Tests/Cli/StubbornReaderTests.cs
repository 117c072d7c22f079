using System.Diagnostics;
using FbShare.Cli;
using FbShare.Linux;
using FbShare.Rig.Driver;

namespace FbShare.Tests.Cli;

/// <summary><c>fbshare serve</c> with a log that nobody reads, and with no descriptor left.</summary>
public sealed class StubbornReaderTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_log_nobody_reads_stops_neither_the_device_nor_its_end()
    {
        // A pipe of 16 pages that is full from the start: the first line would wait for ever.
        string pipe = _folder["log"];
        string[] command = ["-c", $"mkfifo {pipe}; exec 3<>{pipe}; head -c 65536 /dev/zero >&3; exec \"$0\" serve --verbose --socket-path {_folder["gpu"]} 2>&3", TestedProgram.Path];
        using Process device = Process.Start("/bin/sh", command);
        try
        {
            using FrontEndDriver driver = Connect();
            await Task.Run(() =>
            {
                driver.Start();
                for (int i = 0; i < 100; i++)
                {
                    Assert.Equal(1UL, driver.SendAndAcknowledge(99, new byte[8]));
                }
            }).WaitAsync(Patience);
            Terminate(device);
            await device.WaitForExitAsync().WaitAsync(Patience);
            Assert.Equal(143, device.ExitCode);
        }
        finally
        {
            End(device);
        }
    }

    [Fact]
    public async Task A_device_without_a_free_descriptor_refuses_and_goes_on()
    {
        string[] command = ["-c", $"ulimit -n 150; exec \"$0\" serve --verbose --socket-path {_folder["gpu"]}", TestedProgram.Path];
        using Process device = Process.Start(new ProcessStartInfo("/bin/sh", command) { RedirectStandardError = true })!;
        Task<string> log = device.StandardError.ReadToEndAsync();
        try
        {
            using FrontEndDriver driver = Connect();
            await Task.Run(() =>
            {
                driver.Start();
                ulong refused = 0;
                for (ulong i = 1; i < 250 && refused == 0; i++)
                {
                    refused = driver.SendAndAcknowledge(37, Region(i << 32), driver.Ram.Descriptor);
                }
                Assert.Equal(1UL, refused);
                for (int i = 0; i < 3; i++)
                {
                    using UnixSocket second = UnixSocket.Connect(_folder["gpu"]);
                    Assert.Equal(0, second.Receive(new byte[1]));
                }
                Assert.Equal(1UL, driver.SendAndAcknowledge(33, new byte[8], driver.Socket.Descriptor));
                // With some that are free again it works.
                for (ulong i = 1; i < 20; i++)
                {
                    Assert.Equal(0UL, driver.SendAndAcknowledge(38, Region(i << 32)));
                }
                Assert.Equal(0UL, driver.SendAndAcknowledge(37, Region(1UL << 32), driver.Ram.Descriptor));
            }).WaitAsync(Patience);
            Terminate(device);
            await device.WaitForExitAsync().WaitAsync(Patience);
            Assert.Equal(143, device.ExitCode);
            string text = await log;
            Assert.Contains("as many open files as it may (ulimit -n)", text, StringComparison.Ordinal);
            Assert.Contains("a front-end was turned away", text, StringComparison.Ordinal);
        }
        finally
        {
            End(device);
        }
    }

    [Fact]
    public void A_writer_says_how_much_it_dropped()
    {
        using var stuck = new StuckWriter();
        using var writer = new PatientWriter(stuck);
        for (int i = 0; i < 100_000; i++)
        {
            writer.WriteLine($"line {i}");
        }
        Assert.False(writer.Finish(TimeSpan.Zero));
        stuck.Open.Set();
        Assert.True(writer.Finish(Patience));
        string[] lines = stuck.ToString()!.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("line 0", lines[0]);
        Assert.Equal($"fbshare: {100_000 - (lines.Length - 1)} lines were dropped here, since nobody read this log", lines[^1]);
    }

    private static byte[] Region(ulong guest) =>
        [.. new byte[8], .. BitConverter.GetBytes(guest), .. BitConverter.GetBytes(4096UL), .. BitConverter.GetBytes(guest), .. new byte[8]];

    private static void Terminate(Process device) => Assert.Equal(0, ProcessCalls.kill(device.Id, ProcessCalls.SIGTERM));

    private static void End(Process device)
    {
        if (!device.HasExited)
        {
            device.Kill();
            device.WaitForExit();
        }
    }

    private FrontEndDriver Connect()
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return new FrontEndDriver(UnixSocket.Connect(_folder["gpu"]));
            }
            catch (LinuxException) when (waited.Elapsed < Patience)
            {
                // It does not listen yet.
            }
        }
    }

    /// <summary>Takes nothing until it is opened.</summary>
    private sealed class StuckWriter : StringWriter
    {
        public ManualResetEventSlim Open { get; } = new();

        public override void Write(string? value)
        {
            Open.Wait();
            base.Write(value);
        }

        protected override void Dispose(bool disposing)
        {
            Open.Dispose();
            base.Dispose(disposing);
        }
    }
}
