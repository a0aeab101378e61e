/* race HOME ROOT_DIRECTORY ROOT_FILE...: what a local user can do to names in a home while root works there, for as long as it runs.
   Busy loops and inotify, a process each: every name that appears is swapped for a link, parents move, the parts of a path and files
   change places with links to root's, with pipes, and with files that have another name elsewhere. It prints what it won: nothing does. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *home, *root_directory, *root_file;

static void exchange(const char *a, const char *b) {
  syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */);
}

static void make_link(const char *to, const char *name) {
  if (symlink(to, name) != 0 && errno != EEXIST) return;
}

/* Any directory that appears: taken away or moved aside, and a link to root's in its place; any file: a link to root's. */
static void grab(const char *directory) {
  char buffer[65536];
  int watched, many = 0;
  if (chdir(directory) != 0) _exit(1);
  watched = inotify_init1(0);
  inotify_add_watch(watched, ".", IN_CREATE | IN_MOVED_TO | IN_ISDIR);
  for (;;) {
    ssize_t got = read(watched, buffer, sizeof buffer);
    for (char *at = buffer; at < buffer + got;) {
      struct inotify_event *event = (struct inotify_event *)at;
      char aside[300];
      at += sizeof *event + event->len;
      if (event->len == 0 || event->name[0] != '.' || strncmp(event->name, ".a.", 3) == 0) continue;
      if (strncmp(event->name, ".harden", 7) != 0 && strncmp(event->name, ".authorized", 11) != 0) continue;
      snprintf(aside, sizeof aside, ".a.%d.%d", getpid(), many++);
      if (rmdir(event->name) == 0 || rename(event->name, aside) == 0)
        make_link(event->mask & IN_ISDIR ? root_directory : root_file, event->name);
    }
  }
}

/* The same without waiting to be told. */
static void spin(const char *directory) {
  int many = 0;
  if (chdir(directory) != 0) _exit(1);
  for (;;) {
    DIR *open_directory = opendir(".");
    struct dirent *entry;
    if (open_directory == NULL) continue;
    while ((entry = readdir(open_directory)) != NULL) {
      char aside[300];
      if (strncmp(entry->d_name, ".harden", 7) != 0 || entry->d_type == DT_LNK) continue;
      snprintf(aside, sizeof aside, ".a.%d.%d", getpid(), many++);
      if (rmdir(entry->d_name) == 0 || rename(entry->d_name, aside) == 0) make_link(root_directory, entry->d_name);
    }
    closedir(open_directory);
    usleep(50);
  }
}

/* A name and something else change places all the time; the pause lets a walk come through now and then. */
static void swap(const char *name, const char *with, int pause) {
  if (chdir(home) != 0) _exit(1);
  for (;;) {
    exchange(name, with);
    if (pause) usleep(rand() % pause);
    exchange(name, with);
    if (pause) usleep(rand() % pause);
  }
}

static void move_away(const char *name, const char *to, int pause) {
  if (chdir(home) != 0) _exit(1);
  for (;;) {
    rename(name, to);
    usleep(rand() % pause);
    rename(to, name);
    usleep(rand() % pause);
  }
}

/* Hard links to what is root's: refused by most kernels, taken by others. */
static void hard_link(const char *name) {
  if (chdir(home) != 0) _exit(1);
  for (;;) {
    if (link(root_file, ".a.hard") == 0) { exchange(".a.hard", name); usleep(200); unlink(".a.hard"); }
    usleep(500);
  }
}

static pid_t children[64];
static int count;
static int begin(void) {
  pid_t child = fork();
  if (child == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); srand(getpid()); return 1; }
  if (child > 0) children[count++] = child;
  return 0;
}

static void end(int signal) {
  for (int at = 0; at < count; at++) kill(children[at], SIGKILL);
  _exit(signal == SIGALRM ? 0 : 0);
}

int main(int argc, char **argv) {
  static const char *const watched[] = {".", ".ssh", "app", "app/conf", "app/data"};
  if (argc < 4 || chdir(argv[1]) != 0) return 2;
  home = argv[1]; root_directory = argv[2]; root_file = argv[3];
  signal(SIGTERM, end); signal(SIGALRM, end);
  alarm(1800);
  make_link(root_directory, ".a.dir"); make_link(root_directory, ".a.dir2"); make_link(root_directory, ".a.ssh"); make_link(root_directory, ".a.sub");
  make_link(root_file, ".a.file"); make_link(root_file, ".a.file2"); make_link(root_file, ".a.keys");
  mkfifo(".a.pipe", 0666); mkfifo(".a.pipe2", 0666);
  for (unsigned at = 0; at < sizeof watched / sizeof *watched; at++) {
    if (begin()) grab(watched[at]);
  }
  if (begin()) spin(".");
  if (begin()) swap(".bashrc", ".a.file", 400);
  if (begin()) swap(".profile", ".a.pipe", 700);
  if (begin()) swap("app", ".a.dir", 2500);
  if (begin()) swap("app/conf", ".a.dir2", 3000);
  if (begin()) swap("app/data/file", ".a.file2", 300);
  if (begin()) swap("app/data/file", "planted", 900);
  if (begin()) swap("tree/sub", ".a.sub", 500);
  if (begin()) swap("tree/sub/file", ".a.pipe2", 800);
  if (begin()) swap(".ssh", ".a.ssh", 2500);
  if (begin()) swap(".ssh/authorized_keys", ".a.keys", 500);
  if (begin()) move_away("app/conf", "conf", 4000);
  if (begin()) hard_link("app/data/file");
  for (;;) pause();
}
