// A disk that is full or broken, as the kernel would tell it: preloaded into the product, it fails the writes and syncs of
// regular files while a file of that name is in the folder E2E_DISK_FAULTS, or lets syncs wait as long (slow-sync).
// Standard output and error are left alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int faulty(const char* fault, int fd) {
  const char* folder = getenv("E2E_DISK_FAULTS");
  char path[4096];
  struct stat about;
  if (folder == NULL || fd <= STDERR_FILENO) return 0;
  const int length = snprintf(path, sizeof path, "%s/%s", folder, fault);
  const int before = errno;
  const int armed = length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0;
  const int disk = armed && fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  errno = before;
  return disk;
}

#define FAULTY(fault, error, result, name, parameters, arguments)           \
  result name parameters {                                                  \
    static result(*real) parameters;                                        \
    if (real == NULL) real = (result(*) parameters)dlsym(RTLD_NEXT, #name); \
    if (faulty(fault, fd)) {                                                \
      errno = error;                                                        \
      return -1;                                                            \
    }                                                                       \
    return real arguments;                                                  \
  }

// Stands still while the file is there.
static void slow(const char* fault, int fd) {
  while (faulty(fault, fd)) usleep(10000);
}

#define SLOW(result, name)                                                  \
  result name(int fd) {                                                     \
    static result(*real)(int);                                              \
    if (real == NULL) real = (result(*)(int))dlsym(RTLD_NEXT, #name);       \
    slow("slow-sync", fd);                                                  \
    if (faulty("no-sync", fd)) {                                            \
      errno = EIO;                                                          \
      return -1;                                                            \
    }                                                                       \
    return real(fd);                                                        \
  }

FAULTY("full", ENOSPC, ssize_t, write, (int fd, const void* data, size_t size), (fd, data, size))
FAULTY("full", ENOSPC, ssize_t, writev, (int fd, const struct iovec* parts, int count), (fd, parts, count))
FAULTY("full", ENOSPC, ssize_t, pwrite, (int fd, const void* data, size_t size, off_t at), (fd, data, size, at))
FAULTY("full", ENOSPC, ssize_t, pwrite64, (int fd, const void* data, size_t size, off64_t at), (fd, data, size, at))
FAULTY("full", ENOSPC, int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size))
FAULTY("full", ENOSPC, int, fallocate64, (int fd, int mode, off64_t at, off64_t size), (fd, mode, at, size))
SLOW(int, fsync)
SLOW(int, fdatasync)
