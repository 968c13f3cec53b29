using LogQueue.Cli.Commands;

namespace LogQueue.Server.Tests.Cli.Commands;

public sealed class LogProgressTests
{
    [Fact]
    public void A_line_shows_share_rate_and_time_left()
    {
        Assert.Equal(" verify  [===============>              ] 50 %  512 MiB  256 MiB/s  2 s left", LogProgress.Line("verify", 512 << 20, 1 << 30, 2));
        Assert.Equal(" verify  [==============================] 100 %  1 GiB  1 GiB/s", LogProgress.Line("verify", 1 << 30, 1 << 30, 1));
        Assert.Equal(" import  [>                             ] 0 %  1 KiB  1 KiB/s", LogProgress.Line("import", 1024, 0, 1));
    }
}
