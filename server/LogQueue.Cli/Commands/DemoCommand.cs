using System.CommandLine;
using LogQueue.Cli.Demo;
using LogQueue.Cli.Output;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue demo</c>: the main job, end to end, on this machine.</summary>
internal static class DemoCommand
{
    public static Command Create(Terminal terminal, GlobalOptions global)
    {
        var data = new Option<string>("--data", "-d") { Description = "Data directory; a second run adds to it.", DefaultValueFactory =
            static _ => "./.logqueue" };
        var keep = new Option<bool>("--keep") { Description = "Stay up afterwards and go on streaming until Ctrl-C." };
        var command = new Command("demo",
            "Stream this machine's sensors and a year of weather through a broker, replay, prove and measure.") { data, keep };
        command.SetAction(global.Action(terminal, (parsed, cancellation) => new DemoRun(terminal,
            parsed.GetValue(data)!).RunAsync(parsed.GetValue(keep), cancellation)));
        return command;
    }
}
