using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;
using LogQueue.Storage;
using LogQueue.Wire;

namespace LogQueue.Server.Fetching;

/// <summary>
/// One fetch request with its partitions looked up: reads them in request order within the byte limits, as often as needed.
/// Not thread-safe.
/// </summary>
internal sealed class FetchPlan
{
    private const short FirstWithTopicIds = 13;

    private readonly FetchRequest _request;
    private readonly Target[][] _targets;
    private readonly ReadIsolation _isolation;
    private readonly int _maxBytes;

    /// <summary>Looks the partitions of a request up.</summary>
    public FetchPlan(FetchRequest request, short version, Broker broker)
    {
        _request = request;
        _isolation = request.IsolationLevel == 1 ? ReadIsolation.Committed : ReadIsolation.Uncommitted;
        _maxBytes = Math.Min(request.MaxBytes, broker.Options.FetchMaxBytes);
        _targets = new Target[request.Topics.Length][];
        for (int t = 0; t < _targets.Length; t++)
        {
            _targets[t] = Find(request.Topics[t], version, broker);
        }
    }

    /// <summary>Gives the records of a response back that will not be sent.</summary>
    public static void Release(FetchResponse response)
    {
        foreach (FetchResponse.FetchableTopicResponse topic in response.Responses)
        {
            foreach (FetchResponse.PartitionData partition in topic.Partitions)
            {
                partition.Records.Slice.Dispose();
            }
        }
    }

    /// <summary>Reads every partition.</summary>
    /// <param name="isEnough">True when the answer need not wait: enough bytes, or something to tell.</param>
    public FetchResponse Read(out bool isEnough)
    {
        var response = new FetchResponse { Responses = new FetchResponse.FetchableTopicResponse[_targets.Length] };
        long bytes = 0;
        bool hasError = false;
        for (int t = 0; t < _targets.Length; t++)
        {
            FetchRequest.FetchTopic asked = _request.Topics[t];
            var partitions = new FetchResponse.PartitionData[asked.Partitions.Length];
            for (int p = 0; p < partitions.Length; p++)
            {
                partitions[p] = ReadOne(_targets[t][p], asked.Partitions[p], bytes);
                bytes += partitions[p].Records.LengthBytes;
                hasError |= partitions[p].ErrorCode != ErrorCode.None;
            }

            response.Responses[t] = new FetchResponse.FetchableTopicResponse
            {
                Topic = asked.Topic,
                TopicId = asked.TopicId,
                Partitions = partitions,
            };
        }

        isEnough = hasError || bytes >= _request.MinBytes || bytes >= _maxBytes;
        return response;
    }

    /// <summary>Watches every partition for new records.</summary>
    public void Watch(DataWaiter waiter)
    {
        foreach (Target[] topic in _targets)
        {
            foreach (Target target in topic)
            {
                if (target.Partition is { } partition)
                {
                    waiter.Watch(partition);
                }
            }
        }
    }

    /// <summary>Asks for a sync of partitions that hold records which are written and not readable yet.</summary>
    public void RequestCommit()
    {
        foreach (Target[] topic in _targets)
        {
            foreach (Target target in topic)
            {
                if (target.Partition is { } partition && partition.HighWatermark < partition.LogEndOffset)
                {
                    partition.RequestCommit();
                }
            }
        }
    }

    private static Target[] Find(FetchRequest.FetchTopic asked, short version, Broker broker)
    {
        bool byId = version >= FirstWithTopicIds;
        bool found = byId ? broker.TryGetClientTopic(asked.TopicId, out Topic? topic) : broker.TryGetClientTopic(asked.Topic, out topic);
        var targets = new Target[asked.Partitions.Length];
        for (int p = 0; p < targets.Length; p++)
        {
            Partition? partition = null;
            ErrorCode error = found ? Broker.TryGetPartition(topic!, asked.Partitions[p].Partition, out partition)
                : byId ? ErrorCode.UnknownTopicId
                : ErrorCode.UnknownTopicOrPartition;
            if (partition is not null)
            {
                error = ErrorMapping.CheckLeaderEpoch(asked.Partitions[p].CurrentLeaderEpoch, partition.LeaderEpoch);
            }

            targets[p] = new Target(partition, error);
        }

        return targets;
    }

    private FetchResponse.PartitionData ReadOne(Target target, FetchRequest.FetchPartition asked, long bytesBefore)
    {
        var data = new FetchResponse.PartitionData { PartitionIndex = asked.Partition, Records = RecordSet.Empty };
        if (target.Error != ErrorCode.None)
        {
            return Failed(data, target.Error);
        }

        // The first records of a response may exceed the limits, or a batch larger than them would never be read.
        long room = Math.Max(0, _maxBytes - bytesBefore);
        int maxBytes = (int)Math.Min(room, Math.Max(0, asked.PartitionMaxBytes));
        ReadResult result;
        try
        {
            result = target.Partition!.Read(asked.FetchOffset, maxBytes, _isolation, atLeastOneBatch: bytesBefore == 0);
        }
        catch (IOException)
        {
            return Failed(data, ErrorCode.KafkaStorageError); // of this partition alone: the others may lie on good sectors
        }

        if (ErrorMapping.Of(result.Status) is var error and not ErrorCode.None)
        {
            result.Records.Dispose();
            return Failed(data, error);
        }

        data.HighWatermark = result.HighWatermark;
        data.LastStableOffset = result.LastStableOffset;
        data.LogStartOffset = result.LogStartOffset;
        data.Records = new RecordSet(result.Records);
        data.AbortedTransactions = _isolation == ReadIsolation.Committed ? Aborted(result.AbortedTransactions) : null;
        return data;
    }

    private static FetchResponse.AbortedTransaction[] Aborted(AbortedTransaction[] transactions) => transactions.Length == 0 ? [] :
    [
        .. transactions.Select(static a => new FetchResponse.AbortedTransaction { ProducerId = a.ProducerId, FirstOffset = a.FirstOffset }),
    ];

    private static FetchResponse.PartitionData Failed(FetchResponse.PartitionData data, ErrorCode error)
    {
        data.ErrorCode = error;
        data.HighWatermark = -1;
        data.LastStableOffset = -1;
        data.LogStartOffset = -1;
        data.AbortedTransactions = null;
        return data;
    }

    private readonly record struct Target(Partition? Partition, ErrorCode Error);
}
