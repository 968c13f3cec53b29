namespace LogQueue.Protocol.Generator;

/// <summary>
/// What decoded messages take in memory, in bytes: what a reader counts before it allocates. Never too little. Stateless.
/// </summary>
internal static class MemorySize
{
    private const int ObjectHeader = 16;
    private const int Reference = 8;
    private const int DeepestDefault = 8;

    /// <summary>An object of a structure, with the default objects of its fields.</summary>
    public static int Of(StructModel s) => Of(s, 0);

    /// <summary>One element of an array field, within the array.</summary>
    public static int OfElement(FieldModel f) => f.Struct is not null ? Reference : Inline(f);

    private static int Of(StructModel s, int depth)
    {
        int sum = ObjectHeader + Reference; // rounding
        foreach (FieldModel f in s.Fields)
        {
            bool isReference = f.IsArray || f.Struct is not null;
            sum += isReference ? Reference : Inline(f) + (f.IsNullable ? Reference : 0);
            if (f.Struct is { } nested && !f.IsArray && f.Default != "null" && depth < DeepestDefault)
            {
                sum += Of(nested, depth + 1);
            }
        }

        return sum;
    }

    private static int Inline(FieldModel f) => f.Type switch
    {
        "string" => Reference,
        "bytes" => 16,
        "records" => 32,
        _ => FieldText.Primitive(f).FixedBytes,
    };
}
