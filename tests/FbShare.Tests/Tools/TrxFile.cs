using System.Xml.Linq;

namespace FbShare.Tests.Tools;

/// <summary>A trx file as vstest writes it, with what a test gives it.</summary>
internal sealed class TrxFile
{
    private static readonly XNamespace Trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    private readonly XElement _results = new(Trx + "Results");
    private readonly XElement _notes = new(Trx + "RunInfos");

    /// <param name="message">Of its error or its skip; null for none.</param>
    public TrxFile Result(string test, string outcome, string? message = null)
    {
        XElement? output = message is null ? null : new XElement(Trx + "Output", new XElement(Trx + "ErrorInfo", new XElement(Trx + "Message", message)));
        _results.Add(new XElement(Trx + "UnitTestResult", new XAttribute("testName", test), new XAttribute("outcome", outcome), output));
        return this;
    }

    public TrxFile Note(string outcome, string text)
    {
        _notes.Add(new XElement(Trx + "RunInfo", new XAttribute("outcome", outcome), new XElement(Trx + "Text", text)));
        return this;
    }

    /// <summary>The file's text for a run with that outcome.</summary>
    public string End(string outcome) => new XDocument(
        new XElement(Trx + "TestRun", _results, new XElement(Trx + "ResultSummary", new XAttribute("outcome", outcome), _notes))).ToString();
}
