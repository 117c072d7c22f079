// Starts another kernel in the place of the one that runs (kexec_file_load(2), reboot(2)), without the firmware and at once: kexec KERNEL INITRD.
// It gets this one's command line. Debian's kexec would need libraries that the guest does not have.
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int must(long result, const char *what)
{
    if (result < 0) {
        printf("kexec: error: %s: %s\n", what, strerror(errno));
        exit(1);
    }
    return (int)result;
}

int main(int count, char **words)
{
    char line[4096];
    if (count != 3) {
        printf("kexec: error: usage: kexec KERNEL INITRD\n");
        return 2;
    }
    int kernel = must(open(words[1], O_RDONLY), words[1]);
    int initrd = must(open(words[2], O_RDONLY), words[2]);
    int source = must(open("/proc/cmdline", O_RDONLY), "/proc/cmdline");
    ssize_t length = must(read(source, line, sizeof line), "reading /proc/cmdline");
    if (length > 0)
        line[length - 1] = 0;   // it ends with a newline
    must(syscall(SYS_kexec_file_load, kernel, initrd, length, line, 0ul), "kexec_file_load");
    must(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL), "reboot");
    return 1;
}
