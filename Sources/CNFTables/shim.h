#include <linux/netlink.h>
#include <nftables/libnftables.h>

// Functions of glibc that its Swift module leaves out (they need _GNU_SOURCE).
int setns(int descriptor, int kind);
int unshare(int kinds);
int gettid(void);
int pthread_setname_np(unsigned long thread, const char *name);
