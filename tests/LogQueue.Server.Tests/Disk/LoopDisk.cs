using System.Diagnostics;
using System.Globalization;

namespace LogQueue.Server.Tests.Disk;

/// <summary>
/// A small disk of its own: an image file behind a loop device, with a file system on it, mounted. Its power can be cut. Everything goes when
/// it is disposed, and what a killed run left behind goes when the next one starts. One user at a time.
/// </summary>
internal sealed class LoopDisk : IDisposable
{
    private const string Prefix = "logqueue-disk-";
    private const int MetadataBytes = 12 << 20;
    private static readonly Lock Sweeping = new();

    private readonly string _root;
    private readonly string _fileSystem;
    private string _device = "";
    private string? _usualLimit;
    private bool _isMounted;

    private LoopDisk(string root, string fileSystem)
    {
        _root = root;
        _fileSystem = fileSystem;
        Folder = Path.Combine(root, "mnt");
    }

    /// <summary>Where it is mounted.</summary>
    public string Folder { get; }

    /// <summary>Where the image lies: a folder that can be a mount of its own.</summary>
    public string ImageFolder => Path.Combine(_root, "image");

    /// <summary>Skips the test with the reason where disks cannot be made.</summary>
    public static void Require(string fileSystem)
    {
        if (!LinuxMount.IsRoot)
        {
            Assert.Skip("mounting a disk image needs root on Linux");
        }

        if (!File.Exists("/dev/loop-control"))
        {
            Assert.Skip("there are no loop devices here (/dev/loop-control is missing)");
        }

        Tool.Require("losetup", "mount");
        Tool.Require("mkfs." + fileSystem, fileSystem == "xfs" ? "xfsprogs" : "e2fsprogs");
    }

    /// <summary>
    /// Makes and mounts one. <paramref name="underImage"/> may prepare the folder in which the image will lie. With <paramref name="isHonest"/>
    /// requests are a page each: the loop driver reports a write that was stored in part as done, so a larger one could lie.
    /// </summary>
    public static LoopDisk Create(string fileSystem, long sizeBytes, Action<string>? underImage = null, bool isHonest = false)
    {
        Require(fileSystem);
        lock (Sweeping)
        {
            Sweep();
        }

        string root = Path.Combine(Path.GetTempPath(), $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}"[..32]);
        var disk = new LoopDisk(root, fileSystem);
        try
        {
            Directory.CreateDirectory(disk.Folder);
            Directory.CreateDirectory(disk.ImageFolder);
            underImage?.Invoke(disk.ImageFolder);
            string image = Path.Combine(disk.ImageFolder, "image");
            using (var file = new FileStream(image, FileMode.CreateNew))
            {
                file.SetLength(sizeBytes);
            }

            string[] options = fileSystem == "xfs" ? ["-q", "-f"] : ["-q", "-F", "-E", "lazy_itable_init=1,nodiscard,packed_meta_blocks=1"];
            Tool.Run("mkfs." + fileSystem, [.. options, image]);
            WriteMetadataBlocks(image);
            disk._device = Tool.Run("losetup", ["--find", "--show", image]).Trim();
            if (isHonest)
            {
                disk.LimitRequests("4");
            }

            disk.Mount();
            return disk;
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    /// <summary>Cuts the power: every access fails from now on.</summary>
    public void CutPower() => LinuxMount.CutPower(Folder);

    /// <summary>Takes the disk out and puts it in again, as a restart of the machine would. Nobody may have a file open.</summary>
    public void Replug()
    {
        Unmount();
        Mount();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            if (_isMounted && !LinuxMount.TryUnmount(Folder))
            {
                LinuxMount.TryUnmount(Folder, detach: true);
            }

            if (_device.Length > 0)
            {
                LimitRequests(_usualLimit);
                Tool.Run("losetup", ["--detach", _device]);
            }
        }
        finally
        {
            LinuxMount.TryUnmount(ImageFolder, detach: true); // only where the test has mounted something there
            Directory.Delete(_root, recursive: true);
        }
    }

    /// <summary>
    /// The image is sparse; its first blocks, with the journal and the tables, get real blocks: the file system's own writes then succeed
    /// whatever the disk below has left, and only those of files fail.
    /// </summary>
    private static void WriteMetadataBlocks(string image)
    {
        using var file = new FileStream(image, FileMode.Open);
        byte[] bytes = new byte[MetadataBytes];
        file.ReadExactly(bytes);
        file.Position = 0;
        file.Write(bytes);
    }

    /// <summary>Sets the largest request in KiB; the device keeps it beyond its image, so it is set back at the end.</summary>
    private void LimitRequests(string? limit)
    {
        if (limit is not null)
        {
            string setting = $"/sys/block/{Path.GetFileName(_device)}/queue/max_sectors_kb";
            _usualLimit ??= File.ReadAllText(setting).Trim();
            File.WriteAllText(setting, limit);
        }
    }

    private void Mount()
    {
        LinuxMount.Mount(_device, Folder, _fileSystem);
        _isMounted = true;
    }

    private void Unmount()
    {
        var patience = Stopwatch.StartNew();
        while (!LinuxMount.TryUnmount(Folder))
        {
            if (patience.Elapsed > TimeSpan.FromSeconds(10))
            {
                throw new IOException($"{Folder} cannot be unmounted; open: {string.Join(", ", OpenFiles())}");
            }

            Thread.Yield();
        }

        _isMounted = false;
    }

    private IEnumerable<string> OpenFiles() => Directory.GetFiles("/proc/self/fd")
        .Select(static link => File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName ?? "")
        .Where(path => path.StartsWith(Folder, StringComparison.Ordinal));

    /// <summary>Removes the disks of processes that are no more.</summary>
    private static void Sweep()
    {
        foreach (string root in Directory.GetDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            string[] parts = Path.GetFileName(root)[Prefix.Length..].Split('-');
            if (!int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int owner) || Directory.Exists($"/proc/{owner}"))
            {
                continue;
            }

            LinuxMount.TryUnmount(Path.Combine(root, "mnt"), detach: true);
            string image = Path.Combine(root, "image", "image");
            if (File.Exists(image))
            {
                foreach (string line in Tool.Run("losetup", ["--associated", image]).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                {
                    Tool.Run("losetup", ["--detach", line[..line.IndexOf(':', StringComparison.Ordinal)]]);
                }
            }

            LinuxMount.TryUnmount(Path.Combine(root, "image"), detach: true);
            Directory.Delete(root, recursive: true);
        }
    }
}
