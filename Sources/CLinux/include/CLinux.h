// What the Glibc module of Swift does not show.
#ifndef MILLRACE_CLINUX_H
#define MILLRACE_CLINUX_H

#include <spawn.h>
#include <sys/types.h>

// Blocks up to `map_above` bytes come from the heap instead of a mapping of their own, and up to `trim_above` free
// bytes stay with the process: mallopt(3).
void mr_keep_large_blocks(int map_above, int trim_above);

// Gives memory that was freed and kept back to the kernel: malloc_trim(3).
void mr_give_back_memory(void);

// Starts writing a file's dirty pages to the disk and does not wait: sync_file_range(2). Promises nothing; a sync has
// to follow.
void mr_start_writeback(int descriptor);

// Asks the file system to spread the directories made in this one over its block groups (chattr +T, ext4); others
// ignore it.
void mr_spread_subdirectories(int descriptor);

// syncfs(2): all of the file system that holds the descriptor is on stable storage when it returns 0.
int mr_sync_file_system(int descriptor);

// openat(2) for writing past the page cache (O_DIRECT); -1 where the file system cannot.
int mr_open_direct(int directory, const char *name);

// Names the calling thread, at most 15 characters, as `top -H` and /proc show it; threads it starts inherit the name.
void mr_name_thread(const char *name);

// Processes whose parent has ended become children of this one instead of process 1 (PR_SET_CHILD_SUBREAPER).
void mr_adopt_orphans(void);

// The new process changes its directory before it runs: posix_spawn_file_actions_addchdir_np(3).
void mr_spawn_in_directory(posix_spawn_file_actions_t *actions, const char *directory);

// What wait(2) said: the exit status, or 128 and the signal.
int mr_exit_status(int status);

// Becomes this user with its groups: initgroups(3), setresgid(2), setresuid(2), which glibc does on all threads. Before,
// the bounding set of the calling thread is emptied, as far as that is allowed. 0, or -1 with errno.
int mr_become_user(const char *name, uid_t user, gid_t group);

// The calling thread has no capabilities afterwards, ambient ones included, and no program that it runs gets any
// (PR_SET_NO_NEW_PRIVS). 0, or -1 with errno.
int mr_shed_capabilities(void);

// 1 if neither root nor a capability can be had back, tried out; else 0.
int mr_is_unprivileged(void);

// posix_spawn_file_actions_addclosefrom_np(3): descriptors from `first` on are closed in the new process.
void mr_spawn_closing(posix_spawn_file_actions_t *actions, int first);

// Writes what `stdout` still holds. 0, or the error number; -1 if an earlier write failed, whose reason is not known.
int mr_flush_standard_output(void);

#endif
