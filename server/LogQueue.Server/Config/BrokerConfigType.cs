namespace LogQueue.Server.Config;

/// <summary>Type of a broker setting; Kafka's names.</summary>
internal enum BrokerConfigType
{
    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>Text.</summary>
    String,

    /// <summary>16 bits.</summary>
    Short,

    /// <summary>32 bits.</summary>
    Int,

    /// <summary>64 bits.</summary>
    Long,

    /// <summary>A decimal number.</summary>
    Double,

    /// <summary>Texts separated by commas.</summary>
    List,

    /// <summary>The name of a class.</summary>
    Class,

    /// <summary>A secret.</summary>
    Password,
}
