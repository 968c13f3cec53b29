using System.Globalization;
using Microsoft.Extensions.Logging;

namespace LogQueue.Cli.Commands;

/// <summary>Writes log events to a stream, one plain line each. Thread-safe.</summary>
internal sealed class LineLoggerProvider(TextWriter output) : ILoggerProvider
{
    private readonly Lock _lock = new();

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string category, string message, Exception? exception)
    {
        string time = TimeProvider.System.GetUtcNow().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        string line = $"{time} {level.ToString().ToUpperInvariant()} {category}: {message}{(exception is null ? "" : ": " + exception.Message)}";
        lock (_lock)
        {
            output.WriteLine(line.ReplaceLineEndings(" "));
        }
    }

    private sealed class LineLogger(LineLoggerProvider owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
            string> formatter) =>
            owner.Write(logLevel, category, formatter(state, exception), exception);
    }
}
