using LogQueue.Engine.Messages;
using LogQueue.Engine.Metadata;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Tests.Engine.Metadata;

/// <summary>Transactions of Kafka's controller: their records count once they end, and not at all when they are aborted.</summary>
public sealed class CatalogueTests
{
    [Fact]
    public void Records_of_a_transaction_count_when_it_ends()
    {
        var catalogue = new Catalogue();
        catalogue.Apply(Frame(new BeginTransactionRecord(), BeginTransactionRecord.Number));
        catalogue.Apply(MetadataRecords.Topic("a", Guid.NewGuid()).Frame);
        Assert.Empty(catalogue.Topics);
        catalogue.Apply(Frame(new EndTransactionRecord(), EndTransactionRecord.Number));
        Assert.Equal("a", Assert.Single(catalogue.Topics).Name);
    }

    [Fact]
    public void Records_of_an_aborted_transaction_do_not_count()
    {
        var catalogue = new Catalogue();
        catalogue.Apply(MetadataRecords.Topic("before", Guid.NewGuid()).Frame);
        catalogue.Apply(Frame(new BeginTransactionRecord(), BeginTransactionRecord.Number));
        catalogue.Apply(MetadataRecords.Topic("undone", Guid.NewGuid()).Frame);
        catalogue.Apply(Frame(new AbortTransactionRecord(), AbortTransactionRecord.Number));
        catalogue.Apply(MetadataRecords.Topic("after", Guid.NewGuid()).Frame);
        Assert.Equal(["after", "before"], catalogue.Topics.Select(static t => t.Name).Order(StringComparer.Ordinal));
    }

    private static byte[] Frame<T>(T message, short number)
        where T : IWireMessage<T>
    {
        using var output = new PooledBufferWriter(64);
        var writer = new WireWriter(output);
        writer.WriteUnsignedVarint(1);
        writer.WriteUnsignedVarint((uint)number);
        writer.WriteUnsignedVarint(0);
        message.Write(ref writer, 0);
        return output.WrittenSpan.ToArray();
    }
}
