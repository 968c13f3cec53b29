using LogQueue.Engine.Opening;

namespace LogQueue.Engine.Tests.Engine.Opening;

public sealed class EngineCountTests
{
    [Fact]
    public void Nobody_and_one_count_as_one()
    {
        var engines = new EngineCount();
        Assert.Equal(1, engines.Value);
        engines.Add();
        Assert.Equal(1, engines.Value);
        engines.Add();
        Assert.Equal(2, engines.Value);
        engines.Remove();
        engines.Remove();
        Assert.Equal(1, engines.Value);
    }
}
