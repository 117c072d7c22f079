// The test guest's picture program. CARD.md says what it shows, pixel by pixel; `card` alone, how.
// Raw DRM ioctls, so that a static binary needs nothing but the kernel.
#include <drm.h>
#include <drm_fourcc.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_OUTPUTS = 16, MAX_BUFFERS = 16, CURSOR_SIZE = 64 };

static const char usage[] =
    "card still  [OPTIONS]                  the card, standing still\n"
    "card mode WxH [OPTIONS]                the same in that mode\n"
    "card flip BUFFERS bar|full [OPTIONS]   page flips, --rate HZ of them a second;\n"
    "                                       --frames K or --seconds S ends them\n"
    "card dirty SEED [--rects K] [OPTIONS]  the card, then K rectangles, each its own damage\n"
    "card cursor X Y [--hot X,Y] [OPTIONS]  the card under a cursor; `move X Y` on stdin moves it\n"
    "card multi [--clone] [OPTIONS]         every connected output: frame number plus its index, or one\n"
    "                                       frame buffer on all\n"
    "card modes                             outputs and their modes\n"
    "card evdev                             input events, one a line\n"
    "OPTIONS: --output N (0)  --mode WxH (preferred)  --frame N (0)  --format XR24  --stride BYTES\n"
    "         --at X,Y (the picture's place in a larger frame buffer)  --follow (still: new preferred modes)\n"
    "The picture stays until a line on stdin or SIGTERM.\n";

static int card = -1;
static volatile sig_atomic_t stopped;

static void on_term(int signal) { (void)signal; stopped = 1; }

