// Fails chosen system calls of a process it is preloaded into, as a failing disk would.
//
//   gcc -shared -fPIC -O1 -o disk_shim.so disk_shim.c -ldl
//   LD_PRELOAD=disk_shim.so DISK_SHIM_DIR=/data DISK_SHIM_CONTROL=/tmp/control program
//
// Only files below DISK_SHIM_DIR count. The control file is read at each call, so it may change while the program runs:
//
//   CALL ERRNO FIRST COUNT DELAY_MS SHORT
//
// CALL is fdatasync, fsync, pwrite, fallocate or create (an open with O_CREAT). From the FIRST call on (from 1), COUNT calls fail with ERRNO
// (COUNT -1: all). ERRNO 0 fails nothing: with DELAY_MS the calls are only slow. With SHORT 1 every other call writes half and says so, and the
// one after it fails. DISK_SHIM_LIE=1: fdatasync and fsync do nothing and report success.
//
// .NET looks P/Invokes up by dlsym in the C library itself, past every preload: so dlsym is intercepted too.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { FDATASYNC, FSYNC, PWRITE, FALLOCATE, CREATE, CALLS };

static const char *const names[CALLS] = { "fdatasync", "fsync", "pwrite", "fallocate", "create" };
static atomic_long counters[CALLS];

struct order { char call[32]; int error; long first; long count; long delay_ms; int is_short; };

static int below(const char *path) {
    const char *directory = getenv("DISK_SHIM_DIR");
    size_t length = directory ? strlen(directory) : 0;
    return length > 0 && strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static int counts(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return below(path);
}

static int read_order(struct order *order) {
    const char *control = getenv("DISK_SHIM_CONTROL");
    if (!control) return 0;
    int file = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC, 0);
    if (file < 0) return 0;
    char text[256];
    ssize_t length = syscall(SYS_read, file, text, sizeof text - 1);
    syscall(SYS_close, file);
    if (length <= 0) return 0;
    text[length] = 0;
    return sscanf(text, "%31s %d %ld %ld %ld %d", order->call, &order->error, &order->first, &order->count, &order->delay_ms,
                  &order->is_short) == 6;
}

// What a call shall do: 0 nothing special, -1 a short write, else the errno to fail with.
static int fate(int call) {
    struct order order;
    long number = atomic_fetch_add(&counters[call], 1) + 1;
    if (!read_order(&order) || strcmp(order.call, names[call]) != 0 || number < order.first) return 0;
    if (order.count >= 0 && number - order.first >= order.count) return 0;
    if (order.is_short && number % 2) return -1;
    if (order.delay_ms > 0) {
        struct timespec pause = { order.delay_ms / 1000, order.delay_ms % 1000 * 1000000 };
        nanosleep(&pause, NULL);
    }
    return order.error;
}

static int fate_of_file(int call, int file) {
    int saved = errno;
    int result = counts(file) ? fate(call) : 0;
    errno = saved;
    return result;
}

static int is_lying(void) { return getenv("DISK_SHIM_LIE") != NULL; }

static int shim_fdatasync(int file) {
    if (is_lying()) return 0;
    int error = fate_of_file(FDATASYNC, file);
    if (error > 0) { errno = error; return -1; }
    return (int)syscall(SYS_fdatasync, file);
}

static int shim_fsync(int file) {
    if (is_lying()) return 0;
    int error = fate_of_file(FSYNC, file);
    if (error > 0) { errno = error; return -1; }
    return (int)syscall(SYS_fsync, file);
}

static ssize_t shim_pwrite(int file, const void *bytes, size_t length, off_t position) {
    int error = length == 0 ? 0 : fate_of_file(PWRITE, file);
    if (error > 0) { errno = error; return -1; }
    if (error < 0) length = length > 1 ? length / 2 : length;
    return syscall(SYS_pwrite64, file, bytes, length, position);
}

static int shim_fallocate(int file, off_t position, off_t length) {
    int error = fate_of_file(FALLOCATE, file);
    if (error > 0) return error;
    return syscall(SYS_fallocate, file, 0, position, length) == 0 ? 0 : errno;
}

static int shim_open(const char *path, int flags, int mode) {
    int error = (flags & O_CREAT) && below(path) ? fate(CREATE) : 0;
    if (error > 0) { errno = error; return -1; }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int fdatasync(int file) { return shim_fdatasync(file); }
int fsync(int file) { return shim_fsync(file); }
ssize_t pwrite(int file, const void *bytes, size_t length, off_t position) { return shim_pwrite(file, bytes, length, position); }
ssize_t pwrite64(int file, const void *bytes, size_t length, off_t position) { return shim_pwrite(file, bytes, length, position); }
int posix_fallocate(int file, off_t position, off_t length) { return shim_fallocate(file, position, length); }

static int mode_of(int flags, va_list arguments) { return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, int) : 0; }

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    int mode = mode_of(flags, arguments);
    va_end(arguments);
    return shim_open(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    int mode = mode_of(flags, arguments);
    va_end(arguments);
    return shim_open(path, flags, mode);
}

void *dlsym(void *handle, const char *name) {
    static void *(*real)(void *, const char *);
    if (!real) {
        const char *const versions[] = { "GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17" };
        for (int i = 0; i < 3 && !real; i++) real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    }
    if (strcmp(name, "fdatasync") == 0) return (void *)shim_fdatasync;
    if (strcmp(name, "fsync") == 0) return (void *)shim_fsync;
    if (strcmp(name, "pwrite") == 0) return (void *)shim_pwrite;
    if (strcmp(name, "posix_fallocate") == 0) return (void *)shim_fallocate;
    return real ? real(handle, name) : NULL;
}
