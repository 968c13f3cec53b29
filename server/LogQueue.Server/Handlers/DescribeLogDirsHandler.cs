using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Tells how much space partitions take. Thread-safe.</summary>
internal sealed class DescribeLogDirsHandler : RequestHandler<DescribeLogDirsRequest, DescribeLogDirsResponse>
{
    private readonly Broker _broker;

    /// <summary>Answers for <paramref name="broker"/>.</summary>
    public DescribeLogDirsHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override ValueTask<DescribeLogDirsResponse?> HandleAsync(DescribeLogDirsRequest request, RequestContext context)
    {
        string directory = Path.GetFullPath(_broker.Engine.Options.DataDirectory);
        IEnumerable<DescribeLogDirsResponse.DescribeLogDirsTopic> topics = request.Topics is null
            ? _broker.ClientTopics.Select(static topic => Describe(topic, null))
            : request.Topics
                .Where(asked => _broker.TryGetClientTopic(asked.Topic, out _))
                .Select(asked => Describe(Find(asked.Topic), [.. asked.Partitions]));
        var result = new DescribeLogDirsResponse.DescribeLogDirsResult
        {
            LogDir = directory,
            ErrorCode = _broker.Engine.IsOffline ? ErrorCode.KafkaStorageError : ErrorCode.None,
            Topics = [.. topics],
        };
        FillSpace(result, directory);
        return new ValueTask<DescribeLogDirsResponse?>(new DescribeLogDirsResponse { Results = [result] });
    }

    private static void FillSpace(DescribeLogDirsResponse.DescribeLogDirsResult result, string directory)
    {
        try
        {
            var drive = new DriveInfo(directory);
            result.TotalBytes = drive.TotalSize;
            result.UsableBytes = drive.AvailableFreeSpace;
        }
        catch (IOException)
        {
            // A file system that does not tell: -1 says so.
            result.TotalBytes = -1;
            result.UsableBytes = -1;
        }
    }

    private static DescribeLogDirsResponse.DescribeLogDirsTopic Describe(Topic? topic, HashSet<int>? indexes) => new()
    {
        Name = topic?.Name ?? "",
        Partitions =
        [
            .. (topic?.Partitions ?? []).Where(partition => indexes?.Contains(partition.Id.Partition) ?? true).Select(Describe),
        ],
    };

    private static DescribeLogDirsResponse.DescribeLogDirsPartition Describe(Partition partition) => new()
    {
        PartitionIndex = partition.Id.Partition,
        PartitionSize = partition.SizeBytes,
    };

    private Topic? Find(string name) => _broker.TryGetClientTopic(name, out Topic? topic) ? topic : null;
}
