namespace LogQueue.TestKit.Storage;

/// <summary>
/// The names of a simulated disk: what a running system sees, what is durable, and the changes in between, in order. A node is a
/// <see cref="SimulatedInode"/> or <see cref="Directory"/>. Guarded by its device's lock.
/// </summary>
internal sealed class SimulatedNames
{
    /// <summary>The node of a directory.</summary>
    internal static readonly object Directory = new();

    private readonly string[] _roots;
    private readonly Dictionary<string, object> _now;
    private readonly List<Change> _pending = [];
    private readonly Dictionary<string, object> _durable;

    internal SimulatedNames(string[] roots)
    {
        _roots = roots;
        _now = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (string root in roots)
        {
            _now[root] = Directory;
        }

        _durable = new Dictionary<string, object>(_now, StringComparer.Ordinal);
    }

    private SimulatedNames(string[] roots, Dictionary<string, object> all)
    {
        _roots = roots;
        _now = all;
        _durable = new Dictionary<string, object>(all, StringComparer.Ordinal);
    }

    internal IEnumerable<SimulatedInode> Files => _now.Values.OfType<SimulatedInode>();

    /// <summary>True when a power cut cannot change anything.</summary>
    internal bool IsSettled => _pending.Count == 0 && Files.All(static f => f.IsSettled);

    internal object? Find(string path) => _now.GetValueOrDefault(path);

    internal bool HasParent(string path) =>
        _now.GetAlternateLookup<ReadOnlySpan<char>>().ContainsKey(Path.GetDirectoryName(path.AsSpan()));

    internal void Set(string path, object node) => Add(new Change(ChangeKind.Set, path, path, node));

    internal void Remove(string path) => Add(new Change(ChangeKind.Remove, path, path, null));

    internal void RemoveDirectory(string path)
    {
        _pending.RemoveAll(p => IsChild(p.Path, path)); // whatever happened in it ends with it
        Add(new Change(ChangeKind.RemoveTree, path, path, null));
    }

    internal void Move(string from, string to)
    {
        for (int i = 0; i < _pending.Count; i++)
        {
            Change change = _pending[i];
            if (change.Path.Length > from.Length && IsIn(change.Path, from))
            {
                // What is under way in a directory goes with it: it must not reach another one that gets the old name.
                _pending[i] = change with { Path = to + change.Path[from.Length..], To = to + change.To[from.Length..] };
            }
        }

        Add(new Change(ChangeKind.Move, from, to, null));
    }

    internal bool IsEmpty(string directory) => !_now.Keys.Any(name => IsChild(name, directory));

    /// <summary>Names in a directory, sorted by ordinal.</summary>
    internal string[] List(string directory, bool files)
    {
        List<string> names = [];
        foreach ((string path, object node) in _now)
        {
            if (node is SimulatedInode == files && IsChild(path, directory))
            {
                names.Add(path[(directory.Length + 1)..]);
            }
        }

        names.Sort(StringComparer.Ordinal);
        return [.. names];
    }

    /// <summary>Makes the changes of one directory durable.</summary>
    internal void Sync(string directory)
    {
        int kept = 0;
        for (int i = 0; i < _pending.Count; i++)
        {
            if (IsChild(_pending[i].Path, directory))
            {
                Apply(_durable, _pending[i]);
            }
            else
            {
                _pending[kept++] = _pending[i];
            }
        }

        _pending.RemoveRange(kept, _pending.Count - kept);
    }

    /// <summary>The names after a power cut; each node is passed through <paramref name="crash"/>.</summary>
    internal SimulatedNames Crash(Random random, double keep, CrashProfile profile, Func<SimulatedInode, SimulatedInode> crash)
    {
        Dictionary<string, object> names = _durable;
        if (_pending.Count > 0)
        {
            names = new Dictionary<string, object>(_durable, StringComparer.Ordinal);
            foreach (Change change in _pending)
            {
                if (random.NextDouble() < keep)
                {
                    Apply(names, change);
                }
                else if (profile == CrashProfile.Ordered)
                {
                    break;
                }
            }
        }

        return new SimulatedNames(_roots, Reachable(names, crash));
    }

    /// <summary>The names of the running system, all durable.</summary>
    internal SimulatedNames Copy() => new(_roots, Reachable(_now, static inode => inode.Copy()));

    private static bool IsChild(string path, string directory) =>
        path.Length > directory.Length + 1 && path[directory.Length] == '/' && path.StartsWith(directory, StringComparison.Ordinal)
            && path.IndexOf('/', directory.Length + 1) < 0;

    private static void Apply(Dictionary<string, object> names, Change change)
    {
        switch (change.Kind)
        {
            case ChangeKind.Set:
                names[change.Path] = change.Node!;
                break;
            case ChangeKind.Remove:
                names.Remove(change.Path);
                break;
            case ChangeKind.RemoveTree:
                foreach (string name in names.Keys.Where(n => IsIn(n, change.Path)).ToArray())
                {
                    names.Remove(name);
                }

                break;
            default:
                foreach (string name in names.Keys.Where(n => IsIn(n, change.Path)).ToArray())
                {
                    names[change.To + name[change.Path.Length..]] = names[name];
                    names.Remove(name);
                }

                break;
        }
    }

    private static bool IsIn(string name, string tree) =>
        name.StartsWith(tree, StringComparison.Ordinal) && (name.Length == tree.Length || name[tree.Length] == '/');

    private Dictionary<string, object> Reachable(Dictionary<string, object> names, Func<SimulatedInode, SimulatedInode> crash)
    {
        var after = new Dictionary<string, object>(names.Count, StringComparer.Ordinal);
        Dictionary<string, object>.AlternateLookup<ReadOnlySpan<char>> lookup = names.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach ((string path, object node) in names)
        {
            if (IsReachable(lookup, path))
            {
                after[path] = node is SimulatedInode inode ? crash(inode) : Directory;
            }
        }

        return after;
    }

    /// <summary>False when one of the directories above it did not survive.</summary>
    private bool IsReachable(Dictionary<string, object>.AlternateLookup<ReadOnlySpan<char>> names, ReadOnlySpan<char> path)
    {
        while (true)
        {
            foreach (string root in _roots)
            {
                if (path.SequenceEqual(root))
                {
                    return true;
                }
            }

            path = Path.GetDirectoryName(path);
            if (path.IsEmpty)
            {
                return _roots.Length == 0;
            }

            if (!names.ContainsKey(path) && _roots.Length > 0)
            {
                return false;
            }
        }
    }

    private void Add(Change change)
    {
        Apply(_now, change);
        _pending.Add(change);
    }

    private enum ChangeKind
    {
        Set,
        Remove,
        RemoveTree,
        Move,
    }

    private readonly record struct Change(ChangeKind Kind, string Path, string To, object? Node);
}
