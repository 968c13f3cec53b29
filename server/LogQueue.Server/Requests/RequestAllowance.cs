namespace LogQueue.Server.Requests;

/// <summary>
/// How much memory the objects of a decoded request may take: <see cref="Factor"/> times its own bytes, and <see cref="BaseBytes"/> more.
/// A hostile frame would take up to fifty times its bytes.
/// </summary>
/// <remarks>
/// 4 times and 64 KiB would do for a parser that keeps names as slices of the frame. Ours makes a .NET string of each (32 bytes and 2 for
/// each character) and an object of each element, so good clients need more; <c>RequestAllowanceTests</c> measures it. Lists of 10,000
/// need, in times of their frame, over all versions: topics by names of 8 characters 11.2, of 20 characters 3.6 to 6.2; committed offsets
/// of one topic 5.3 to 6.9, of a topic each 6.4; fetched partitions of one topic 2.7 to 5.5, of a topic each 3.6 to 6.1. That is at most
/// 61 % of what is allowed here, and with 4 times and 64 KiB most of them would be refused. Stateless.
/// </remarks>
internal static class RequestAllowance
{
    internal const int Factor = 8;

    internal const int BaseBytes = 1 << 20;

    /// <summary>The allowance of a request of so many bytes.</summary>
    internal static long Of(int frameBytes) => (Factor * (long)frameBytes) + BaseBytes;
}
