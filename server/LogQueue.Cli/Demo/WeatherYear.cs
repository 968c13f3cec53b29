using System.Globalization;

namespace LogQueue.Cli.Demo;

/// <summary>
/// The weather readings of one run. The first run streams the year as recorded, each further run the same year 365 days later, so that
/// event time goes on where the last run ended. Pure; thread-safe.
/// </summary>
internal static class WeatherYear
{
    public const int SensorCount = 3;

    private static readonly (string Sensor, string Unit)[] Columns = [("weather/pressure", "hPa"), ("weather/temperature", "°C"),
        ("weather/wind", "m/s")];

    public static List<SensorReading> Load(int run)
    {
        using Stream data = typeof(WeatherYear).Assembly.GetManifestResourceStream("weather.csv")
            ?? throw new InvalidOperationException("The weather data is not in the program.");
        using var reader = new StreamReader(data);
        reader.ReadLine();
        var readings = new List<SensorReading>();
        while (reader.ReadLine() is { Length: > 0 } line)
        {
            string[] cells = line.Split(',');
            DateTimeOffset time = DateTimeOffset.Parse(cells[0], CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal) + TimeSpan.FromDays(365L * run);
            for (int i = 0; i < SensorCount; i++)
            {
                readings.Add(new SensorReading(Columns[i].Sensor, double.Parse(cells[i + 1], CultureInfo.InvariantCulture),
                    Columns[i].Unit, time));
            }
        }

        return readings;
    }
}
