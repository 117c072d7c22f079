using System.CommandLine;
using System.Globalization;
using FbShare.Fuzz;

var seconds = new Option<double>("--seconds") { Description = "How long to work at each door.", DefaultValueFactory = _ => 10 };
var inputs = new Option<long>("--inputs") { Description = "Work at each door until so many inputs were answered, if that takes longer.", DefaultValueFactory = _ => 0 };
var doors = new Option<string[]>("--door") { Description = $"Only these: {string.Join(", ", Doors.Names)}. Default: all.", AllowMultipleArgumentsPerToken = true };
var seed = new Option<int?>("--seed") { Description = "The same inputs again, as far as threads allow. Default: another one each time, which is printed." };
var turn = new Option<double>("--turn") { Description = "How many milliseconds of processor time one turn of the event loop may take.", DefaultValueFactory = _ => DeviceUnderFuzz.MostTurn };
doors.AcceptOnlyFromAmong([.. Doors.Names]);
var root = new RootCommand("Sends hostile input to FbShare's doors, all in this process, and ends with 1 if one of them did harm.")
{
    seconds, inputs, doors, seed, turn,
};
root.SetAction(arguments =>
{
    int start = arguments.GetValue(seed) ?? Random.Shared.Next();
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {start}"));
    DeviceUnderFuzz.MostTurn = arguments.GetValue(turn);
    bool harmed = false;
    string[] chosen = arguments.GetValue(doors) is { Length: > 0 } some ? some : [.. Doors.Names];
    var goal = new Goal(TimeSpan.FromSeconds(arguments.GetValue(seconds)), arguments.GetValue(inputs));
    foreach (string name in chosen)
    {
        (string did, Harm harm) = Doors.Work(name, new Random(start), goal, Console.Error.WriteLine);
        Console.WriteLine($"{name}: {did}");
        foreach (string line in harm.Lines)
        {
            Console.WriteLine($"  HARM {line}");
        }
        harmed |= harm.Lines.Count > 0;
    }
    return harmed ? 1 : 0;
});

// What tools/fuzz --coverage runs.
var door = new Argument<string>("door");
var folder = new Argument<DirectoryInfo>("folder");
var found = new Argument<DirectoryInfo[]>("found");
door.AcceptOnlyFromAmong([.. Doors.Names]);
var target = new Command("target", "Serves AFL++ as its target.") { door };
target.SetAction(arguments => CoverageTarget.Run(arguments.GetRequiredValue(door)));
var examples = new Command("examples", "Writes the inputs of a door that AFL++ begins with into a folder.") { door, folder };
examples.SetAction(arguments => Corpus.WriteExamples(arguments.GetRequiredValue(door), arguments.GetRequiredValue(folder).FullName));
var corpus = new Command("corpus", "Writes a door's corpus anew: as few of its inputs, and of what was found, as reach what all of them reach. For instrumented code.") { door, folder, found };
corpus.SetAction(arguments => CoverageTarget.Minimise(
    arguments.GetRequiredValue(door), arguments.GetRequiredValue(folder).FullName, arguments.GetRequiredValue(found).SelectMany(f => f.EnumerateFiles()).Select(f => File.ReadAllBytes(f.FullName))));
root.Add(target);
root.Add(examples);
root.Add(corpus);
return root.Parse(args).Invoke();
