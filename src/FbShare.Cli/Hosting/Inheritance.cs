using FbShare.Linux;

namespace FbShare.Cli.Hosting;

/// <summary>The descriptors that a process got from whoever started it.</summary>
internal static class Inheritance
{
    /// <summary>Stdin, stdout and stderr are everybody's.</summary>
    private const int FirstOwn = 3;

    /// <summary>Sees to it that none of them goes on to a program that this one starts.</summary>
    public static void KeepDescriptors()
    {
        foreach ((int number, _) in ProcessDescriptors.List(Environment.ProcessId))
        {
            if (number >= FirstOwn)
            {
                Keep(number);
            }
        }
    }

    private static void Keep(int number)
    {
        var borrowed = new FileDescriptor(number);
        try
        {
            borrowed.SetInheritable(false);
        }
        catch (LinuxException)
        {
            // The list's own, which is closed by now.
        }
        finally
        {
            borrowed.Release();
        }
    }
}
