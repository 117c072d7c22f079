namespace FbShare.Confinement;

/// <summary>What becomes of a system call.</summary>
/// <param name="Errno">What it fails with; 0 if it is allowed.</param>
/// <param name="Condition">Allowed only under this condition; null for always or never, as <paramref name="Errno"/> says.</param>
internal readonly record struct SystemCallRule(int Errno, ArgumentCondition? Condition = null)
{
    public static SystemCallRule Allow => new(0);

    /// <summary>Allowed under a condition, refused otherwise.</summary>
    public static SystemCallRule AllowIf(ArgumentCondition condition, Linux.Errno otherwise) => new((int)otherwise, condition);
}

/// <summary>A condition on the lower half of an argument: after masking it is one of some values. The kernel itself looks at no more than that
/// half of the arguments that are named here.</summary>
internal sealed record ArgumentCondition(int Argument, uint Mask, params uint[] Values)
{
    /// <summary>The argument is one of the values.</summary>
    public static ArgumentCondition OneOf(int argument, params uint[] values) => new(argument, uint.MaxValue, values);
}
