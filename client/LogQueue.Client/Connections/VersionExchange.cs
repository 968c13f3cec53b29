using System.Buffers.Binary;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Wire.Memory;

namespace LogQueue.Client.Connections;

/// <summary>The first exchange on a connection: which versions the broker speaks.</summary>
internal static class VersionExchange
{
    private const short FirstTry = 4;

    /// <summary>Asks in a new version and again in an old one when the broker knows only that.</summary>
    public static async Task<ApiVersionTable> RunAsync(BrokerConnection connection, CancellationToken cancellationToken)
    {
        short version = Math.Min(FirstTry, ApiVersionsRequest.HighestVersion);
        ApiVersionsResponse response = await AskAsync(connection, version, cancellationToken).ConfigureAwait(false);
        if (response.ErrorCode == ErrorCode.UnsupportedVersion)
        {
            ApiVersionsResponse.ApiVersion? own = Array.Find(response.ApiKeys, static k => (short)k.ApiKey == (short)ApiKey.ApiVersions);
            version = Math.Min(own?.MaxVersion ?? 0, version);
            response = await AskAsync(connection, version, cancellationToken).ConfigureAwait(false);
        }

        if (response.ErrorCode != ErrorCode.None)
        {
            throw Errors.KafkaErrors.Of(response.ErrorCode, "the version exchange", connection.Address.ToString());
        }

        var ranges = new Dictionary<ApiKey, ApiVersionRange>(response.ApiKeys.Length);
        foreach (ApiVersionsResponse.ApiVersion key in response.ApiKeys)
        {
            ranges[(ApiKey)key.ApiKey] = new ApiVersionRange(key.MinVersion, key.MaxVersion);
        }

        return new ApiVersionTable(ranges, connection.Address.ToString());
    }

    private static async Task<ApiVersionsResponse> AskAsync(BrokerConnection connection, short version, CancellationToken cancellationToken)
    {
        var request = new ApiVersionsRequest { ClientSoftwareName = "logqueue-dotnet", ClientSoftwareVersion = "0.1.0" };
        PendingRequest pending = await connection.SendAsync(request, version, default, expectAnswer: true, cancellationToken)
            .ConfigureAwait(false);
        using PooledBuffer frame = await pending.Answer.WaitAsync(cancellationToken).ConfigureAwait(false);

        // A broker that does not know the version answers in version 0, and says so in the error code.
        bool isOldForm = frame.Length >= 6 && BinaryPrimitives.ReadInt16BigEndian(frame.Span[4..]) == (short)ErrorCode.UnsupportedVersion;
        return BrokerConnection.Decode<ApiVersionsResponse>(frame, isOldForm ? (short)0 : version);
    }
}
