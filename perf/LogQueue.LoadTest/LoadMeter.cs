using System.Diagnostics;

namespace LogQueue.LoadTest;

/// <summary>Wall time, processor time and allocation from its start on. Not thread-safe.</summary>
internal sealed class LoadMeter
{
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly TimeSpan _cpu = CpuTime();
    private readonly long _allocated = GC.GetTotalAllocatedBytes();

    public long StartTimestamp => _start;

    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_start);

    public TimeSpan Cpu => CpuTime() - _cpu;

    public long AllocatedBytes => GC.GetTotalAllocatedBytes() - _allocated;

    private static TimeSpan CpuTime()
    {
        using Process process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }
}
