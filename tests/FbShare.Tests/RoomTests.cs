using System.Diagnostics.CodeAnalysis;
using FbShare.Display;
using NetArchTest.Rules;
using Xunit;

namespace FbShare.Tests;

/// <summary>The rooms of the library, and which may use which. This table is the one place where that is written.</summary>
public sealed class RoomTests
{
    /// <summary>From the bottom up: a room uses those above its line only, and of those just the ones named.</summary>
    private static readonly (string Name, string[] Uses)[] Rooms =
    [
        ("Logging", []),
        ("Linux", []),
        ("Confinement", ["Linux"]),
        ("Input", []),
        ("Pictures", ["Linux"]),
        ("Keeping", ["Linux"]),
        ("Memory", ["Linux", "Pictures", "Keeping"]),
        ("Virtio", ["Logging", "Linux", "Memory", "Keeping"]),
        ("Display", ["Logging", "Linux", "Pictures", "Memory"]),
        ("VirtioGpu", ["Logging", "Linux", "Pictures", "Memory", "Virtio", "Display", "Keeping"]),
        ("VhostUser", ["Logging", "Linux", "Pictures", "Memory", "Virtio", "Display", "VirtioGpu", "Keeping"]),
        ("Pci", ["Linux", "Keeping"]),
        ("Bochs", ["Linux", "Pictures", "Memory", "Display", "VirtioGpu", "Pci", "Keeping"]),
        ("VirtioPci", ["Linux", "Memory", "Virtio", "VirtioGpu", "Pci", "Bochs", "Keeping"]),
        ("VfioUser", ["Logging", "Linux", "Memory", "Virtio", "Pci", "Keeping"]),
        ("Qemu", ["Linux", "Input"]),
        ("Display.DBus", ["Linux"]),
        ("Display.Naming", ["Linux"]),
        ("Display.Server", ["Logging", "Linux", "Input", "Pictures", "Memory", "Display", "Display.DBus"]),
        ("Display.Client", ["Logging", "Linux", "Input", "Pictures", "Display", "Qemu", "Display.DBus", "Display.Naming"]),
        ("Capture", ["Linux", "Pictures", "Memory", "Display", "Display.Client"]),
    ];

    public static TheoryData<string> Names() => [.. Rooms.Select(r => r.Name)];

    [Fact]
    public void Every_type_lives_in_a_room_of_the_table() =>
        Assert.Equal([], TypesOfLibrary().Select(t => t.Room).Except(Rooms.Select(r => r.Name)).Order());

    [Fact]
    public void A_room_uses_only_rooms_that_stand_before_it_so_there_is_no_cycle()
    {
        for (int i = 0; i < Rooms.Length; i++)
        {
            Assert.Equal([], Rooms[i].Uses.Except(Rooms[..i].Select(r => r.Name)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_room_uses_no_other_rooms_than_the_table_says(string name)
    {
        string[] allowed = [name, .. Rooms.Single(r => r.Name == name).Uses];
        // By type and not by namespace: Display is a room, and so is Display.Server.
        string[] forbidden = [.. TypesOfLibrary().Where(t => !allowed.Contains(t.Room)).Select(t => t.Type.FullName!)];

        TestResult result = In(name).ShouldNot().HaveDependencyOnAny(forbidden).GetResult();

        Assert.True(result.IsSuccessful, string.Join("\n", (result.FailingTypes ?? []).Select(t => $"{t.FullName}: {t.Explanation}")));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_table_names_no_room_that_is_not_used(string name)
    {
        foreach (string used in Rooms.Single(r => r.Name == name).Uses)
        {
            string[] types = [.. TypesOfLibrary().Where(t => t.Room == used).Select(t => t.Type.FullName!)];
            TestResult result = In(name).ShouldNot().HaveDependencyOnAny(types).GetResult();
            Assert.False(result.IsSuccessful, $"{name} does not use {used}");
        }
    }

    /// <summary>The types of a room; nested ones live where the type around them does.</summary>
    private static PredicateList In(string room) => Types.InAssembly(typeof(DisplayHub).Assembly).That().MeetCustomRule(type =>
    {
        while (type.DeclaringType is { } around)
        {
            type = around;
        }
        return type.Namespace == $"FbShare.{room}";
    });

    /// <summary>Every type of the library's own namespaces; the compiler's own have none.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Tests are not trimmed.")]
    private static IEnumerable<(Type Type, string Room)> TypesOfLibrary() => typeof(DisplayHub).Assembly.GetTypes()
        .Where(t => !t.IsNested && t.Namespace?.StartsWith("FbShare.", StringComparison.Ordinal) == true)
        .Select(t => (t, t.Namespace!["FbShare.".Length..]));
}
