namespace LogQueue.Engine.Metadata;

/// <summary>One record for the metadata log, framed. See <see cref="MetadataRecords"/>.</summary>
internal readonly record struct MetadataChange(byte[] Frame);
