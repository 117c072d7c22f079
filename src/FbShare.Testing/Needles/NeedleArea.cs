using FbShare.Pictures;

namespace FbShare.Testing.Needles;

/// <summary>A part of a needle's picture that a screen must show.</summary>
/// <param name="Bounds">Where it is in the needle's picture, and where it is expected on the screen.</param>
/// <param name="Kind">What happens with it.</param>
public sealed record NeedleArea(Rect Bounds, NeedleAreaKind Kind)
{
    /// <summary>The similarity that is enough, from 0 to 1, as os-autoinst measures it; 1 asks for no visible difference that counts.</summary>
    public double Match { get; init; } = NeedleFile.DefaultMatch;

    /// <summary>How many pixels away from its place it may be, in every direction.</summary>
    public int Margin { get; init; } = NeedleFile.DefaultMargin;

    /// <summary>Where to click it, from its top left corner; null: nowhere in particular.</summary>
    public (int X, int Y)? ClickPoint { get; init; }
}

/// <summary>What an area of a needle is for.</summary>
public enum NeedleAreaKind
{
    /// <summary>The screen must show it.</summary>
    Match,

    /// <summary>What is there does not count.</summary>
    Exclude,

    /// <summary>Its text is of interest, to os-autoinst: it takes no part in matching.</summary>
    Ocr,
}
