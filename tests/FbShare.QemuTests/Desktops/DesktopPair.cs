namespace FbShare.QemuTests.Desktops;

/// <summary>The same desktop twice: on our device, and on QEMU's own for comparison. Booted when they are first asked for, both at once.</summary>
public abstract class DesktopPair : IAsyncLifetime
{
    private Task<DesktopMachine[]>? _machines;

    private protected DesktopPair(DesktopKind kind) => Kind = kind;

    internal DesktopKind Kind { get; }

    internal Task<DesktopMachine> Ours => MachineAsync(0);

    internal Task<DesktopMachine> Stock => MachineAsync(1);

    /// <summary>Where all tests are skipped, nothing is started.</summary>
    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_machines is { IsCompletedSuccessfully: true })
        {
            foreach (DesktopMachine machine in await _machines)
            {
                await machine.DisposeAsync();
            }
        }
    }

    private async Task<DesktopMachine> MachineAsync(int which)
    {
        _machines ??= Task.WhenAll(DesktopMachine.StartAsync(Kind, stock: false), DesktopMachine.StartAsync(Kind, stock: true));
        return (await _machines)[which];
    }
}
