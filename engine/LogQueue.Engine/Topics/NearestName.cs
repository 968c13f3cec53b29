namespace LogQueue.Engine.Topics;

/// <summary>Finds the known name that was probably meant. Stateless.</summary>
internal static class NearestName
{
    /// <summary>The candidate with the fewest edits, if they are at most a third of the name; otherwise null.</summary>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        if (name.Length > 200)
        {
            return null;
        }

        (string? best, int fewest) = (null, Math.Max(2, name.Length / 3) + 1);
        foreach (string candidate in candidates)
        {
            int edits = Edits(name, candidate);
            if (edits < fewest)
            {
                (best, fewest) = (candidate, edits);
            }
        }

        return best;
    }

    /// <summary>Levenshtein's distance: insertions, deletions and replacements from one text to the other, ignoring case.</summary>
    private static int Edits(string from, string to)
    {
        Span<int> row = stackalloc int[to.Length + 1];
        for (int j = 0; j <= to.Length; j++)
        {
            row[j] = j;
        }

        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int replace = diagonal + (char.ToLowerInvariant(from[i - 1]) == char.ToLowerInvariant(to[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replace, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[to.Length];
    }
}
