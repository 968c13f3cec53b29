namespace LogQueue.Cli;

/// <summary>What the process says to a script when it ends.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int CannotConnect = 3;
    public const int NotFound = 4;
    public const int Denied = 5;
    public const int PartlyDone = 6;
    public const int Timeout = 7;
    public const int CheckFailed = 8;
    public const int BadConfig = 78;
    public const int Interrupted = 130;
}
