namespace FbShare.Tools.TestReport;

/// <summary>A test that did not pass and what it says of that, in one or more lines.</summary>
internal sealed record TestNote(string Test, string Text);
