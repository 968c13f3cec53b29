namespace LogQueue.Engine.Inspection;

/// <summary>How far an inspection has come, for whoever shows it. Thread-safe.</summary>
public sealed class InspectionProgress
{
    private long _totalBytes;
    private long _readBytes;

    /// <summary>Nothing is known yet; an inspection says how much there is.</summary>
    public InspectionProgress()
    {
    }

    /// <summary>For a job of one's own, of a known size.</summary>
    /// <param name="totalBytes">Bytes to be read; 0 when it is not known.</param>
    public InspectionProgress(long totalBytes) => _totalBytes = totalBytes;

    /// <summary>Bytes of all log files to be read, as they were when the inspection began.</summary>
    public long TotalBytes => Interlocked.Read(ref _totalBytes);

    /// <summary>Bytes read so far.</summary>
    public long ReadBytes => Interlocked.Read(ref _readBytes);

    internal void Expect(long bytes) => Interlocked.Add(ref _totalBytes, bytes);

    /// <summary>So many more bytes were read.</summary>
    public void Advance(long bytes) => Interlocked.Add(ref _readBytes, bytes);
}
