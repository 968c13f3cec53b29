using System.Globalization;

namespace LogQueue.Storage.Files;

/// <summary>
/// The directory <c>lost+found</c> of a data directory: what a person could still want goes there, under a name that tells where it came
/// from, instead of being deleted. Nothing in it is ever read or removed by this program. Stateless.
/// </summary>
internal static class LostAndFound
{
    internal const string Name = "lost+found";
    private const int ChunkBytes = 1 << 20;

    /// <summary>
    /// Moves a file of a partition directory there, as <c>partition.file</c>; durable when it returns. Throws
    /// <see cref="StorageException"/>. Returns the path relative to the data directory.
    /// </summary>
    internal static string Move(IStorageDevice device, string path)
    {
        string directory = Path.GetDirectoryName(path)!;
        string target = FreeName(device, NameOf(device, directory, Path.GetFileName(path)));
        device.Rename(path, target);
        device.SyncDirectory(Path.GetDirectoryName(target)!);
        device.SyncDirectory(directory);
        return Path.Combine(Name, Path.GetFileName(target));
    }

    /// <summary>
    /// Copies bytes of a file of a partition directory there, as <c>partition.file.from-to</c>; durable when it returns. A copy of the same
    /// bytes under that name is left as it is. Throws <see cref="StorageException"/>. Returns the path relative to the data directory.
    /// </summary>
    internal static string Copy(IStorageDevice device, string path, long from, long to)
    {
        using IStorageFile source = device.Open(path, StorageOpenMode.Read);
        string directory = Path.GetDirectoryName(path)!;
        string name = string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(path)}.{from}-{to}");
        byte[] chunk = new byte[(int)Math.Min(ChunkBytes, Math.Max(1, to - from))];
        string target = FreeName(device, NameOf(device, directory, name), existing => IsSame(device, existing, source, from, to));
        if (!device.FileExists(target))
        {
            string aside = target + ".tmp";
            device.DeleteIfExists(aside);
            using (IStorageFile copy = device.Open(aside, StorageOpenMode.CreateNew))
            {
                for (long at = from; at < to;)
                {
                    int read = source.Read(at, chunk.AsSpan(0, (int)Math.Min(chunk.Length, to - at)));
                    if (read == 0)
                    {
                        break; // the file ends here
                    }

                    copy.Write(at - from, chunk.AsSpan(0, read));
                    at += read;
                }

                copy.DataSync();
            }

            device.Rename(aside, target);
        }

        device.SyncDirectory(Path.GetDirectoryName(target)!);
        return Path.Combine(Name, Path.GetFileName(target));
    }

    /// <summary>
    /// How much lies in the <c>lost+found</c> of a data directory, whole directories included. Throws <see cref="StorageException"/>.
    /// </summary>
    internal static (int Files, long Bytes) Measure(IStorageDevice device, string root)
    {
        string lost = Path.Combine(root, Name);
        if (!device.DirectoryExists(lost))
        {
            return (0, 0);
        }

        (int files, long bytes) = (0, 0);
        foreach (string directory in device.ListDirectories(lost).Select(name => Path.Combine(lost, name)).Prepend(lost))
        {
            foreach (string name in device.ListFiles(directory))
            {
                files++;
                bytes += device.FileLength(Path.Combine(directory, name));
            }
        }

        return (files, bytes);
    }

    /// <summary>The path of <c>lost+found</c> beside a partition directory; made when it is missing.</summary>
    private static string Ensure(IStorageDevice device, string partitionDirectory)
    {
        string root = Path.GetDirectoryName(partitionDirectory)!;
        string lost = Path.Combine(root, Name);
        if (!device.DirectoryExists(lost))
        {
            device.CreateDirectory(lost);
            device.SyncDirectory(root);
        }

        return lost;
    }

    private static string NameOf(IStorageDevice device, string directory, string file) =>
        Path.Combine(Ensure(device, directory), $"{Path.GetFileName(directory)}.{file}");

    /// <summary>The wanted path, or, while a file has it that is not good either, that path with a number at its end.</summary>
    internal static string FreeName(IStorageDevice device, string wanted, Func<string, bool>? isGood = null)
    {
        string target = wanted;
        for (int copy = 2; device.FileExists(target) && isGood?.Invoke(target) != true; copy++)
        {
            target = string.Create(CultureInfo.InvariantCulture, $"{wanted}.{copy}");
        }

        return target;
    }

    private static bool IsSame(IStorageDevice device, string path, IStorageFile source, long from, long to)
    {
        using IStorageFile file = device.Open(path, StorageOpenMode.Read);
        byte[] one = new byte[64 << 10];
        byte[] two = new byte[one.Length];
        for (long at = from; ; at += one.Length)
        {
            int left = file.Read(at - from, one);
            int right = at >= to ? 0 : source.Read(at, two.AsSpan(0, (int)Math.Min(two.Length, to - at)));
            if (left != right || !one.AsSpan(0, left).SequenceEqual(two.AsSpan(0, right)))
            {
                return false;
            }

            if (left < one.Length)
            {
                return true;
            }
        }
    }
}
