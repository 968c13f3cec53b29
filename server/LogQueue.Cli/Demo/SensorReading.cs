namespace LogQueue.Cli.Demo;

/// <summary>A reading with the sensor it came from and the time it was taken.</summary>
internal readonly record struct SensorReading(string Sensor, double Value, string Unit, DateTimeOffset Time);
