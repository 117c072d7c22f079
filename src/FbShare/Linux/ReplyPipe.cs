using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>A pipe that replies go through on their way to a socket, so that it shows whether one was sent.</summary>
/// <remarks>Whoever sends straight to a socket and dies leaves nobody who knows whether the bytes were sent. splice(2) takes them out of the pipe as
/// it puts them into the socket. So what is in the pipe was not sent, and another process that has the pipe sends it.</remarks>
internal sealed class ReplyPipe : IDisposable
{
    /// <summary>What fits into a pipe at once, whatever its size (PIPE_BUF).</summary>
    public const int MaxReply = 4096;

    /// <summary>Makes a new pipe.</summary>
    /// <exception cref="LinuxException">No descriptor is free.</exception>
    public unsafe ReplyPipe()
    {
        int* pair = stackalloc int[2];
        // SAFETY: the kernel writes two numbers, which the stack has room for.
        LinuxException.Check(LibC.pipe2(pair, LibC.O_CLOEXEC | LibC.O_NONBLOCK), "pipe2");
        (Outlet, Inlet) = (new FileDescriptor(pair[0]), new FileDescriptor(pair[1]));
    }

    /// <summary>Takes over a pipe of another process.</summary>
    /// <param name="outlet">Its end to read from; owned from here on.</param>
    /// <param name="inlet">Its end to write to; owned from here on.</param>
    public ReplyPipe(FileDescriptor outlet, FileDescriptor inlet) => (Outlet, Inlet) = (outlet, inlet);

    public delegate void RequestHandler(ReadOnlySpan<byte> header);

    public FileDescriptor Outlet { get; }

    public FileDescriptor Inlet { get; }

    /// <summary>Told the header of each request before its reply goes into the pipe.</summary>
    public RequestHandler? Answering { get; init; }

    /// <summary>For tests: called before each step that a crash could come before.</summary>
    public Action? BeforeStep { get; init; }

    /// <summary>Whether no reply waits to be sent.</summary>
    /// <exception cref="LinuxException">It is no pipe.</exception>
    public bool IsEmpty => Outlet.GetWaitingBytes() == 0;

    /// <summary>Puts a reply in.</summary>
    /// <param name="requestHeader">The header of the request that it answers.</param>
    /// <param name="reply">At most <see cref="MaxReply"/> bytes; the pipe is empty.</param>
    /// <exception cref="LinuxException">It is no pipe, or is full.</exception>
    public unsafe void Put(ReadOnlySpan<byte> requestHeader, ReadOnlySpan<byte> reply)
    {
        Answering?.Invoke(requestHeader);
        BeforeStep?.Invoke();
        fixed (byte* bytes = reply)
        {
            // SAFETY: pinned during the call. So few bytes are written all at once, or not at all.
            LinuxException.Check(LibC.write(Inlet, bytes, (nuint)reply.Length), "write(pipe)");
        }
    }

    /// <summary>Sends what is in the pipe, as far as the socket takes it.</summary>
    /// <param name="socket">Non-blocking.</param>
    /// <returns>Whether all of it was sent.</returns>
    /// <exception cref="LinuxException">The peer is gone.</exception>
    public unsafe bool Send(UnixSocket socket)
    {
        while (true)
        {
            BeforeStep?.Invoke();
            // SAFETY: no pointers are given.
            nint sent = LibC.splice(Outlet, null, socket.Descriptor, null, MaxReply, LibC.SPLICE_F_NONBLOCK);
            if (sent >= 0)
            {
                if (IsEmpty)
                {
                    return true;
                }
                continue;
            }
            switch ((Errno)Marshal.GetLastPInvokeError())
            {
                case Errno.EAGAIN:
                    return IsEmpty;
                case Errno.EINTR:
                    continue;
                default:
                    throw new LinuxException("splice");
            }
        }
    }

    public void Dispose()
    {
        Outlet.Dispose();
        Inlet.Dispose();
    }
}
