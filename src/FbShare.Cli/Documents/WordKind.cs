namespace FbShare.Cli.Documents;

/// <summary>What a shell can offer where a word is expected.</summary>
internal enum WordKind
{
    /// <summary>Nothing: a number, a text.</summary>
    Other,

    /// <summary>No word at all: an option that is given or not.</summary>
    None,

    /// <summary>One of a few words.</summary>
    Choice,

    File,

    Folder,

    /// <summary>A display that runs.</summary>
    Display,

    /// <summary>A program and its arguments, after --.</summary>
    CommandLine,
}
