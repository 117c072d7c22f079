using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Recording;

/// <summary>Any kind of video that ffmpeg can make, by an ffmpeg of the system, which is given pictures with their times.</summary>
internal sealed class FfmpegFile : FrameWriter
{
    private const string Program = "ffmpeg";

    /// <summary>Starts a program in a session of its own: a Ctrl-C is for us alone, and the file is completed.</summary>
    private const string OwnSession = "/usr/bin/setsid";

    /// <summary>How long it may take to complete a file.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly string _path;
    private readonly int? _rate;
    private readonly PartialFile _place;
    private readonly Process _process;
    private readonly MatroskaStream _pictures;
    private readonly StringBuilder _said = new();
    private bool _hasBegun;

    /// <exception cref="RecordingException">There is no ffmpeg.</exception>
    public FfmpegFile(string path, int? framesPerSecond)
    {
        _path = path;
        _rate = framesPerSecond;
        if (FindProgram() is not { } program)
        {
            throw new RecordingException($"a {Path.GetExtension(path)} file is made by {Program}, which this system lacks: install it (Debian: apt install ffmpeg), or record to .y4m or frames/%06d.png") { LacksProgram = true };
        }
        _place = Make(path);
        string[] arguments = [.. ArgumentsFor(_place.Path, framesPerSecond)];
        var info = File.Exists(OwnSession)
            ? new ProcessStartInfo(OwnSession, [program, .. arguments])
            : new ProcessStartInfo(program, arguments);
        info.RedirectStandardInput = true;
        info.RedirectStandardError = true;
        info.RedirectStandardOutput = true;
        try
        {
            _process = Process.Start(info)!;
        }
        catch (Win32Exception e)
        {
            _place.Dispose();
            throw new RecordingException($"{program} cannot be started: {e.Message}", e) { LacksProgram = true };
        }
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_said)
            {
                _said.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        _pictures = new MatroskaStream(_process.StandardInput.BaseStream);
    }

    /// <summary>Whether there is an ffmpeg in PATH.</summary>
    public static bool IsAvailable => FindProgram() is not null;

    public override string? Unfinished => _place.HasOlder ? _place.Path : null;

    protected override bool HasOneSize => true;

    public override void Finish()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException e)
        {
            throw Failure(e);
        }
        if (!_process.WaitForExit(Patience))
        {
            throw new RecordingException($"cannot write {_path}: {Program} did not complete the file within {Patience.TotalSeconds} s");
        }
        if (!_hasBegun)
        {
            return;
        }
        if (_process.ExitCode != 0)
        {
            throw Failure(null);
        }
        _place.Complete();
    }

    public override void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        _process.WaitForExit();
        _process.Dispose();
        _place.Dispose();
    }

    protected override void Put(FrameLayout layout, ReadOnlySpan<byte> pixels, TimeSpan time, int times)
    {
        try
        {
            if (!_hasBegun)
            {
                _hasBegun = true;
                _pictures.Begin(layout.Width, layout.Height);
            }
            _pictures.Write(layout, pixels, time);
            if (times > 1 && _rate is { } rate)
            {
                // It is there until then.
                _pictures.Write(layout, pixels, time + (TimeSpan.FromSeconds(times - 1) / rate));
            }
        }
        catch (IOException e)
        {
            throw Failure(e);
        }
    }

    private static string? FindProgram() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, Program)).FirstOrDefault(File.Exists);

    private static IEnumerable<string> ArgumentsFor(string path, int? framesPerSecond)
    {
        string[] codec = Path.GetExtension(path).ToLowerInvariant() switch
        {
            // Fast, and good enough to read text in; sides must be even.
            ".mkv" or ".mp4" or ".mov" => ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"],
            ".webm" => ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-crf", "30", "-b:v", "0", "-pix_fmt", "yuv420p"],
            _ => [],
        };
        return
        [
            // Without -xerror, one that could not write the end of the file for want of room says so and ends with 0 (5.1).
            "-nostats", "-loglevel", "error", "-xerror", "-y", "-f", "matroska", "-i", "pipe:0",
            "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", .. codec,
            // Times as they are with a picture for every flush, else filled up to an even rate.
            .. framesPerSecond is { } rate ? (string[])["-fps_mode", "cfr", "-r", rate.ToString(CultureInfo.InvariantCulture)] : ["-fps_mode", "passthrough", "-enc_time_base", "1:1000"],
            // Even a name that begins with a dash or has a colon in it is a file's.
            $"file:{path}",
        ];
    }

    private RecordingException Failure(Exception? cause)
    {
        if (_process.WaitForExit(Patience))
        {
            _process.WaitForExit();
        }
        string said;
        lock (_said)
        {
            said = _said.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "";
        }
        return new RecordingException($"cannot write {_path}: {(said.Length > 0 ? $"{Program} says: {said}" : $"{Program} ended")}", cause);
    }
}
