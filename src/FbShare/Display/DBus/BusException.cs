using FbShare.Linux;

namespace FbShare.Display.DBus;

/// <summary>D-Bus failed: what was tried, and the C library's or the peer's own words.</summary>
internal class BusException : IOException
{
    public BusException(string message)
        : base(message)
    {
    }

    internal BusException(string call, int negativeErrno)
        : base($"{call}: {LibC.DescribeErrno(-negativeErrno)} (errno {-negativeErrno})")
    {
    }

    internal static int Check(int result, string call) => result < 0 ? throw new BusException(call, result) : result;
}

/// <summary>A message's body is not what its signature says: the sender's fault.</summary>
internal sealed class BusMessageException : BusException
{
    public BusMessageException(string message)
        : base(message)
    {
    }

    private BusMessageException(int negativeErrno)
        : base("a D-Bus message whose body does not hold what its signature says", negativeErrno)
    {
    }

    internal static int Check(int result) => result < 0 ? throw new BusMessageException(result) : result;
}

/// <summary>The error names that go over the wire (the D-Bus specification's, and QEMU's ui/dbus-error.c).</summary>
internal static class BusErrors
{
    public const string Failed = "org.freedesktop.DBus.Error.Failed";
    public const string NoReply = "org.freedesktop.DBus.Error.NoReply";
    public const string InvalidArgs = "org.freedesktop.DBus.Error.InvalidArgs";
    public const string LimitsExceeded = "org.freedesktop.DBus.Error.LimitsExceeded";
    public const string UnknownObject = "org.freedesktop.DBus.Error.UnknownObject";
    public const string UnknownInterface = "org.freedesktop.DBus.Error.UnknownInterface";
    public const string UnknownMethod = "org.freedesktop.DBus.Error.UnknownMethod";
    public const string UnknownProperty = "org.freedesktop.DBus.Error.UnknownProperty";
    public const string PropertyReadOnly = "org.freedesktop.DBus.Error.PropertyReadOnly";
    public const string Unsupported = "org.qemu.Display1.Error.Unsupported";
    public const string Invalid = "org.qemu.Display1.Error.Invalid";
}
