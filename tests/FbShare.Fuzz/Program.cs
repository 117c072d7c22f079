using System.CommandLine;
using System.Globalization;
using FbShare.Fuzz;

var seconds = new Option<double>("--seconds") { Description = "How long to work at each door.", DefaultValueFactory = _ => 10 };
var door = new Option<string[]>("--door") { Description = $"Only these: {string.Join(", ", Doors.Names)}. Default: all.", AllowMultipleArgumentsPerToken = true };
var seed = new Option<int?>("--seed") { Description = "The same inputs again, as far as threads allow. Default: another one each time, which is printed." };
door.AcceptOnlyFromAmong([.. Doors.Names]);
var root = new RootCommand("Sends hostile input to FbShare's doors, all in this process: a guest's commands and rings, front-end messages of both transports, display clients, picture files. Ends with 1 if one of them did harm.")
{
    seconds, door, seed,
};
root.SetAction(arguments =>
{
    int start = arguments.GetValue(seed) ?? Random.Shared.Next();
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {start}"));
    bool harmed = false;
    string[] chosen = arguments.GetValue(door) is { Length: > 0 } some ? some : [.. Doors.Names];
    foreach (string name in chosen)
    {
        var time = TimeSpan.FromSeconds(arguments.GetValue(seconds));
        Harm harm = Doors.Work(name, new Random(start), time, out string did);
        Console.WriteLine($"{name}: {did}");
        foreach (string line in harm.Lines)
        {
            Console.WriteLine($"  HARM {line}");
        }
        harmed |= harm.Lines.Count > 0;
    }
    return harmed ? 1 : 0;
});
return root.Parse(args).Invoke();
