namespace FbShare.Display.Client;

/// <summary>Why the display did not take a key or pointer event.</summary>
/// <param name="Kind">By the name of the error that it answered with.</param>
/// <param name="Reason">In the display's own words.</param>
public sealed record InputRefusal(InputRefusalKind Kind, string Reason);

/// <summary>Kinds of refusals that are worth telling apart.</summary>
public enum InputRefusalKind
{
    /// <summary>The event does not fit what the guest has now: another kind of pointer, or a place outside its picture.</summary>
    Misfit,

    /// <summary>Anything else: no event is taken from here.</summary>
    Other,
}
