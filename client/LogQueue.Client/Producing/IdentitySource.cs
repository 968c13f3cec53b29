using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;

namespace LogQueue.Client.Producing;

/// <summary>Gets producer ids from the cluster. Thread-safe.</summary>
internal sealed class IdentitySource(ClusterView cluster, bool isIdempotent) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile Box? _current;

    /// <summary>The producer's identity, or none while it is not fetched or not wanted.</summary>
    public ProducerIdentity Current => _current?.Identity ?? ProducerIdentity.None;

    public bool IsReady => !isIdempotent || _current is not null;

    /// <summary>Fetches the identity once, trying until it works, the token says stop, or the broker refuses for good.</summary>
    public async ValueTask EnsureAsync(CancellationToken cancellationToken)
    {
        if (IsReady)
        {
            return;
        }

        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (int attempt = 1; _current is null; attempt++)
            {
                try
                {
                    _current = new Box(await FetchAsync(cancellationToken).ConfigureAwait(false));
                }
                catch (KafkaException e) when (e.IsRetriable)
                {
                    await Backoff.DelayAsync(cluster.Options, attempt, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>One fresh identity from the cluster, nobody else's.</summary>
    public Task<ProducerIdentity> FetchAsync(CancellationToken cancellationToken) => cluster.WithAnyBrokerAsync(
        static async (connection, ct) =>
        {
            var request = new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = int.MaxValue };
            using Answer<InitProducerIdResponse> answer = await connection
                .RequestAsync<InitProducerIdRequest, InitProducerIdResponse>(request, versionCap: 5, cancellationToken: ct)
                .ConfigureAwait(false);
            InitProducerIdResponse response = answer.Message;
            return response.ErrorCode == ErrorCode.None
                ? new ProducerIdentity(response.ProducerId, response.ProducerEpoch)
                : throw KafkaErrors.Of(response.ErrorCode, "Getting a producer id", connection.Address.ToString());
        },
        cancellationToken);

    public void Dispose() => _gate.Dispose();

    private sealed record Box(ProducerIdentity Identity);
}
