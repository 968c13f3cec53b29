using System.Reflection;

namespace LogQueue.TestKit.Vectors;

/// <summary>
/// Messages whose frames are the worst for their reader: for each array field, at any depth, a message in which that array has very many
/// elements of the least size. Stateless.
/// </summary>
public static class WorstMessages
{
    /// <summary>One message for each array field.</summary>
    /// <param name="codec">The message's codec.</param>
    /// <param name="elementCount">Elements of that array.</param>
    public static IEnumerable<object> Of(MessageCodec codec, int elementCount)
    {
        foreach (PropertyInfo[] path in Paths(codec.Create().GetType(), [], depth: 0))
        {
            object message = codec.Create();
            object at = message;
            foreach (PropertyInfo step in path[..^1])
            {
                object next = Activator.CreateInstance(step.PropertyType.GetElementType() ?? step.PropertyType)!;
                step.SetValue(at, step.PropertyType.IsArray ? ArrayOf(next, 1) : next);
                at = next;
            }

            Type element = path[^1].PropertyType.GetElementType()!;
            path[^1].SetValue(at, ArrayOf(element == typeof(string) ? "" : Activator.CreateInstance(element)!, elementCount));
            yield return message;
        }
    }

    /// <summary>The ways from a structure to its arrays, each the last step of its way.</summary>
    private static IEnumerable<PropertyInfo[]> Paths(Type type, PropertyInfo[] before, int depth)
    {
        foreach (PropertyInfo property in type.GetProperties().Where(static p => p.CanWrite))
        {
            Type inner = property.PropertyType.GetElementType() ?? property.PropertyType;
            if (property.PropertyType.IsArray)
            {
                yield return [.. before, property];
            }

            if (depth < 5 && inner.IsClass && inner != typeof(string))
            {
                foreach (PropertyInfo[] path in Paths(inner, [.. before, property], depth + 1))
                {
                    yield return path;
                }
            }
        }
    }

    private static Array ArrayOf(object element, int count)
    {
        var array = Array.CreateInstance(element.GetType(), count);
        for (int i = 0; i < count; i++)
        {
            array.SetValue(element, i);
        }

        return array;
    }
}
