using System.Runtime.InteropServices;

namespace LogQueue.Server.Tests.Disk;

/// <summary>The system calls that mount a file system and cut its power. Stateless.</summary>
internal static partial class LinuxMount
{
    /// <summary>EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN: one number, one meaning.</summary>
    private const nuint GoingDown = 0x8004587D;

    /// <summary>Neither data nor the open journal transaction are written: what a power cut does.</summary>
    private const uint WithoutFlush = 2;

    private const int Detach = 2;

    public static bool IsRoot => OperatingSystem.IsLinux() && EffectiveUser() == 0;

    public static void Mount(string device, string directory, string fileSystem, string options = "")
    {
        if (MountCall(device, directory, fileSystem, 0, options) != 0)
        {
            throw new IOException($"mount {fileSystem} {device} on {directory}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Changes the options of what is mounted there.</summary>
    public static void Remount(string directory, string fileSystem, string options)
    {
        const nuint RemountFlag = 32;
        if (MountCall("none", directory, fileSystem, RemountFlag, options) != 0)
        {
            throw new IOException($"remount {directory} with {options}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    public static bool TryUnmount(string directory, bool detach = false) => UnmountCall(directory, detach ? Detach : 0) == 0;

    /// <summary>From here on the file system fails everything, and what it had not written is gone.</summary>
    public static void CutPower(string directory)
    {
        int file = Open(directory, 0x80000);
        uint flag = WithoutFlush;
        int result = file < 0 ? -1 : Control(file, GoingDown, ref flag);
        string why = Marshal.GetLastPInvokeErrorMessage();
        _ = Close(file);
        if (result != 0)
        {
            throw new IOException($"the power of {directory} could not be cut: {why}");
        }
    }

    [LibraryImport("libc", EntryPoint = "geteuid", SetLastError = true)]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountCall(string source, string target, string fileSystem, nuint flags, string options);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnmountCall(string target, int flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int file, nuint request, ref uint argument);
}