__attribute__((noreturn, format(printf, 2, 3)))
static void fail(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("card: error: ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    exit(code);
}

static int try_ioctl(unsigned long request, void *argument)
{
    int result;
    do result = ioctl(card, request, argument);
    while (result < 0 && (errno == EINTR || errno == EAGAIN) && !stopped);
    return result;
}

static void must_ioctl(unsigned long request, void *argument, const char *what)
{
    if (try_ioctl(request, argument) < 0)
        fail(1, "%s: %s", what, strerror(errno));
}

// ---- Options

struct options {
    unsigned output, width, height, frame, stride, at_x, at_y, rects, frames, hot_x, hot_y;
    double seconds, rate;
    uint32_t format;
    char format_name[5];
    bool clone, follow;
};

static unsigned number(const char *text, const char *what)
{
    char *end;
    errno = 0;
    unsigned long value = text ? strtoul(text, &end, 0) : 0;
    if (!text || end == text || *end || errno || *text == '-' || value > UINT32_MAX)
        fail(2, "%s: not a number: %s", what, text ? text : "nothing");
    return (unsigned)value;
}

static void pair(const char *text, char separator, const char *what, unsigned *first, unsigned *second)
{
    char format[] = "%u_%u%c", rest;
    format[2] = separator;
    if (!text || sscanf(text, format, first, second, &rest) != 2)
        fail(2, "%s: two numbers with '%c' between them are needed", what, separator);
}

static struct options read_options(char **argument)
{
    struct options options = { .rects = 8, .format = DRM_FORMAT_XRGB8888, .format_name = "XR24" };
    for (; *argument; argument++) {
        const char *name = *argument;
        if (!strcmp(name, "--clone")) { options.clone = true; continue; }
        if (!strcmp(name, "--follow")) { options.follow = true; continue; }
        const char *value = argument[1];
        if (!value) fail(2, "unknown option or no value: %s", name);
        if (!strcmp(name, "--output")) options.output = number(value, name);
        else if (!strcmp(name, "--frame")) options.frame = number(value, name);
        else if (!strcmp(name, "--frames")) options.frames = number(value, name);
        else if (!strcmp(name, "--seconds")) options.seconds = strtod(value, NULL);
        else if (!strcmp(name, "--rate")) options.rate = strtod(value, NULL);
        else if (!strcmp(name, "--rects")) options.rects = number(value, name);
        else if (!strcmp(name, "--stride")) options.stride = number(value, name);
        else if (!strcmp(name, "--mode")) pair(value, 'x', name, &options.width, &options.height);
        else if (!strcmp(name, "--at")) pair(value, ',', name, &options.at_x, &options.at_y);
        else if (!strcmp(name, "--hot")) pair(value, ',', name, &options.hot_x, &options.hot_y);
        else if (!strcmp(name, "--format")) {
            if (strlen(value) != 4) fail(2, "--format: four letters are needed, such as XR24");
            memcpy(options.format_name, value, 4);
            options.format = fourcc_code(value[0], value[1], value[2], value[3]);
        }
        else fail(2, "unknown option: %s", name);
        argument++;
    }
    return options;
}

// ---- Outputs

struct output {
    uint32_t connector, crtc;
    bool connected;
    unsigned mode_count;
    struct drm_mode_modeinfo modes[128];
};

static struct output outputs[MAX_OUTPUTS];
static unsigned output_count;

static void open_card(void)
{
    for (int i = 0; i < 8 && card < 0; i++) {
        char path[32];
        snprintf(path, sizeof path, "/dev/dri/card%d", i);
        card = open(path, O_RDWR | O_CLOEXEC);
    }
    if (card < 0) fail(1, "no /dev/dri/card*: this machine has no GPU with a driver");
    if (try_ioctl(DRM_IOCTL_SET_MASTER, NULL) < 0)
        fail(1, "another program shows a picture: end it first (%s)", strerror(errno));
}

static void read_outputs(void)
{
    uint32_t connectors[MAX_OUTPUTS], crtcs[MAX_OUTPUTS];
    struct drm_mode_card_res resources = {
        .connector_id_ptr = (uintptr_t)connectors, .count_connectors = MAX_OUTPUTS,
        .crtc_id_ptr = (uintptr_t)crtcs, .count_crtcs = MAX_OUTPUTS,
    };
    must_ioctl(DRM_IOCTL_MODE_GETRESOURCES, &resources, "GETRESOURCES");
    output_count = resources.count_connectors < resources.count_crtcs ? resources.count_connectors : resources.count_crtcs;
    for (unsigned i = 0; i < output_count; i++) {
        struct output *output = &outputs[i];
        output->connector = connectors[i];
        output->crtc = crtcs[i];
        struct drm_mode_get_connector probe = { .connector_id = connectors[i] };   // no room for modes: probes
        must_ioctl(DRM_IOCTL_MODE_GETCONNECTOR, &probe, "GETCONNECTOR");
        struct drm_mode_modeinfo dummy[128];
        struct drm_mode_get_connector connector = {
            .connector_id = connectors[i], .modes_ptr = (uintptr_t)dummy, .count_modes = 128,
        };
        must_ioctl(DRM_IOCTL_MODE_GETCONNECTOR, &connector, "GETCONNECTOR");
        output->connected = connector.connection == 1;
        output->mode_count = connector.count_modes < 128 ? connector.count_modes : 128;
        memcpy(output->modes, dummy, output->mode_count * sizeof dummy[0]);
    }
}

static struct output *find_output(unsigned index)
{
    if (index >= output_count) fail(1, "output %u: there are %u", index, output_count);
    if (!outputs[index].connected || !outputs[index].mode_count) fail(1, "output %u: not connected", index);
    return &outputs[index];
}

static struct drm_mode_modeinfo find_mode(const struct output *output, unsigned width, unsigned height)
{
    if (!width) return output->modes[0];
    for (unsigned i = 0; i < output->mode_count; i++)
        if (output->modes[i].hdisplay == width && output->modes[i].vdisplay == height)
            return output->modes[i];
    // Not in the list: virtio_gpu takes any timings, it has no signal to time.
    if (width < 2 || height < 2 || width > 16384 || height > 16384) fail(2, "mode %ux%u: 2x2 to 16384x16384", width, height);
    struct drm_mode_modeinfo mode = {
        .hdisplay = width, .hsync_start = width + 8, .hsync_end = width + 16, .htotal = width + 32,
        .vdisplay = height, .vsync_start = height + 2, .vsync_end = height + 4, .vtotal = height + 8,
        .vrefresh = 60, .type = DRM_MODE_TYPE_USERDEF,
    };
    mode.clock = (unsigned)((uint64_t)mode.htotal * mode.vtotal * 60 / 1000);
    snprintf(mode.name, sizeof mode.name, "%ux%u", width, height);
    return mode;
}

// ---- Frame buffers

// A picture of width x height pixels inside a frame buffer; pixel 0,0 is at `pixels`, rows are `pitch` words apart.
struct picture {
    uint32_t *pixels;
    size_t pitch;
    unsigned width, height;
    uint32_t opaque;        // what every pixel has in its highest byte
    uint32_t framebuffer, handle;
    unsigned stride;
};

static struct picture create_picture(unsigned width, unsigned height, const struct options *options)
{
    unsigned whole_width = width + options->at_x, whole_height = height + options->at_y;
    if (options->stride && (options->stride % 4 || options->stride / 4 < whole_width))
        fail(2, "--stride %u: a multiple of 4 and at least %u is needed", options->stride, whole_width * 4);
    struct drm_mode_create_dumb dumb = {
        .width = options->stride ? options->stride / 4 : whole_width, .height = whole_height, .bpp = 32,
    };
    must_ioctl(DRM_IOCTL_MODE_CREATE_DUMB, &dumb, "CREATE_DUMB");
    struct drm_mode_fb_cmd2 framebuffer = {
        .width = whole_width, .height = whole_height, .pixel_format = options->format,
        .handles = { dumb.handle }, .pitches = { dumb.pitch },
    };
    if (try_ioctl(DRM_IOCTL_MODE_ADDFB2, &framebuffer) < 0) {
        printf("card: refused format=%s step=ADDFB2 reason=%s\n", options->format_name, strerror(errno));
        exit(3);
    }
    struct drm_mode_map_dumb map = { .handle = dumb.handle };
    must_ioctl(DRM_IOCTL_MODE_MAP_DUMB, &map, "MAP_DUMB");
    uint32_t *pixels = mmap(NULL, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, card, (off_t)map.offset);
    if (pixels == MAP_FAILED) fail(1, "mapping %llu bytes: %s", (unsigned long long)dumb.size, strerror(errno));
    if (options->format != DRM_FORMAT_XRGB8888 && options->format != DRM_FORMAT_ARGB8888)
        fail(3, "the kernel takes %s, but this program draws XR24 and AR24 only", options->format_name);
    memset(pixels, 0x55, dumb.size);
    return (struct picture) {
        .pixels = pixels + (size_t)options->at_y * (dumb.pitch / 4) + options->at_x, .pitch = dumb.pitch / 4,
        .width = width, .height = height, .framebuffer = framebuffer.fb_id, .handle = dumb.handle, .stride = dumb.pitch,
        .opaque = options->format == DRM_FORMAT_ARGB8888 ? 0xff000000u : 0,
    };
}

static void show(const struct output *output, const struct drm_mode_modeinfo *mode, const struct picture *picture,
                 const struct options *options)
{
    uint32_t connector = output->connector;
    struct drm_mode_crtc crtc = {
        .set_connectors_ptr = (uintptr_t)&connector, .count_connectors = 1, .crtc_id = output->crtc,
        .fb_id = picture->framebuffer, .x = options->at_x, .y = options->at_y, .mode_valid = 1, .mode = *mode,
    };
    if (try_ioctl(DRM_IOCTL_MODE_SETCRTC, &crtc) < 0) {
        printf("card: refused format=%s mode=%ux%u step=SETCRTC reason=%s\n", options->format_name,
               picture->width, picture->height, strerror(errno));
        exit(3);
    }
}

static void say_shown(unsigned output, const struct picture *picture, const struct options *options, unsigned frame,
                      const char *kind)
{
    printf("card: shown output=%u %ux%u format=%s stride=%u at=%u,%u kind=%s frame=%u\n", output, picture->width,
           picture->height, options->format_name, picture->stride, options->at_x, options->at_y, kind, frame);
}

// ---- The card: rules a to d of CARD.md

static const uint32_t white = 0xffffff, black = 0;

static uint32_t rgb(uint32_t red, uint32_t green, uint32_t blue) { return red << 16 | green << 8 | blue; }

static uint32_t background(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    static const uint32_t bars[8] = { 0xffffff, 0xffff00, 0x00ffff, 0x00ff00, 0xff00ff, 0xff0000, 0x0000ff, 0x000000 };
    uint32_t third = height / 3;
    if (y < third) return bars[x * 8 / width];
    if (y < 2 * third) return rgb(x * 255 / (width - 1), y * 255 / (height - 1), 128);
    uint32_t blue = ((x >> 8) << 4 | (y >> 8)) & 255;
    if ((x ^ y) & 1) blue ^= 64;
    return rgb(x & 255, y & 255, blue);
}

static void put(const struct picture *picture, unsigned x, unsigned y, uint32_t color)
{
    if (x < picture->width && y < picture->height)
        picture->pixels[y * picture->pitch + x] = color | picture->opaque;
}

static void fill(const struct picture *picture, unsigned x, unsigned y, unsigned width, unsigned height, uint32_t color)
{
    for (unsigned row = y; row < y + height; row++)
        for (unsigned column = x; column < x + width; column++)
            put(picture, column, row, color);
}

static void draw_number_and_border(const struct picture *picture, uint32_t frame)
{
    for (unsigned bit = 0; bit < 32; bit++) {
        bool set = frame >> bit & 1;
        fill(picture, 8 + 8 * bit, 8, 8, 8, set ? white : black);
        fill(picture, 8 + 8 * bit, 16, 8, 8, set ? black : white);
    }
    fill(picture, 0, 0, picture->width, 1, white);
    fill(picture, 0, picture->height - 1, picture->width, 1, white);
    fill(picture, 0, 0, 1, picture->height, white);
    fill(picture, picture->width - 1, 0, 1, picture->height, white);
}

// Rule a for the whole picture, computed once: frames are made from it.
static uint32_t *draw_base(const struct picture *picture)
{
    uint32_t *base = malloc((size_t)picture->width * picture->height * 4);
    if (!base) fail(1, "no memory for the background");
    for (unsigned y = 0; y < picture->height; y++)
        for (unsigned x = 0; x < picture->width; x++)
            base[(size_t)y * picture->width + x] = background(x, y, picture->width, picture->height) | picture->opaque;
    return base;
}

static void copy_base(const struct picture *picture, const uint32_t *base, uint32_t mask)
{
    for (unsigned y = 0; y < picture->height; y++) {
        const uint32_t *from = base + (size_t)y * picture->width;
        uint32_t *to = picture->pixels + y * picture->pitch;
        for (unsigned x = 0; x < picture->width; x++) to[x] = from[x] ^ mask;
    }
}

static void draw_still(const struct picture *picture, uint32_t frame)
{
    uint32_t *base = draw_base(picture);
    copy_base(picture, base, 0);
    free(base);
    draw_number_and_border(picture, frame);
}

static void draw_full(const struct picture *picture, const uint32_t *base, uint32_t frame)
{
    copy_base(picture, base, rgb(frame & 255, frame * 3 & 255, frame * 5 & 255));
    draw_number_and_border(picture, frame);
}

// Takes the bar of the frame that the buffer held before away, and draws this frame's.
static void draw_bar(const struct picture *picture, const uint32_t *base, uint32_t frame, uint32_t before)
{
    unsigned old_bar = (unsigned)((uint64_t)before * 16 % picture->width);
    unsigned bar = (unsigned)((uint64_t)frame * 16 % picture->width);
    for (unsigned y = 0; y < picture->height; y++) {
        uint32_t *row = picture->pixels + y * picture->pitch;
        const uint32_t *from = base + (size_t)y * picture->width;
        for (unsigned k = 0, x = old_bar; k < 64; k++, x = x + 1 == picture->width ? 0 : x + 1) row[x] = from[x];
        for (unsigned k = 0, x = bar; k < 64; k++, x = x + 1 == picture->width ? 0 : x + 1) row[x] = rgb(255, 128, 0) | picture->opaque;
    }
    draw_number_and_border(picture, frame);
}

// ---- Commands

// Waits for a line (true: the line is in `line`) or for the end. End of stdin leaves only SIGTERM.
static bool wait_for_line(char *line, size_t size, int other)
{
    static bool no_stdin;
    while (!stopped) {
        struct pollfd ends[2] = { { no_stdin ? -1 : 0, POLLIN, 0 }, { other, POLLIN, 0 } };
        if (poll(ends, 2, -1) < 0) continue;
        if (ends[1].revents) return false;
        if (!ends[0].revents) continue;
        size_t length = 0;
        char byte;
        ssize_t got;
        while ((got = read(0, &byte, 1)) == 1 && byte != '\n')
            if (length + 1 < size) line[length++] = byte;
        line[length] = 0;
        if (got == 1 || length) return true;
        no_stdin = true;
    }
    return false;
}

static void hold(void)
{
    char line[80];
    wait_for_line(line, sizeof line, -1);
    printf("card: done\n");
}

static int uevents(void)
{
    int socket_fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
    if (socket_fd < 0 || bind(socket_fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail(1, "listening for hot plug: %s", strerror(errno));
    return socket_fd;
}

static struct picture show_still(const struct options *options)
{
    struct output *output = find_output(options->output);
    struct drm_mode_modeinfo mode = find_mode(output, options->width, options->height);
    struct picture picture = create_picture(mode.hdisplay, mode.vdisplay, options);
    draw_still(&picture, options->frame);
    show(output, &mode, &picture, options);
    return picture;
}

static void still(const struct options *options)
{
    int events = options->follow ? uevents() : -1;
    struct picture picture = show_still(options);
    say_shown(options->output, &picture, options, options->frame, "still");
    char line[80];
    while (!stopped && !wait_for_line(line, sizeof line, events) && !stopped) {
        char message[4096];
        ssize_t length = recv(events, message, sizeof message, 0);
        if (length <= 0 || !memmem(message, (size_t)length, "HOTPLUG=1", 9)) continue;
        read_outputs();
        struct drm_mode_modeinfo mode = find_mode(find_output(options->output), 0, 0);
        if (mode.hdisplay == picture.width && mode.vdisplay == picture.height) continue;
        picture = show_still(options);
        say_shown(options->output, &picture, options, options->frame, "still");
    }
    printf("card: done\n");
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void wait_for_flip(void)
{
    char events[1024];
    ssize_t length;
    do length = read(card, events, sizeof events);
    while (length < 0 && errno == EINTR && !stopped);
    if (length < 0 && !stopped) fail(1, "waiting for a flip: %s", strerror(errno));
}

// Sleeps until a moment of now()'s clock.
static void sleep_until(double when)
{
    struct timespec time = { (time_t)when, (long)((when - (double)(time_t)when) * 1e9) };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR && !stopped) {}
}

static void flip(unsigned buffer_count, bool full, const struct options *options)
{
    if (buffer_count < 1 || buffer_count > MAX_BUFFERS) fail(2, "flip: 1 to %d buffers", MAX_BUFFERS);
    struct output *output = find_output(options->output);
    struct drm_mode_modeinfo mode = find_mode(output, options->width, options->height);
    if (mode.hdisplay < 64) fail(2, "flip: the bar is 64 pixels wide, the mode %u", mode.hdisplay);
    struct picture pictures[MAX_BUFFERS];
    uint32_t held[MAX_BUFFERS];
    for (unsigned i = 0; i < buffer_count; i++) pictures[i] = create_picture(mode.hdisplay, mode.vdisplay, options);
    uint32_t *base = draw_base(&pictures[0]);
    for (unsigned i = 0; i < buffer_count; i++) {
        held[i] = options->frame + i;
        copy_base(&pictures[i], base, 0);
    }

    uint32_t frame = options->frame;
    unsigned flips = 0;
    double start = 0;
    for (;;) {
        unsigned buffer = (frame - options->frame) % buffer_count;
        if (full) draw_full(&pictures[buffer], base, frame);
        else draw_bar(&pictures[buffer], base, frame, held[buffer]);
        held[buffer] = frame;
        if (frame == options->frame) {
            show(output, &mode, &pictures[buffer], options);
            printf("card: flipping output=%u %ux%u format=%s buffers=%u kind=%s frame=%u\n", options->output,
                   pictures[0].width, pictures[0].height, options->format_name, buffer_count, full ? "full" : "bar", frame);
            start = now();
        } else {
            if (options->rate > 0) sleep_until(start + (flips + 1) / options->rate);
            struct drm_mode_crtc_page_flip request = {
                .crtc_id = output->crtc, .fb_id = pictures[buffer].framebuffer, .flags = DRM_MODE_PAGE_FLIP_EVENT,
            };
            must_ioctl(DRM_IOCTL_MODE_PAGE_FLIP, &request, "PAGE_FLIP");
            wait_for_flip();
            flips++;
        }
        if (stopped || (options->frames && flips >= options->frames) || (options->seconds > 0 && now() - start >= options->seconds)) break;
        frame++;
    }
    double seconds = now() - start;
    printf("card: flipped output=%u flips=%u seconds=%.3f rate=%.2f\n", options->output, flips, seconds, flips / seconds);
    say_shown(options->output, &pictures[(frame - options->frame) % buffer_count], options, frame, full ? "full" : "bar");
    free(base);
    hold();
}

static uint32_t lcg_state;

static uint32_t next_random(void)
{
    lcg_state = lcg_state * 1664525u + 1013904223u;
    return lcg_state >> 16;
}

static void dirty(unsigned seed, const struct options *options)
{
    struct picture picture = show_still(options);
    lcg_state = seed;
    for (unsigned i = 0; i < options->rects; i++) {
        unsigned width = 1 + next_random() % (picture.width / 2), height = 1 + next_random() % (picture.height / 2);
        unsigned x = next_random() % (picture.width - width + 1), y = next_random() % (picture.height - height + 1);
        uint32_t red = next_random() & 255, green = next_random() & 255, blue = next_random() & 255;
        fill(&picture, x, y, width, height, rgb(red, green, blue));
        struct drm_clip_rect clip = {
            .x1 = (unsigned short)(x + options->at_x), .y1 = (unsigned short)(y + options->at_y),
            .x2 = (unsigned short)(x + options->at_x + width), .y2 = (unsigned short)(y + options->at_y + height),
        };
        struct drm_mode_fb_dirty_cmd command = { .fb_id = picture.framebuffer, .num_clips = 1, .clips_ptr = (uintptr_t)&clip };
        must_ioctl(DRM_IOCTL_MODE_DIRTYFB, &command, "DIRTYFB");
        printf("card: dirty output=%u rect=%u %u,%u %ux%u color=%02x%02x%02x\n", options->output, i, x, y, width, height,
               red, green, blue);
    }
    say_shown(options->output, &picture, options, options->frame, "dirty");
    hold();
}

static void cursor(int x, int y, const struct options *options)
{
    struct options plain = { .format = DRM_FORMAT_ARGB8888, .format_name = "AR24" };
    struct picture still_picture = show_still(options), image = create_picture(CURSOR_SIZE, CURSOR_SIZE, &plain);
    const unsigned half = CURSOR_SIZE / 2;
    for (unsigned row = 0; row < CURSOR_SIZE; row++)
        for (unsigned column = 0; column < CURSOR_SIZE; column++)
            image.pixels[row * image.pitch + column] =
                row < half ? (column < half ? 0xffff0000u : 0xff00ff00u) : (column < half ? 0u : 0x80000080u);
    struct drm_mode_cursor2 command = {
        .flags = DRM_MODE_CURSOR_BO | DRM_MODE_CURSOR_MOVE, .crtc_id = find_output(options->output)->crtc, .x = x, .y = y,
        .width = CURSOR_SIZE, .height = CURSOR_SIZE, .handle = image.handle, .hot_x = (int)options->hot_x, .hot_y = (int)options->hot_y,
    };
    must_ioctl(DRM_IOCTL_MODE_CURSOR2, &command, "CURSOR2");
    say_shown(options->output, &still_picture, options, options->frame, "cursor");
    printf("card: cursor output=%u %d,%d hot=%u,%u\n", options->output, x, y, options->hot_x, options->hot_y);
    char line[80];
    while (wait_for_line(line, sizeof line, -1) && sscanf(line, "move %d %d", &x, &y) == 2) {
        command.flags = DRM_MODE_CURSOR_MOVE;
        command.x = x;
        command.y = y;
        must_ioctl(DRM_IOCTL_MODE_CURSOR2, &command, "CURSOR2");
        printf("card: cursor output=%u %d,%d hot=%u,%u\n", options->output, x, y, options->hot_x, options->hot_y);
    }
    printf("card: done\n");
}

static void multi(const struct options *options)
{
    struct picture picture = { 0 };
    for (unsigned i = 0; i < output_count; i++) {
        if (!outputs[i].connected || !outputs[i].mode_count) continue;
        struct drm_mode_modeinfo mode = find_mode(&outputs[i], options->width, options->height);
        if (options->clone && picture.pixels) mode = find_mode(&outputs[i], picture.width, picture.height);
        if (!options->clone || !picture.pixels) {
            picture = create_picture(mode.hdisplay, mode.vdisplay, options);
            draw_still(&picture, options->frame + (options->clone ? 0 : i));
        }
        show(&outputs[i], &mode, &picture, options);
        say_shown(i, &picture, options, options->frame + (options->clone ? 0 : i), "still");
    }
    hold();
}

static void list_modes(void)
{
    for (unsigned i = 0; i < output_count; i++) {
        printf("card: output=%u connected=%d modes=", i, outputs[i].connected);
        for (unsigned j = 0; j < outputs[i].mode_count; j++)
            printf("%s%ux%u@%u", j ? "," : "", outputs[i].modes[j].hdisplay, outputs[i].modes[j].vdisplay, outputs[i].modes[j].vrefresh);
        printf("\n");
    }
}

static void evdev(void)
{
    struct pollfd devices[33] = { { 0, POLLIN, 0 } };
    unsigned count = 1;
    for (int i = 0; i < 32; i++) {
        char path[40], name[128] = "";
        snprintf(path, sizeof path, "/dev/input/event%d", i);
        int device = open(path, O_RDONLY | O_CLOEXEC);
        if (device < 0) continue;
        ioctl(device, EVIOCGNAME(sizeof name), name);
        ioctl(device, EVIOCGRAB, 1);
        printf("card: device=%u name=\"%s\"\n", count - 1, name);
        devices[count++] = (struct pollfd) { device, POLLIN, 0 };
    }
    printf("card: reading devices=%u\n", count - 1);
    while (!stopped) {
        if (poll(devices, count, -1) < 0) continue;
        if (devices[0].revents) {
            char byte;
            if (read(0, &byte, 1) == 1) break;
            devices[0].fd = -1;   // end of stdin: SIGTERM ends
        }
        for (unsigned i = 1; i < count; i++) {
            struct input_event event;
            if (devices[i].revents && read(devices[i].fd, &event, sizeof event) == sizeof event)
                printf("card: event device=%u type=%u code=%u value=%d\n", i - 1, event.type, event.code, event.value);
        }
    }
    printf("card: done\n");
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct sigaction action = { .sa_handler = on_term };
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);

    const char *command = argc > 1 ? argv[1] : "";
    if (!*command || !strcmp(command, "--help")) { fputs(usage, stdout); return 0; }
    if (!strcmp(command, "evdev")) { evdev(); return 0; }

    unsigned operands = !strcmp(command, "flip") || !strcmp(command, "cursor") ? 2
        : !strcmp(command, "dirty") || !strcmp(command, "mode") ? 1 : 0;
    if (argc < 2 + (int)operands) fail(2, "%s: %u arguments are needed; `card` alone shows them", command, operands);
    struct options options = read_options(argv + 2 + operands);
    open_card();
    read_outputs();

    if (!strcmp(command, "still")) still(&options);
    else if (!strcmp(command, "mode")) { pair(argv[2], 'x', "mode", &options.width, &options.height); still(&options); }
    else if (!strcmp(command, "flip")) {
        bool full = !strcmp(argv[3], "full");
        if (!full && strcmp(argv[3], "bar")) fail(2, "flip: bar or full, not %s", argv[3]);
        flip(number(argv[2], "flip"), full, &options);
    }
    else if (!strcmp(command, "dirty")) dirty(number(argv[2], "dirty"), &options);
    else if (!strcmp(command, "cursor")) cursor(atoi(argv[2]), atoi(argv[3]), &options);
    else if (!strcmp(command, "multi")) multi(&options);
    else if (!strcmp(command, "modes")) list_modes();
    else fail(2, "unknown command: %s; `card` alone shows them all", command);
    return 0;
}
