using FbShare.Linux;

namespace FbShare.Tests;

/// <summary>A loop's thread, asked from another.</summary>
internal static class LoopThread
{
    /// <summary>How long a loop may be busy with other things.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Runs something on the loop, and returns its result or throws its exception.</summary>
    /// <remarks>Needs no thread of the pool to go on: tests beside this one may have taken them all.</remarks>
    /// <exception cref="TimeoutException">The loop did not come to it.</exception>
    public static T Call<T>(this EventLoop loop, Func<T> function, TimeSpan? patience = null)
    {
        var done = new TaskCompletionSource<T>();
        loop.Post(() =>
        {
            try
            {
                done.SetResult(function());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        if (Task.WaitAny([done.Task], patience ?? Patience) < 0)
        {
            throw new TimeoutException($"the loop did nothing else for {(patience ?? Patience).TotalSeconds:0} s");
        }
        return done.Task.GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Call{T}"/>
    public static void Call(this EventLoop loop, Action action) => loop.Call(() =>
    {
        action();
        return default(ValueTuple);
    });
}
