using System.Text.RegularExpressions;

namespace LogQueue.Interop.Tests;

/// <summary>
/// Kafka's <c>dump-log</c> over a whole data directory, as a judge: every file is read by Kafka's own code, and whatever it says against
/// one is a complaint. It reads several files in one run; one that throws ends the run and names the file.
/// </summary>
internal static partial class DumpLog
{
    private const string Gaps = "Non-consecutive offsets in ";

    [GeneratedRegex(@"\bcount: (?<count>\d+)\b.*\bisvalid: (?<valid>\w+)")]
    private static partial Regex BatchLine();

    [GeneratedRegex(@"^\s+(?<before>-?\d+) is followed by \d+")]
    private static partial Regex GapLine();

    [GeneratedRegex(@"mismatch|out of order|corrupt|exception|invalid|could not|cannot|error|failed", RegexOptions.IgnoreCase)]
    private static partial Regex ComplaintLine();

    /// <summary>Everything that Kafka has to say against the files of these partition directories, and the records it counted.</summary>
    public static async Task<(List<string> Complaints, long Records)> JudgeAsync(IReadOnlyList<string> partitionDirectories)
    {
        var complaints = new List<string>();
        string[] logs = Files(partitionDirectories, "*.log");
        IReadOnlyList<string> batches = await RunAsync(complaints, logs, "--deep-iteration");
        await RunAsync(complaints, Files(partitionDirectories, "*.index", "*.timeindex"), "--verify-index-only");
        await RunAsync(complaints, Files(partitionDirectories, "*.index", "*.timeindex"), "--index-sanity-check");
        await RunAsync(complaints, Files(partitionDirectories, "*.txnindex", "*.snapshot"));
        foreach ((string topic, string decoder) in ((string, string)[])
            [("__consumer_offsets-", "--offsets-decoder"), ("__transaction_state-", "--transaction-log-decoder"), ("__cluster_metadata-", "--cluster-metadata-decoder")])
        {
            await RunAsync(complaints, [.. logs.Where(f => f.Contains("/" + topic, StringComparison.Ordinal))], decoder);
        }

        return (complaints, batches.Select(static line => BatchLine().Match(line)).Where(static m => m.Success)
            .Sum(static m => long.Parse(m.Groups["count"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture)));
    }

    /// <summary>Lines of an output that speak against a file.</summary>
    public static IEnumerable<string> Complaints(IEnumerable<string> lines)
    {
        string gapsIn = "";
        foreach (string line in lines)
        {
            if (line.StartsWith(Gaps, StringComparison.Ordinal))
            {
                gapsIn = line;
            }
            else if (GapLine().Match(line) is { Success: true } gap)
            {
                // The tool takes -1 for what comes before the first record of any segment: no complaint of its own, Kafka's files get it too.
                if (gap.Groups["before"].Value != "-1")
                {
                    yield return $"{gapsIn}: {line.Trim()}";
                }
            }
            else if (BatchLine().Match(line) is { Success: true } batch ? batch.Groups["valid"].Value != "true"
                : !line.StartsWith('|') && !line.StartsWith("key:", StringComparison.Ordinal) && ComplaintLine().IsMatch(line))
            {
                yield return line;
            }
        }
    }

    private static async Task<IReadOnlyList<string>> RunAsync(List<string> complaints, string[] files, params string[] options)
    {
        if (files.Length == 0)
        {
            return [];
        }

        await using ForeignProgram program = ForeignProgram.Start([Peers.KafkaTool(), "dump-log", .. options, "--files", string.Join(',', files)]);
        int exitCode = await program.LeaveAsync(terminate: false, timeoutMs: 90_000);
        complaints.AddRange(Complaints(program.Lines).Concat(Complaints(program.Errors.Split('\n'))));
        if (exitCode != 0)
        {
            complaints.Add($"dump-log {string.Join(' ', options)} exited {exitCode}: {(program.Lines is [.., var last] ? last : "")}");
        }

        return program.Lines;
    }

    private static string[] Files(IReadOnlyList<string> directories, params string[] patterns) =>
        [.. directories.SelectMany(d => patterns.SelectMany(p => Directory.GetFiles(d, p))).Where(static f => new FileInfo(f).Length > 0).Order(StringComparer.Ordinal)];
}
