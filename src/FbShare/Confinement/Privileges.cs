using System.Runtime.InteropServices;
using System.Text;
using FbShare.Linux;

namespace FbShare.Confinement;

/// <summary>Users, capabilities and the right to gain any (capabilities(7), prctl(2)).</summary>
/// <remarks>Capabilities are a thread's, and the runtime has started threads before any code of this program runs. So a process that has some gives
/// them up and starts its own program again in its place (execve(2)), which ends the other threads and leaves the process what it is otherwise.</remarks>
public static class Privileges
{
    /// <summary>What root may do with files of others: a device of root makes its sockets in folders of users.</summary>
    private const uint Files = 1u << LibC.CAP_DAC_OVERRIDE;

    /// <summary>Whether the calling thread has any capabilities.</summary>
    internal static bool HasCapabilities => Held() != 0;

    /// <summary>Whether the calling thread has others than <see cref="Reduce"/> leaves.</summary>
    public static bool HasNeedlessCapabilities => (Held() & ~(ulong)Files) != 0;

    /// <summary>Whether this process and all that it starts are barred from gaining privileges.</summary>
    internal static bool AreFinal => LibC.prctl(LibC.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;

    /// <summary>Bars the calling thread, and all that it starts, from gaining privileges. A seccomp filter for all threads takes this to all threads.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void MakeFinal() => LinuxException.Check(LibC.prctl(LibC.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)");

    /// <summary>Whether this process is the user's already.</summary>
    /// <exception cref="LinuxException">There is no such user.</exception>
    public static bool Is(string user) => Find(user).User == LibC.geteuid();

    /// <summary>Becomes another user, with that user's groups and without capabilities, in all threads (nptl(7)).</summary>
    /// <exception cref="LinuxException">There is no such user, or this process may not change users.</exception>
    public static void Become(string user)
    {
        (uint userId, uint groupId) = Find(user);
        DropBoundingSet(except: 0);
        LinuxException.Check(LibC.initgroups(user, groupId), $"initgroups({user})");
        LinuxException.Check(LibC.setgid(groupId), $"setgid({groupId})");
        LinuxException.Check(LibC.setuid(userId), $"setuid({userId})");
        Set(0);
    }

    /// <summary>Gives up all capabilities of the calling thread but the one for files of others.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void Reduce()
    {
        DropBoundingSet(Files);
        Set(Files & (uint)Held());
    }

    /// <summary>Gives up all capabilities of the calling thread and of those that it starts.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    internal static void DropAll()
    {
        DropBoundingSet(except: 0);
        Set(0);
    }

    /// <summary>Starts this program again in this process's place, with its descriptors that are not O_CLOEXEC. Returns only by failing.</summary>
    /// <param name="program">The path of its file.</param>
    /// <param name="arguments">Without the program's name.</param>
    /// <exception cref="LinuxException">execve(2) failed.</exception>
    public static unsafe void StartAgain(string program, IReadOnlyList<string> arguments)
    {
        string[] words = [program, .. arguments];
        byte[][] texts = [.. words.Select(Terminated)];
        var handles = new GCHandle[texts.Length];
        byte** list = stackalloc byte*[texts.Length + 1];
        try
        {
            for (int i = 0; i < texts.Length; i++)
            {
                handles[i] = GCHandle.Alloc(texts[i], GCHandleType.Pinned);
                list[i] = (byte*)handles[i].AddrOfPinnedObject();
            }
            list[texts.Length] = null;
            fixed (byte* path = Terminated(program))
            {
                // SAFETY: texts end with zeroes, the list with null, and all are pinned.
                _ = LibC.execv(path, list);
            }
            throw new LinuxException($"execv({program})");
        }
        finally
        {
            foreach (GCHandle handle in handles)
            {
                if (handle.IsAllocated)
                {
                    handle.Free();
                }
            }
        }
    }

    private static unsafe (uint User, uint Group) Find(string user)
    {
        LibC.Passwd* entry = LibC.getpwnam(user);
        // SAFETY: the C library's entry holds until the next call of its kind.
        return entry is null ? throw new LinuxException($"getpwnam({user}): there is no such user", (int)Errno.ENOENT) : (entry->pw_uid, entry->pw_gid);
    }

    /// <summary>All capabilities of the calling thread, as bits.</summary>
    private static unsafe ulong Held()
    {
        LibC.CapData* sets = stackalloc LibC.CapData[2];
        var header = new LibC.CapHeader { version = LibC.LINUX_CAPABILITY_VERSION_3 };
        // SAFETY: the kernel reads the header and writes two sets, which the stack has room for.
        LinuxException.Check(LibC.capget(&header, sets), "capget");
        return sets[0].permitted | sets[0].inheritable | ((ulong)(sets[1].permitted | sets[1].inheritable) << 32);
    }

    private static unsafe void Set(uint capabilities)
    {
        LibC.CapData* sets = stackalloc LibC.CapData[2];
        (sets[0], sets[1]) = (new LibC.CapData { effective = capabilities, permitted = capabilities }, default);
        var header = new LibC.CapHeader { version = LibC.LINUX_CAPABILITY_VERSION_3 };
        // SAFETY: the kernel reads the header and two sets, the locals.
        LinuxException.Check(LibC.capset(&header, sets), "capset");
    }

    /// <summary>Who lacks the capability that this needs gains nothing from the set either, once <see cref="MakeFinal"/> is called.</summary>
    private static void DropBoundingSet(ulong except)
    {
        _ = LibC.prctl(LibC.PR_CAP_AMBIENT, LibC.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        for (int capability = 0; LibC.prctl(LibC.PR_CAPBSET_READ, capability, 0, 0, 0) is >= 0 and var there; capability++)
        {
            if (there == 1 && (except >> capability & 1) == 0)
            {
                _ = LibC.prctl(LibC.PR_CAPBSET_DROP, capability, 0, 0, 0);
            }
        }
    }

    private static byte[] Terminated(string text) => [.. Encoding.UTF8.GetBytes(text), 0];
}
