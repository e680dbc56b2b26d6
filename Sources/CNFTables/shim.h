#include <nftables/libnftables.h>

// Two functions of glibc that its Swift module leaves out (they need _GNU_SOURCE).
int setns(int descriptor, int kind);
int pthread_setname_np(unsigned long thread, const char *name);
