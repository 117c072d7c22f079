using System.Text.Json;

namespace FbShare.Qemu;

/// <summary>Stops migrations of a machine that QEMU itself does not know to be unmigratable: its GPU is another process's vfio-user device, whose
/// state QEMU neither saves nor misses, so the machine would arrive without its screen.</summary>
/// <remarks>QEMU asks nobody before it migrates. So it is told to report migrations and to stop before the end of each, and they are cancelled when
/// they begin. Snapshots (savevm) are reported as well, and cannot be stopped.</remarks>
public sealed class MigrationGuard
{
    private readonly QmpSession _session;
    private readonly Action<string> _told;
    private bool _isCancelling;

    /// <param name="session">QEMU's monitor.</param>
    /// <param name="told">Called once for each migration, and if QEMU does not take part, with a sentence for the user.</param>
    public MigrationGuard(QmpSession session, Action<string> told)
    {
        _session = session;
        _told = told;
        session.Send("migrate-set-capabilities", WriteCapabilities, reply =>
        {
            if (reply.Error is { } why)
            {
                told($"migrations of this machine cannot be stopped ({why}): do not migrate it, its screen would be lost");
            }
        });
    }

    /// <summary>Takes an event of the session's.</summary>
    public void Take(string name, JsonElement data)
    {
        if (name != "MIGRATION" || data.ValueKind != JsonValueKind.Object || !data.TryGetProperty("status", out JsonElement status))
        {
            return;
        }
        switch (status.ValueKind == JsonValueKind.String ? status.GetString() : null)
        {
            case "setup" or "active" or "device" or "pre-switchover" when !_isCancelling:
                _isCancelling = true;
                _told("QEMU was told to save this machine's state, in which its screen would be lost, because that is in fbshare: a migration is cancelled (shut the guest down and start it at its destination); with a snapshot, reset the guest after loading it");
                _session.Send("migrate_cancel");
                break;
            case "cancelled" or "failed" or "completed":
                _isCancelling = false;
                break;
        }
    }

    private static void WriteCapabilities(Utf8JsonWriter json)
    {
        json.WriteStartArray("capabilities");
        foreach (string capability in (ReadOnlySpan<string>)["events", "pause-before-switchover"])
        {
            json.WriteStartObject();
            json.WriteString("capability", capability);
            json.WriteBoolean("state", true);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
