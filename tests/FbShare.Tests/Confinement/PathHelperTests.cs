using FbShare.Confinement;
using FbShare.Linux;
using FbShare.Memory;

namespace FbShare.Tests.Confinement;

/// <summary>What the helper of a confined device does for it, and what it does not.</summary>
public sealed class PathHelperTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly UnixSocket _ours;
    private readonly UnixSocket _theirs;
    private readonly PathHelper _helper;
    private readonly Thread _server;

    public PathHelperTests()
    {
        (_ours, _theirs) = UnixSocket.CreatePair();
        _helper = new PathHelper(_ours);
        var server = new PathServer(_theirs, [Socket], [Picture], static (path, content) =>
        {
            if (content.Length == 3)
            {
                throw new IOException($"cannot write {path}: the disk is full");
            }
            File.WriteAllBytes(path, content);
        });
        _server = new Thread(server.Run);
        _server.Start();
    }

    private string Socket => _folder["socket"];

    private string Picture => _folder["picture.png"];

    public void Dispose()
    {
        _ours.Dispose();
        // It ends with its device.
        Assert.True(_server.Join(TimeSpan.FromSeconds(10)));
        _theirs.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void It_writes_the_file_that_was_agreed_on_and_says_why_it_could_not()
    {
        Assert.Null(_helper.WriteFile(Picture, [1, 2, 3, 4]));
        Assert.Equal([1, 2, 3, 4], File.ReadAllBytes(Picture));
        Assert.Null(_helper.WriteFile(Picture, []));
        Assert.Equal([], File.ReadAllBytes(Picture));
        Assert.Equal($"cannot write {Picture}: the disk is full", _helper.WriteFile(Picture, [1, 2, 3]));
    }

    [Fact]
    public void It_touches_no_other_path()
    {
        string other = _folder["other"];
        File.WriteAllText(other, "mine");

        Assert.NotNull(_helper.WriteFile(other, [1]));
        Assert.NotNull(_helper.WriteFile(Socket, [1]));
        Assert.NotNull(_helper.WriteFile($"{_folder["x"]}/../other", [1]));
        _helper.Remove(other);

        Assert.Equal("mine", File.ReadAllText(other));
        Assert.False(File.Exists(Socket));
    }

    [Fact]
    public void It_removes_a_socket_but_not_what_somebody_put_in_its_place()
    {
        UnixListener.Listen(Socket).Descriptor.Dispose();
        _helper.Remove(Socket);
        Assert.False(File.Exists(Socket));

        File.WriteAllText(Socket, "mine");
        _helper.Remove(Socket);
        Assert.True(File.Exists(Socket));
    }

    [Fact]
    public void It_opens_memory_again_for_reading_and_nothing_else()
    {
        using FileDescriptor memory = MemFd.Create("test", 4096);
        using FileDescriptor readOnly = _helper.ReopenReadOnly(memory);
        Assert.Equal(memory.GetStatus().Inode, readOnly.GetStatus().Inode);
        Assert.Throws<LinuxException>(() => MemoryMapping.Map(readOnly, 0, 4096, writable: true));

        using FileDescriptor file = FileDescriptor.Open("/proc/self/status", writable: false);
        Assert.Throws<LinuxException>(() => _helper.ReopenReadOnly(file));
    }

    [Fact]
    public void It_tells_what_descriptors_are_and_what_processes_are_called()
    {
        using var counter = new EventFd();
        Assert.Equal("anon_inode:[eventfd]", _helper.Describe(counter.Descriptor));
        Assert.Equal(File.ReadAllText("/proc/self/comm"), _helper.NameProcess(Environment.ProcessId));
        Assert.Equal("", _helper.NameProcess(int.MaxValue));
    }

    [Fact]
    public void Memory_that_could_be_cut_off_while_it_is_written_is_refused()
    {
        using FileDescriptor memory = MemFd.Create("test", 4096, seals: MemFdSeals.None);
        PathMessage.Send(_ours, PathCall.WriteFile, Picture, memory);

        Assert.Contains("cannot shrink", PathMessage.Receive(_ours, [])!.Value.Text, StringComparison.Ordinal);
        Assert.False(File.Exists(Picture));
    }

    [Fact]
    public void Nonsense_ends_it()
    {
        _ours.SendAll([9, 9, 9, 9, 255, 255, 255, 255]);

        Assert.True(_server.Join(TimeSpan.FromSeconds(10)));
    }
}
