namespace LogQueue.Storage;

/// <summary>Who appends: decides which rules a batch must keep.</summary>
internal enum AppendOrigin
{
    /// <summary>A producer: all client rules hold, control batches are refused.</summary>
    Client,

    /// <summary>The engine itself: header and checksum are checked, control batches are allowed.</summary>
    Internal,
}
