using System.Runtime.InteropServices;
using System.Text;
using FbShare.Linux;

namespace FbShare.Display.DBus;

/// <summary>One D-Bus message, being built or being read.</summary>
/// <remarks>A reference like a pointer. A message given to a handler is the connection's; one that was made here is disposed by
/// its maker after it was sent. Readers check <see cref="HasSignature"/> first; that says what the sender promised. sd-bus looks at the
/// body only as it is read, so every read can throw <see cref="BusMessageException"/>, for which the connection dismisses the sender.
/// Text given as bytes ends with the zero that a u8 literal has after it.</remarks>
internal readonly struct BusMessage(nint message) : IDisposable
{
    private readonly nint _message = message;

    internal nint Pointer => _message;

    public ReadOnlySpan<byte> Path => Span(SdBus.sd_bus_message_get_path(_message));

    public ReadOnlySpan<byte> Interface => Span(SdBus.sd_bus_message_get_interface(_message));

    public ReadOnlySpan<byte> Member => Span(SdBus.sd_bus_message_get_member(_message));

    /// <summary>Whether the sender waits for a reply.</summary>
    public bool ExpectsReply => SdBus.sd_bus_message_get_expect_reply(_message) > 0;

    /// <summary>Whether this is an error reply; the connection makes one up when it breaks before the reply came.</summary>
    public bool IsError
    {
        get
        {
            return SdBus.sd_bus_message_get_type(_message, out byte type) >= 0 && type == SdBus.MESSAGE_METHOD_ERROR;
        }
    }

    /// <summary>Whether the peer itself said no (rather than going away).</summary>
    public bool IsRefusal => IsError && Error.Name != BusErrors.NoReply;

    /// <summary>An error reply's name and text, fit to be printed.</summary>
    public unsafe (string Name, string Text) Error
    {
        get
        {
            // SAFETY: null, or the message's own, with texts that end with zeroes.
            SdBus.Error* error = SdBus.sd_bus_message_get_error(_message);
            return error is null ? ("", "") : (PeerText.Name(Text((nint)error->Name)), PeerText.Line(Text((nint)error->Message)));
        }
    }

    public bool HasSignature(ReadOnlySpan<byte> signature) => Span(SdBus.sd_bus_message_get_signature(_message, 1)).SequenceEqual(signature);

    /// <summary>A second reference, for a reply that is made later.</summary>
    public BusMessage Keep() => new(SdBus.sd_bus_message_ref(_message));

    public void Dispose() => SdBus.sd_bus_message_unref(_message);

    public void Append(uint value) => AppendBasic('u', value);

    public void Append(int value) => AppendBasic('i', value);

    public void Append(ushort value) => AppendBasic('q', value);

    public void Append(ulong value) => AppendBasic('t', value);

    public void Append(double value) => AppendBasic('d', value);

    public void Append(bool value) => AppendBasic('b', value ? 1 : 0);

    /// <remarks>Only after the other end has answered once: sending a descriptor earlier makes sd-bus wait for the end of the
    /// authentication, and an sd-bus that receives one with it breaks the connection.</remarks>
    /// <param name="value">The descriptor is duplicated into the message.</param>
    public void Append(FileDescriptor value) => AppendBasic('h', value.Number);

    public void Append(string value) => AppendText('s', value);

    public void AppendPath(string value) => AppendText('o', value);

    /// <summary>An array of bytes, to be filled by the caller before anything else is appended.</summary>
    public unsafe Span<byte> AppendBytes(int length)
    {
        void* space;
        Check(SdBus.sd_bus_message_append_array_space(_message, (byte)'y', (nuint)length, &space));
        // SAFETY: sd-bus gives just that many bytes.
        return new Span<byte>(space, length);
    }

    /// <summary>A variant of one value, appended by <paramref name="value"/>.</summary>
    public void AppendVariant(string type, Action<BusMessage> value)
    {
        Open('v', Encoding.UTF8.GetBytes(type + '\0'));
        value(this);
        Close();
    }

    public void AppendStrings(ReadOnlySpan<string> values)
    {
        Open('a', "s"u8);
        foreach (string value in values)
        {
            Append(value);
        }
        Close();
    }

    public unsafe void Open(char type, ReadOnlySpan<byte> contents)
    {
        fixed (byte* text = contents)
        {
            // SAFETY: the signature ends with a zero and is pinned.
            Check(SdBus.sd_bus_message_open_container(_message, (byte)type, text));
        }
    }

    public void Close() => Check(SdBus.sd_bus_message_close_container(_message));

    public uint ReadUInt32() => Read<uint>('u');

    public int ReadInt32() => Read<int>('i');

    public ushort ReadUInt16() => Read<ushort>('q');

    public ulong ReadUInt64() => Read<ulong>('t');

    public double ReadDouble() => Read<double>('d');

    public bool ReadBoolean() => Read<int>('b') != 0;

    public string ReadString() => Text(Read<nint>('s'));

    public string ReadPath() => Text(Read<nint>('o'));

    /// <summary>A duplicate of the descriptor, the caller's to own.</summary>
    public FileDescriptor ReadDescriptor() => FileDescriptor.DuplicateOf(Read<int>('h'));

    /// <summary>An array of bytes, valid while the message is.</summary>
    public ReadOnlySpan<byte> ReadBytes() => ReadArray<byte>('y');

    /// <inheritdoc cref="ReadBytes"/>
    public ReadOnlySpan<uint> ReadUInt32s() => ReadArray<uint>('u');

    public string[] ReadStrings()
    {
        var values = new List<string>();
        Enter('a', "s"u8);
        while (TryRead('s', out nint text))
        {
            values.Add(Text(text));
        }
        Exit();
        return [.. values];
    }

    /// <summary>Enters a container; false at the end of the one around it.</summary>
    public unsafe bool Enter(char type, ReadOnlySpan<byte> contents)
    {
        fixed (byte* text = contents)
        {
            // SAFETY: as in Open.
            return CheckRead(SdBus.sd_bus_message_enter_container(_message, (byte)type, text)) > 0;
        }
    }

    public void Exit() => CheckRead(SdBus.sd_bus_message_exit_container(_message));

    /// <summary>Whether the container that was entered has no more values.</summary>
    public bool IsAtEnd => CheckRead(SdBus.sd_bus_message_at_end(_message, 0)) > 0;

    /// <summary>Reads an a{sv}: calls <paramref name="read"/> with each name, the variant's type, and the message inside the variant.</summary>
    /// <param name="read">Reads the value, or returns false to have it passed over.</param>
    public void ReadProperties(PropertyReader read)
    {
        Enter('a', "{sv}"u8);
        while (Enter('e', "sv"u8))
        {
            string name = ReadString();
            CheckRead(SdBus.sd_bus_message_peek_type(_message, out _, out nint contents));
            // The contents point into the message, which lives on.
            string signature = Text(contents);
            Enter('v', Span(contents));
            if (!read(name, signature, this))
            {
                CheckRead(SdBus.sd_bus_message_skip(_message, signature));
            }
            Exit();
            Exit();
        }
        Exit();
    }

    private static int Check(int result) => BusException.Check(result, "D-Bus message");

    private static int CheckRead(int result) => BusMessageException.Check(result);

    // SAFETY: a text of sd-bus's, which ends with a zero; empty for null.
    private static unsafe ReadOnlySpan<byte> Span(nint text) => MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)text);

    private static string Text(nint text) => Marshal.PtrToStringUTF8(text) ?? "";

    // SAFETY: sd-bus reads as many bytes as the type has, from the local.
    private unsafe void AppendBasic<T>(char type, T value)
        where T : unmanaged => Check(SdBus.sd_bus_message_append_basic(_message, (byte)type, &value));

    private unsafe void AppendText(char type, string value)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(value + '\0'))
        {
            // SAFETY: the text ends with a zero and is pinned.
            Check(SdBus.sd_bus_message_append_basic(_message, (byte)type, text));
        }
    }

    private T Read<T>(char type)
        where T : unmanaged => TryRead(type, out T value) ? value : throw new BusMessageException("a D-Bus message whose body ends early");

    /// <returns>False at the end of the container.</returns>
    private unsafe bool TryRead<T>(char type, out T value)
        where T : unmanaged
    {
        T read = default;
        // SAFETY: sd-bus writes as many bytes as the type has, into the local.
        bool isThere = CheckRead(SdBus.sd_bus_message_read_basic(_message, (byte)type, &read)) > 0;
        value = read;
        return isThere;
    }

    private unsafe ReadOnlySpan<T> ReadArray<T>(char type)
        where T : unmanaged
    {
        void* values;
        nuint size;
        // SAFETY: sd-bus says where in the message the values are, and how many bytes.
        CheckRead(SdBus.sd_bus_message_read_array(_message, (byte)type, &values, &size));
        return new ReadOnlySpan<T>(values, checked((int)size) / sizeof(T));
    }
}

/// <inheritdoc cref="BusMessage.ReadProperties"/>
internal delegate bool PropertyReader(string name, string type, BusMessage value);
