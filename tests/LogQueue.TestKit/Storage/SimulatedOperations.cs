using LogQueue.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.TestKit.Storage;

/// <summary>
/// Numbers the operations of a simulated disk, and decides which of them fail, go wrong silently, or meet the power cut. Guarded by its
/// device's lock.
/// </summary>
internal sealed class SimulatedOperations
{
    private const ulong FnvPrime = 1099511628211;

    /// <summary>Asked before each operation; a fault makes it fail.</summary>
    public Func<SimulatedOperation, SimulatedFault?>? Fault { get; set; }

    /// <summary>Asked at each read, write and sync; a quirk makes it slow, or wrong in silence.</summary>
    public Func<SimulatedOperation, SimulatedQuirk?>? Quirk { get; set; }

    /// <summary>The disk answers syncs of files without doing them: no log can survive that, so a harness must find it out.</summary>
    public bool LiesAboutSyncs { get; set; }

    /// <summary>The clock that slow operations move on.</summary>
    public FakeTimeProvider? Clock { get; set; }

    /// <summary>Called before each numbered operation.</summary>
    public Action? Boundary { get; set; }

    /// <summary>The power is cut when the operation with this number starts; it may have happened in part. 0: never.</summary>
    public long CutPowerAt { get; set; }

    /// <summary>Operations so far that change or sync something.</summary>
    public long Count { get; private set; }

    /// <summary>A hash of all operations so far: equal for equal seeds, in every process.</summary>
    public ulong TraceHash { get; private set; } = 14695981039346656037;

    /// <summary>True once the power was cut.</summary>
    public bool IsPowerCut { get; private set; }

    /// <summary>An operation begins; those that count get a number. Throws when it fails or the power is cut.</summary>
    public void Enter(string kind, string path, long position, long length, bool counts)
    {
        long number = counts ? Number(kind, path, position, length) : Count;
        if (IsPowerCut)
        {
            throw new SimulatedPowerCutException();
        }

        if (counts)
        {
            CutIfDue(number);
        }

        if (FaultOf(number, kind, path, position, length) is { } fault)
        {
            throw new StorageException(fault.Error, kind, path, "simulated");
        }
    }

    /// <summary>Gives the operation that begins its number.</summary>
    public long Number(string kind, string path, long position, long length)
    {
        Boundary?.Invoke();
        Count++;
        Hash(kind);
        Hash(path);
        TraceHash = unchecked((TraceHash ^ (ulong)position) * FnvPrime);
        TraceHash = unchecked((TraceHash ^ (ulong)length) * FnvPrime);
        return Count;
    }

    /// <summary>True when the power is cut at this operation, or was before.</summary>
    public bool IsCutDue(long number) => IsPowerCut || (CutPowerAt != 0 && number >= CutPowerAt);

    /// <summary>Cuts the power when it is due.</summary>
    public void CutIfDue(long number)
    {
        if (IsCutDue(number))
        {
            IsPowerCut = true;
            throw new SimulatedPowerCutException();
        }
    }

    /// <summary>How an operation fails; null when it does not.</summary>
    public SimulatedFault? FaultOf(long number, string kind, string path, long position, long length) =>
        Fault?.Invoke(new SimulatedOperation(number, kind, path, position, length));

    /// <summary>What goes wrong silently; a delay has passed when it returns.</summary>
    public SimulatedQuirk QuirkOf(long number, string kind, string path, long position, long length)
    {
        SimulatedQuirk quirk = Quirk?.Invoke(new SimulatedOperation(number, kind, path, position, length)) ?? default;
        if (quirk.Delay > TimeSpan.Zero)
        {
            Clock?.Advance(quirk.Delay);
        }

        return quirk;
    }

    private void Hash(string text)
    {
        foreach (char c in text)
        {
            TraceHash = unchecked((TraceHash ^ c) * FnvPrime);
        }
    }
}
