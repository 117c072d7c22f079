namespace FbShare.Tools.BenchPeers;

/// <summary>A number for each kind of process of a case.</summary>
internal readonly record struct RoleValues(double Qemu, double Device, double Viewer, double X)
{
    public double Sum => Qemu + Device + Viewer + X;

    public static RoleValues operator /(RoleValues values, double divisor) =>
        new(values.Qemu / divisor, values.Device / divisor, values.Viewer / divisor, values.X / divisor);
}
