using FbShare.Display.Client;
using FbShare.Testing.Recording;

namespace FbShare.Testing.Screens;

/// <content>Recordings.</content>
public sealed partial class Screen
{
    /// <summary>Starts to record to a file, until the recorder is stopped or disposed.</summary>
    /// <param name="file">.y4m, a pattern such as frames/%06d.png, or any kind that ffmpeg makes (.mkv, .webm, .mp4).</param>
    /// <param name="options">How; null: the defaults of <see cref="RecordingOptions"/>.</param>
    /// <exception cref="RecordingException">The file cannot be made, or there is no ffmpeg for it.</exception>
    /// <exception cref="DisplayException">The display is gone.</exception>
    public Task<ScreenRecorder> RecordAsync(string file, RecordingOptions? options = null) => ScreenRecorder.StartAsync(this, file, options ?? new RecordingOptions());
}
