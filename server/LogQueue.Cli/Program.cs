using LogQueue.Cli;
using LogQueue.Cli.Output;

return await CommandLine.RunAsync(args, Terminal.ForThisProcess());
