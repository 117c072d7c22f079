using System.Globalization;
using System.Text;
using System.Xml;
using FbShare.Capture;

namespace FbShare.Cli.Scripts;

/// <summary>A script's results as JUnit's XML, which CI systems read: a test suite, and a test case for each step.</summary>
internal static class JUnitReport
{
    /// <exception cref="CaptureException">The file cannot be written.</exception>
    public static void Write(string file, string script, IReadOnlyList<StepResult> results)
    {
        var text = new MemoryStream();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) }))
        {
            xml.WriteStartElement("testsuites");
            xml.WriteStartElement("testsuite");
            xml.WriteAttributeString("name", Clean(script));
            xml.WriteAttributeString("tests", Number(results.Count));
            xml.WriteAttributeString("failures", Number(results.Count(r => r.Outcome == StepOutcome.Failed)));
            xml.WriteAttributeString("skipped", Number(results.Count(r => r.Outcome == StepOutcome.Skipped)));
            xml.WriteAttributeString("time", Seconds(results.Aggregate(TimeSpan.Zero, (sum, r) => sum + r.Time)));
            foreach (StepResult result in results)
            {
                xml.WriteStartElement("testcase");
                xml.WriteAttributeString("classname", Clean(script));
                xml.WriteAttributeString("name", Clean($"line {result.Step.Line}: {result.Step.Text}"));
                xml.WriteAttributeString("time", Seconds(result.Time));
                if (result.Outcome == StepOutcome.Skipped)
                {
                    xml.WriteElementString("skipped", "");
                }
                else if (result.Failure is { } failure)
                {
                    xml.WriteStartElement("failure");
                    xml.WriteAttributeString("message", Clean(failure.Split('\n')[0]));
                    xml.WriteString(Clean(failure));
                    xml.WriteEndElement();
                }
                // [[ATTACHMENT|...]] is how Jenkins and GitLab find files.
                string output = result.Output + string.Concat(result.Files.Select(f => $"[[ATTACHMENT|{Path.GetFullPath(f)}]]\n"));
                if (output.Length > 0)
                {
                    xml.WriteElementString("system-out", Clean(output));
                }
                xml.WriteEndElement();
            }
            xml.WriteEndElement();
            xml.WriteEndElement();
        }
        AtomicFile.Write(file, text.ToArray());
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>Without the characters that XML cannot have.</summary>
    private static string Clean(string text) => string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c) ? c : '\ufffd'));
}
