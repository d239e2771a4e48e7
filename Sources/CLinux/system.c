#define _GNU_SOURCE
#include "CLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void mr_keep_large_blocks(int map_above, int trim_above) {
    mallopt(M_MMAP_THRESHOLD, map_above);
    mallopt(M_TRIM_THRESHOLD, trim_above);
}

void mr_give_back_memory(void) { malloc_trim(0); }

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

int mr_become_user(const char *name, uid_t user, gid_t group) {
    // While there is CAP_SETPCAP. A kernel may know more capabilities than its headers, or fewer: the first EINVAL ends.
    for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++) {}
    if (initgroups(name, group) != 0) return -1;
    if (setresgid(group, group, group) != 0) return -1;
    return setresuid(user, user, user);
}

int mr_shed_capabilities(void) {
    for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++) {}
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    if (syscall(SYS_capset, &header, none) != 0) return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int mr_is_unprivileged(void) {
    if (getuid() == 0 || geteuid() == 0) return 0;
    if (setresuid(0, 0, 0) == 0 || seteuid(0) == 0 || setuid(0) == 0) return 0;
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct held[2];
    if (syscall(SYS_capget, &header, held) != 0) return 0;
    if ((held[0].permitted | held[1].permitted | held[0].inheritable | held[1].inheritable) != 0) return 0;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

void mr_spawn_closing(posix_spawn_file_actions_t *actions, int first) {
    posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int mr_exit_status(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

int mr_flush_standard_output(void) {
    const int flushed = fflush(stdout);
    return flushed != 0 ? errno : ferror(stdout) ? -1 : 0;
}
