namespace FbShare.Cli.Viewer;

/// <summary>Where users look for their pictures.</summary>
internal static class PicturesFolder
{
    /// <summary>The folder that <c>xdg-user-dir PICTURES</c> names (XDG_PICTURES_DIR of user-dirs.dirs), made if it is not there; the working
    /// directory for a user without a home.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be made.</exception>
    public static string Find()
    {
        string folder = Environment.GetFolderPath(Environment.SpecialFolder.MyPictures, Environment.SpecialFolderOption.DoNotVerify);
        if (folder.Length == 0)
        {
            return Environment.CurrentDirectory;
        }
        Directory.CreateDirectory(folder);
        return folder;
    }
}
