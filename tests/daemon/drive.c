/* A network drive that is away, for one program: whatever asks for a place below $CALLSCRIBE_TEST_AWAY waits for ever. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void wait_below(const char *path) {
    const char *away = getenv("CALLSCRIBE_TEST_AWAY");
    if (away && path && strncmp(path, away, strlen(away)) == 0)
        for (;;) pause();
}

char *realpath(const char *path, char *real) {
    wait_below(path);
    char *(*next)(const char *, char *) = dlsym(RTLD_NEXT, "realpath");
    return next(path, real);
}

int inotify_add_watch(int fd, const char *path, uint32_t mask) {
    wait_below(path);
    int (*next)(int, const char *, uint32_t) = dlsym(RTLD_NEXT, "inotify_add_watch");
    return next(fd, path, mask);
}
