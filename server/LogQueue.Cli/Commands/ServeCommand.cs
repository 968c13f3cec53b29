using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Engine;
using LogQueue.Server;
using Microsoft.Extensions.Logging;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue serve</c>: runs the broker until SIGTERM or Ctrl-C.</summary>
internal static class ServeCommand
{
    private const string DefaultData = ".logqueue";
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    public static Command Create(Terminal terminal, GlobalOptions global)
    {
        var port = new Option<int?>("--port", "-p") { Description = "Port to listen on; 0 takes a free one. Default 9092." };
        var data = new Option<string?>("--data", "-d") { Description = "Data directory. Default ./.logqueue." };
        var config = new Option<FileInfo?>("--config", "-c") { Description = "A server.properties file with Kafka's key names." };
        var set = new Option<string[]>("--set", "-s") { Description = "One setting, key=value; wins over the file. May be given again.",
            DefaultValueFactory = static _ => [] };
        var command = new Command("serve", "Run the broker.") { port, data, config, set };
        command.SetAction(global.Action(terminal, (parsed, cancellation) =>
            RunAsync(terminal, parsed.GetValue(port), Load(parsed.GetValue(data), parsed.GetValue(config), parsed.GetValue(set)!),
                cancellation)));
        return command;
    }

    private static ServerConfig Load(string? data, FileInfo? file, string[] set)
    {
        var overrides = new List<string>(set);
        if (data is not null)
        {
            overrides.Add("log.dirs=" + data);
        }

        return ServerConfig.Load(file?.FullName, overrides, DefaultData);
    }

    private static async Task<int> RunAsync(Terminal terminal, int? port, ServerConfig config, CancellationToken cancellation)
    {
        long started = TimeProvider.System.GetTimestamp();
        foreach (string note in config.Notes)
        {
            terminal.Say(note);
        }

        using ILoggerFactory logs =
            LoggerFactory.Create(static builder =>
            builder.AddProvider(new LineLoggerProvider(Console.Error)).SetMinimumLevel(LogLevel.Information));
        ILogger engineLog = logs.CreateLogger("LogQueue.Engine");
        await using LogEngine engine = await LogEngine.OpenAsync(
            config.Engine with
            {
                OnWarning = line => EngineLog.Warned(engineLog, line),
                DamageFound = line => EngineLog.Damaged(engineLog, line),
            },
            cancellation);
        await using LogQueueServer server = await LogQueueServer.StartAsync(config.Server with { LoggerFactory = logs, Port =
            port ?? config.Server.Port }, engine, cancellation);
        Ready(terminal, config, engine, server, TimeProvider.System.GetElapsedTime(started));

        Exception? offline = await WaitForStopAsync(engine, cancellation);
        await server.StopAsync(DrainTime);
        if (offline is not null)
        {
            throw new CliException(ExitCode.Failed, "DISK_FAILED", $"the data directory failed: {offline.Message}",
                "check the disk, then start again: recovery runs at start");
        }

        await engine.CloseAsync();
        return ExitCode.Ok;
    }

    private static void Ready(Terminal terminal, ServerConfig config, LogEngine engine, LogQueueServer server, TimeSpan took)
    {
        string data = Path.GetFullPath(config.Engine.DataDirectory);
        if (terminal.Format is OutputFormat.Json or OutputFormat.Ndjson)
        {
            terminal.JsonLine(new JsonObject
            {
                ["ready"] = true,
                ["bootstrap"] = server.AdvertisedAddress,
                ["port"] = server.Port,
                ["data"] = data,
                ["topics"] = engine.Topics.Count,
                ["start_ms"] = Math.Round(took.TotalMilliseconds),
                ["durability"] = config.Engine.Durability.ToString().ToLowerInvariant(),
            });
        }
        else
        {
            terminal.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"logqueue ready on {server.AdvertisedAddress} in {took.TotalSeconds:0.00} s, data in {data}, durability {config.Engine.Durability.ToString().ToLowerInvariant()}; Ctrl-C stops it"));
        }

        terminal.Out.Flush();
    }

    /// <summary>Waits for a signal or a failed disk; returns the failure, if that is what it was.</summary>
    private static async Task<Exception?> WaitForStopAsync(LogEngine engine, CancellationToken cancellation)
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }

        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        await using CancellationTokenRegistration cancelled = cancellation.Register(() => stop.TrySetResult());
        Task first = await Task.WhenAny(stop.Task, engine.Offline);
        return first == engine.Offline ? await engine.Offline : null;
    }
}
