#define _GNU_SOURCE
#include "CLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void mr_keep_large_blocks(int map_above, int trim_above) {
    mallopt(M_MMAP_THRESHOLD, map_above);
    mallopt(M_TRIM_THRESHOLD, trim_above);
}

void mr_start_writeback(int descriptor) { sync_file_range(descriptor, 0, 0, SYNC_FILE_RANGE_WRITE); }

void mr_spread_subdirectories(int descriptor) {
    int flags = 0;
    if (ioctl(descriptor, FS_IOC_GETFLAGS, &flags) != 0) return;
    flags |= FS_TOPDIR_FL;
    ioctl(descriptor, FS_IOC_SETFLAGS, &flags);
}

int mr_open_direct(int directory, const char *name) { return openat(directory, name, O_WRONLY | O_DIRECT | O_CLOEXEC); }

int mr_sync_file_system(int descriptor) { return syncfs(descriptor); }

void mr_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

void mr_adopt_orphans(void) { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

void mr_spawn_in_directory(posix_spawn_file_actions_t *actions, const char *directory) {
    posix_spawn_file_actions_addchdir_np(actions, directory);
}

int mr_exit_status(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

int mr_flush_standard_output(void) {
    const int flushed = fflush(stdout);
    return flushed != 0 ? errno : ferror(stdout) ? -1 : 0;
}
