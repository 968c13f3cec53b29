using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Tells clients which APIs and versions are served: the handler table. Thread-safe.</summary>
internal sealed class ApiVersionsHandler : RequestHandler<ApiVersionsRequest, ApiVersionsResponse>
{
    private const short FirstWithSoftwareName = 3;

    private readonly HandlerTable _table;
    private ApiVersionsResponse.ApiVersion[]? _versions;

    /// <summary>Describes <paramref name="table"/>.</summary>
    public ApiVersionsHandler(HandlerTable table) => _table = table;

    /// <inheritdoc/>
    protected override ValueTask<ApiVersionsResponse?> HandleAsync(ApiVersionsRequest request, RequestContext context)
    {
        var response = new ApiVersionsResponse();
        if (context.ApiVersion >= FirstWithSoftwareName)
        {
            if (!IsSoftwareWord(request.ClientSoftwareName) || !IsSoftwareWord(request.ClientSoftwareVersion))
            {
                response.ErrorCode = ErrorCode.InvalidRequest;
                return new ValueTask<ApiVersionsResponse?>(response);
            }

            context.Connection.ClientSoftwareName = request.ClientSoftwareName;
            context.Connection.ClientSoftwareVersion = request.ClientSoftwareVersion;
        }

        response.ApiKeys = _versions ??= Describe(_table);
        return new ValueTask<ApiVersionsResponse?>(response);
    }

    // Letters and digits, with dots and hyphens between them.
    private static bool IsSoftwareWord(string word) =>
        word.Length > 0 && char.IsAsciiLetterOrDigit(word[0]) && char.IsAsciiLetterOrDigit(word[^1])
        && word.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-');

    private static ApiVersionsResponse.ApiVersion[] Describe(HandlerTable table) =>
    [
        .. table.Handlers.OrderBy(static h => h.ApiKey).Select(static h => new ApiVersionsResponse.ApiVersion
        {
            ApiKey = (short)h.ApiKey,
            MinVersion = h.Versions.Lowest,
            MaxVersion = h.Versions.Highest,
        }),
    ];
}
