using LogQueue.Cli;
using LogQueue.Cli.Output;

if (args.Contains("serve"))
{
    // A request is answered by the thread that received it: waking another one costs more than most requests. The runtime reads this when
    // the first socket is made; only the broker has it, since nothing there blocks on a socket's thread for long.
    Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
}

return await CommandLine.RunAsync(args, Terminal.ForThisProcess());
