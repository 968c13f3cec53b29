using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LogQueue.Engine.Messages;
using LogQueue.Engine.Metadata;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Wire;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// Shows the records of internal topics and control records as JSON. What it does not know it shows as base64; it never throws for what
/// a record holds. Secrets of credentials are left out. Stateless.
/// </summary>
public static class InternalRecords
{
    private static readonly string[] ControlTypes =
        ["abort", "commit", "leaderChange", "snapshotHeader", "snapshotFooter", "kraftVersion", "kraftVoters"];

    /// <summary>A record as a JSON object with its kind, key and value; null when the topic is not an internal one.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record.</param>
    /// <param name="isControl">True for a record of a control batch, which every topic may have.</param>
    public static string? Decode(string topic, Record record, bool isControl)
    {
        if (!isControl && topic is not (TopicName.ConsumerOffsets or TopicName.TransactionState or TopicName.ClusterMetadata))
        {
            return null;
        }

        try
        {
            return Json(json => Write(json, topic, record, isControl));
        }
        catch (WireFormatException e)
        {
            return Json(json =>
            {
                json.WriteString("undecodable", e.Message);
                WriteRaw(json, record);
            });
        }
    }

    private static void Write(Utf8JsonWriter json, string topic, Record record, bool isControl)
    {
        if (isControl)
        {
            WriteControl(json, record);
        }
        else if (topic == TopicName.ClusterMetadata)
        {
            WriteMetadata(json, record);
        }
        else
        {
            WriteCoordinator(json, topic, record);
        }
    }

    private static void WriteControl(Utf8JsonWriter json, Record record)
    {
        short type = record.Key is { Length: >= 4 } key ? BinaryPrimitives.ReadInt16BigEndian(key.Span[2..]) : (short)-1;
        json.WriteString("type", type >= 0 && type < ControlTypes.Length ? ControlTypes[type] : $"control {type}");
        if (type is 0 or 1 && record.Value is { Length: >= 6 } value)
        {
            json.WriteNumber("coordinatorEpoch", BinaryPrimitives.ReadInt32BigEndian(value.Span[2..]));
        }
        else
        {
            WriteRaw(json, record);
        }
    }

    private static void WriteCoordinator(Utf8JsonWriter json, string topic, Record record)
    {
        short kind = record.Key is { Length: >= 2 } key ? BinaryPrimitives.ReadInt16BigEndian(key.Span) : (short)-1;
        bool isTransaction = topic == TopicName.TransactionState;
        switch (kind)
        {
            case 0 when isTransaction:
                Pair<TransactionLogKey, TransactionLogValue>(json, "transaction", record, static (k, w) => k.WriteJson(w),
                    static (v, w) => v.WriteJson(w));
                break;
            case 0 or 1 when !isTransaction:
                Pair<OffsetCommitKey, OffsetCommitValue>(json, "offsetCommit", record, static (k, w) => k.WriteJson(w),
                    static (v, w) => v.WriteJson(w));
                break;
            case 2 when !isTransaction:
                Pair<GroupMetadataKey, GroupMetadataValue>(json, "group", record, static (k, w) => k.WriteJson(w),
                    static (v, w) => v.WriteJson(w));
                break;
            default:
                json.WriteString("type", string.Create(CultureInfo.InvariantCulture, $"record {kind}"));
                WriteRaw(json, record);
                break;
        }
    }

    private static void Pair<TKey, TValue>(Utf8JsonWriter json, string type, Record record, Action<TKey, Utf8JsonWriter> writeKey,
        Action<TValue, Utf8JsonWriter> writeValue)
        where TKey : class, IWireMessage<TKey>
        where TValue : class, IWireMessage<TValue>
    {
        // The key's leading number is its kind; its body has one version. The value's is its version.
        var keyReader = new WireReader(record.Key!.Value[2..]);
        TKey key = TKey.Read(ref keyReader, TKey.LowestVersion);
        TValue? value = null;
        short version = -1;
        if (record.Value is { } bytes)
        {
            var reader = new WireReader(bytes);
            version = reader.ReadInt16();
            value = TValue.Read(ref reader, version);
        }

        json.WriteString("type", type);
        json.WritePropertyName("key");
        writeKey(key, json);
        json.WritePropertyName("value");
        if (value is null)
        {
            json.WriteNullValue();
            return;
        }

        writeValue(value, json);
        json.WriteNumber("version", version);
    }

    private static void WriteMetadata(Utf8JsonWriter json, Record record)
    {
        var reader = new WireReader(record.Value ?? throw new WireFormatException("A metadata record without a value."));
        (short key, short version) = MetadataRecords.ReadHead(ref reader);
        Action<Utf8JsonWriter>? write = key switch
        {
            TopicRecord.Number => TopicRecord.Read(ref reader, version).WriteJson,
            PartitionRecord.Number => PartitionRecord.Read(ref reader, version).WriteJson,
            PartitionChangeRecord.Number => PartitionChangeRecord.Read(ref reader, version).WriteJson,
            ConfigRecord.Number => ConfigRecord.Read(ref reader, version).WriteJson,
            RemoveTopicRecord.Number => RemoveTopicRecord.Read(ref reader, version).WriteJson,
            ProducerIdsRecord.Number => ProducerIdsRecord.Read(ref reader, version).WriteJson,
            FeatureLevelRecord.Number => FeatureLevelRecord.Read(ref reader, version).WriteJson,
            RegisterBrokerRecord.Number => RegisterBrokerRecord.Read(ref reader, version).WriteJson,
            UnregisterBrokerRecord.Number => UnregisterBrokerRecord.Read(ref reader, version).WriteJson,
            BrokerRegistrationChangeRecord.Number => BrokerRegistrationChangeRecord.Read(ref reader, version).WriteJson,
            ClientQuotaRecord.Number => ClientQuotaRecord.Read(ref reader, version).WriteJson,
            AccessControlEntryRecord.Number => AccessControlEntryRecord.Read(ref reader, version).WriteJson,
            RemoveAccessControlEntryRecord.Number => RemoveAccessControlEntryRecord.Read(ref reader, version).WriteJson,
            UserScramCredentialRecord.Number => WithoutSecrets(UserScramCredentialRecord.Read(ref reader, version)).WriteJson,
            RemoveUserScramCredentialRecord.Number => RemoveUserScramCredentialRecord.Read(ref reader, version).WriteJson,
            NoOpRecord.Number => NoOpRecord.Read(ref reader, version).WriteJson,
            BeginTransactionRecord.Number => BeginTransactionRecord.Read(ref reader, version).WriteJson,
            EndTransactionRecord.Number => EndTransactionRecord.Read(ref reader, version).WriteJson,
            AbortTransactionRecord.Number => AbortTransactionRecord.Read(ref reader, version).WriteJson,
            _ => null,
        };
        if (write is null)
        {
            json.WriteString("type", string.Create(CultureInfo.InvariantCulture, $"record {key}"));
            WriteRaw(json, record);
            return;
        }

        json.WriteString("type", write.Target!.GetType().Name);
        json.WritePropertyName("value");
        write(json);
        json.WriteNumber("version", version);
    }

    private static UserScramCredentialRecord WithoutSecrets(UserScramCredentialRecord record)
    {
        (record.Salt, record.StoredKey, record.ServerKey) = (default, default, default);
        return record;
    }

    private static void WriteRaw(Utf8JsonWriter json, Record record)
    {
        if (record.Key is { } key)
        {
            json.WriteBase64String("keyBase64", key.Span);
        }

        if (record.Value is { } value)
        {
            json.WriteBase64String("valueBase64", value.Span);
        }
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }
}
