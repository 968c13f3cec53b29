using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;

namespace LogQueue.Client.Groups;

/// <summary>Finds the broker that keeps a group, and remembers it until it says it does not. Thread-safe.</summary>
internal sealed class CoordinatorLocator(ClusterView cluster, ConnectionPool connections, string group)
{
    private volatile object? _address;

    public string Group => group;

    /// <summary>A connection to the coordinator.</summary>
    /// <exception cref="KafkaException">It is not known (yet) or cannot be reached; mostly retriable.</exception>
    public async Task<BrokerConnection> ConnectAsync(ConnectionUse use, CancellationToken cancellationToken)
    {
        if (_address is not BrokerAddress address)
        {
            address = await cluster.WithAnyBrokerAsync(FindAsync, cancellationToken).ConfigureAwait(false);
            _address = address;
        }

        try
        {
            return await connections.GetAsync(address, use, cancellationToken).ConfigureAwait(false);
        }
        catch (KafkaException)
        {
            Forget();
            throw;
        }
    }

    /// <summary>Looks again next time.</summary>
    public void Forget() => _address = null;

    /// <summary>Runs a call against the coordinator with retries; an answer is refused by throwing <see cref="KafkaException"/>.</summary>
    public Task<T> CallAsync<T>(
        Func<BrokerConnection, CancellationToken, Task<T>> call, TimeSpan patience, CancellationToken cancellationToken) =>
        Retry.RunAsync(
            cluster.Options,
            patience,
            async ct =>
            {
                try
                {
                    BrokerConnection connection = await ConnectAsync(ConnectionUse.General, ct).ConfigureAwait(false);
                    return await call(connection, ct).ConfigureAwait(false);
                }
                catch (KafkaException e) when (WantsSearch(e.ErrorCode))
                {
                    Forget();
                    throw;
                }
            },
            cancellationToken);

    /// <summary>Whether the coordinator is probably somebody else now.</summary>
    public static bool WantsSearch(ErrorCode code) => code is ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable
        or ErrorCode.NetworkException or ErrorCode.RequestTimedOut;

    private async Task<BrokerAddress> FindAsync(BrokerConnection connection, CancellationToken cancellationToken)
    {
        // Up to version 3 one key, from 4 on a list: both are filled, and the version takes its own.
        bool isList = connection.Versions.Pick<FindCoordinatorRequest>() >= 4;
        FindCoordinatorRequest request = isList
            ? new FindCoordinatorRequest { CoordinatorKeys = [group] }
            : new FindCoordinatorRequest { Key = group };
        using Answer<FindCoordinatorResponse> answer = await connection
            .RequestAsync<FindCoordinatorRequest, FindCoordinatorResponse>(request, cancellationToken: cancellationToken)
            .ConfigureAwait(false);
        FindCoordinatorResponse response = answer.Message;
        (ErrorCode error, string? text, string host, int port) = isList
            ? response.Coordinators is [{ } one, ..]
                ? (one.ErrorCode, one.ErrorMessage, one.Host, one.Port)
                : (ErrorCode.CoordinatorNotAvailable, null, "", 0)
            : (response.ErrorCode, response.ErrorMessage, response.Host, response.Port);
        return error == ErrorCode.None
            ? new BrokerAddress(host, port)
            : throw KafkaErrors.Of(error, $"The coordinator of group '{group}'", connection.Address.ToString(), text);
    }
}
