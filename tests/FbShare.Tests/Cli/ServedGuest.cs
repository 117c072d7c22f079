using System.Diagnostics;
using FbShare.Cli;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.Tests.Display;
using Xunit;

namespace FbShare.Tests.Cli;

/// <summary><c>fbshare serve</c> as a process, a driver in the place of its guest, and a viewer that reads every picture.</summary>
internal sealed class ServedGuest : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new("served");
    private readonly Process _device;
    private readonly Task<string> _log;
    private readonly FrontEndDriver _driver;

    /// <param name="options">Of the device, besides.</param>
    public ServedGuest(params string[] options)
    {
        _device = FbShareProgram.Start(["serve", "--verbose", "--unthrottled", "--path", "copy", "--socket-path", _folder["gpu"], "--display", $"unix:{Display}", .. options]);
        _log = _device.StandardError.ReadToEndAsync();
        _driver = new FrontEndDriver(Connect());
        _driver.Start();
        Witness = new Witness(_driver, new DisplayAddress(DisplayAddressKind.Unix, Display), takesPages: false);
    }

    /// <summary>Where viewers connect.</summary>
    public string Display => _folder["screen"];

    public Witness Witness { get; }

    /// <summary>Ends the device.</summary>
    /// <returns>What it said.</returns>
    public async Task<string> End()
    {
        Assert.Equal(0, ProcessCalls.kill(_device.Id, ProcessCalls.SIGTERM));
        await _device.WaitForExitAsync().WaitAsync(Patience);
        Assert.Equal(128 + ProcessCalls.SIGTERM, _device.ExitCode);
        return await _log;
    }

    public void Dispose()
    {
        Witness.Dispose();
        _driver.Dispose();
        if (!_device.HasExited)
        {
            _device.Kill();
            _device.WaitForExit();
        }
        _device.Dispose();
        _folder.Dispose();
    }

    private UnixSocket Connect()
    {
        for (var clock = Stopwatch.StartNew(); ;)
        {
            try
            {
                return UnixSocket.Connect(_folder["gpu"]);
            }
            catch (LinuxException) when (clock.Elapsed < Patience)
            {
                // It does not listen yet.
            }
        }
    }
}
