namespace LogQueue.Protocol;

/// <summary>Which header a request or a response has: flexible versions have the flexible header (KIP-482). Thread-safe.</summary>
public static class HeaderVersions
{
    /// <summary>Version of the request header.</summary>
    public static short Request<T>(short version)
        where T : IRequestMessage<T> => T.IsFlexible(version) ? (short)2 : (short)1;

    /// <summary>
    /// Version of the response header. ApiVersions always answers with the oldest, since the client does not yet know what the broker
    /// speaks (KIP-511).
    /// </summary>
    public static short Response<T>(short version)
        where T : IResponseMessage<T> => T.IsFlexible(version) && T.ApiKey != ApiKey.ApiVersions ? (short)1 : (short)0;
}
