using System.Text;
using FbShare.Display;
using FbShare.Display.Client;
using FbShare.Display.DBus;
using FbShare.Linux;
using Xunit;

namespace FbShare.Tests.Display;

/// <summary>A display as another program might be one: one console, and whatever a test sends to the listener of its one viewer.</summary>
internal sealed class RawDisplay : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder _folder = new();
    private readonly UnixListener _socket;
    private readonly EventLoop.Watch _watch;
    private BusConnection? _viewer;
    private BusConnection? _listener;

    public RawDisplay()
    {
        _socket = UnixListener.Listen(_folder["display"]);
        _watch = Loop.Add(_socket.Descriptor, LoopEvents.Readable, _ => Accept());
    }

    public EventLoop Loop { get; } = new();

    /// <summary>The VM's name as the display says it.</summary>
    public string Name { get; init; } = "raw";

    /// <summary>Whether the listener's socket is left to the test, unauthenticated.</summary>
    public bool LeavesListener { get; init; }

    /// <summary>The viewer's end, where the display leaves it.</summary>
    public UnixSocket? ListenerSocket { get; private set; }

    public List<DisplayLoss> Lost { get; } = [];

    /// <summary>A viewer that watches the console.</summary>
    public (RemoteConsole Console, RecordingView View) Watch(bool takeDmaBuf = true)
    {
        var view = new RecordingView();
        return (Watch(view, takeDmaBuf), view);
    }

    /// <summary>The console of a client of ours that watches.</summary>
    public RemoteConsole Watch(IDisplayView view, bool takesDmaBufs)
    {
        DisplayClient client = DisplayClient.Connect(Loop, new DisplayAddress(DisplayAddressKind.Unix, _socket.Path));
        client.Lost = Lost.Add;
        client.Consoles[0].Watch(view, takesDmaBufs);
        if (!LeavesListener)
        {
            // As every display does first. A viewer's sd-bus takes descriptors only after that.
            Assert.Null(Call(DisplayProtocol.PropertiesUtf8, "GetAll", m => m.Append(DisplayProtocol.ListenerName)));
        }
        return client.Consoles[0];
    }

    /// <summary>Calls the viewer's listener.</summary>
    /// <returns>Null, or the text of the error that it answered with.</returns>
    public string? Call(ReadOnlySpan<byte> interfaceName, string member, Action<BusMessage> fill)
    {
        using BusMessage call = _listener!.NewCall(default, DisplayProtocol.ListenerPath, interfaceName, Encoding.UTF8.GetBytes(member + '\0'));
        fill(call);
        try
        {
            _listener.CallAndWait(call, Patience);
            return null;
        }
        catch (BusException e)
        {
            return e.Message;
        }
    }

    /// <summary>ScanoutDMABUF2 of one buffer.</summary>
    public string? ShowDmaBuf(FileDescriptor file, uint x, uint y, uint width, uint height, uint offset, uint stride, ulong modifier = DisplayProtocol.ModifierLinear) =>
        Call(DisplayProtocol.DmaBuf2, "ScanoutDMABUF2", m =>
        {
            m.Open('a', "h"u8);
            m.Append(file);
            m.Close();
            m.Append(x);
            m.Append(y);
            m.Append(width);
            m.Append(height);
            m.Open('a', "u"u8);
            m.Append(offset);
            m.Close();
            m.Open('a', "u"u8);
            m.Append(stride);
            m.Close();
            m.Append(1u);
            m.Append((uint)FbShare.Pictures.DrmFormat.XR24);
            m.Append(width);
            m.Append(height);
            m.Append(modifier);
            m.Append(DisplayProtocol.IsTopDown);
        });

    /// <summary>ScanoutMap.</summary>
    public string? ShowMap(FileDescriptor file, uint offset, uint width, uint height, uint stride) => Call(DisplayProtocol.Map, "ScanoutMap", m =>
    {
        m.Append(file);
        m.Append(offset);
        m.Append(width);
        m.Append(height);
        m.Append(stride);
        m.Append(FbShare.Pictures.PixmanFormats.ToPixman(FbShare.Pictures.DrmFormat.XR24));
    });

    public string? UpdateMap(int x, int y, int width, int height) => Call(DisplayProtocol.Map, "UpdateMap", m =>
    {
        m.Append(x);
        m.Append(y);
        m.Append(width);
        m.Append(height);
    });

    public void RunUntil(Func<bool> isSo)
    {
        long end = EventLoop.Now + (long)Patience.TotalNanoseconds;
        while (!isSo())
        {
            Assert.True(EventLoop.Now < end, "it did not happen");
            Loop.RunOnce(100);
        }
    }

    public void Dispose()
    {
        _listener?.Dispose();
        _viewer?.Dispose();
        ListenerSocket?.Dispose();
        _watch.Dispose();
        _socket.Dispose();
        Loop.Dispose();
        _folder.Dispose();
    }

    private void Accept()
    {
        _viewer = BusConnection.OverSocket(Loop, _socket.Accept()!.Descriptor, authenticates: true);
        _viewer.Export(Answer);
    }

    private bool Answer(BusMessage call)
    {
        if (call.Member.SequenceEqual("RegisterListener"u8))
        {
            FileDescriptor socket = call.ReadDescriptor();
            if (LeavesListener)
            {
                ListenerSocket = new UnixSocket(socket);
            }
            else
            {
                _listener = BusConnection.OverSocket(Loop, socket, authenticates: true);
            }
            _viewer!.Reply(call);
            return true;
        }
        bool isVm = call.Path.SequenceEqual(DisplayProtocol.VmPathUtf8);
        using BusMessage reply = BusConnection.NewReply(call);
        reply.Open('a', "{sv}"u8);
        if (isVm)
        {
            Add(reply, "Name", "s", m => m.Append(Name));
            Add(reply, "ConsoleIDs", "au", m =>
            {
                m.Open('a', "u"u8);
                m.Append(0u);
                m.Close();
            });
        }
        reply.Close();
        _viewer!.Send(reply);
        return true;
    }

    private static void Add(BusMessage reply, string name, string type, Action<BusMessage> value)
    {
        reply.Open('e', "sv"u8);
        reply.Append(name);
        reply.AppendVariant(type, value);
        reply.Close();
    }
}
