namespace LogQueue.Records;

/// <summary>What a record's timestamp means; the numbers are those of attribute bit 3.</summary>
public enum TimestampType : byte
{
    /// <summary>The producer's time.</summary>
    CreateTime = 0,

    /// <summary>The broker's time at the append: every record of the batch has the batch's max timestamp.</summary>
    LogAppendTime = 1,
}
