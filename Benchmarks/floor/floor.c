// The floor: an SMTP generator and a sink that do nothing but what the wire asks for, one thread each, over epoll.
//
//   floor sink PORT                                    DATA by memchr, BDAT by recv(MSG_TRUNC); ends on SIGTERM
//   floor generate PORT CONNECTIONS MESSAGES SIZE data|bdat
//
// Each prints one line of JSON at its end: messages, wall-clock and CPU seconds of this process. They speak as the
// programs that they are compared with: envelope and content overlapped in one write (RFC 2920), one read a message.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 131072, EVENTS = 256, MOST = 65536 };

static volatile sig_atomic_t stopping;
static void stop(int signal) { stopping = 1; (void)signal; }

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void report(long messages, double seconds) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double user = usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6;
    double system = usage.ru_stime.tv_sec + usage.ru_stime.tv_usec / 1e6;
    printf("{\"messages\":%ld,\"seconds\":%.6f,\"cpu_s\":%.6f}\n", messages, seconds, user + system);
    fflush(stdout);
}

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// ---------------------------------------------------------------- sink

struct session {
    int in_data;
    // How much of CRLF.CRLF the last octets were.
    int matched;
    // Octets of the chunk still to come.
    long chunk;
    char line[1024];
    int length;
    char out[4096];
    int pending;
};

static char buffer[BUFFER];
static long received;
static double first, last;

static void say(struct session *session, const char *text) {
    int length = strlen(text);
    if (session->pending + length > (int)sizeof session->out) die("too many replies");
    memcpy(session->out + session->pending, text, length);
    session->pending += length;
}

static void message(struct session *session) {
    last = now();
    if (received++ == 0) first = last;
    say(session, "250 ok\r\n");
}

// The end of the content, CRLF . CRLF, found by its dots behind line ends.
static size_t scan(struct session *session, const char *bytes, size_t count) {
    static const char end[] = "\r\n.\r\n";
    size_t at = 0;
    while (at < count) {
        if (session->matched == 0) {
            const char *cr = memchr(bytes + at, '\r', count - at);
            if (!cr) return count;
            at = cr - bytes;
        }
        if (bytes[at] == end[session->matched]) {
            at++;
            if (++session->matched == 5) {
                session->matched = 0;
                session->in_data = 0;
                message(session);
                return at;
            }
        } else {
            // A line end that ends another begins one.
            session->matched = bytes[at] == '\r';
            if (session->matched) at++;
        }
    }
    return count;
}

static int command(struct session *session) {
    const char *line = session->line;
    if (!strncasecmp(line, "DATA", 4)) {
        say(session, "354 go\r\n");
        session->in_data = 1;
        session->matched = 2;
    } else if (!strncasecmp(line, "BDAT ", 5)) {
        session->chunk = atol(line + 5);
        if (session->chunk == 0) message(session);
    } else if (!strncasecmp(line, "QUIT", 4)) {
        say(session, "221 bye\r\n");
        return 0;
    } else if (!strncasecmp(line, "EHLO", 4)) {
        say(session, "250-floor\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 SIZE\r\n");
    } else {
        say(session, "250 ok\r\n");
    }
    return 1;
}

static int feed(struct session *session, const char *bytes, size_t count) {
    size_t at = 0;
    while (at < count) {
        if (session->chunk > 0) {
            size_t part = count - at < (size_t)session->chunk ? count - at : (size_t)session->chunk;
            session->chunk -= part;
            at += part;
            if (session->chunk == 0) message(session);
        } else if (session->in_data) {
            at += scan(session, bytes + at, count - at);
        } else {
            const char *end = memchr(bytes + at, '\n', count - at);
            size_t part = end ? (size_t)(end - bytes) + 1 - at : count - at;
            if (session->length + part >= sizeof session->line) die("long line");
            memcpy(session->line + session->length, bytes + at, part);
            session->length += part;
            at += part;
            if (!end) break;
            session->length = 0;
            if (!command(session)) return 0;
        }
    }
    return 1;
}

// Commands are read in small pieces, so that most of a chunk is still in the kernel when it is known to be one.
static int readable(int socket, struct session *session, int discards) {
    for (;;) {
        ssize_t count;
        if (session->chunk > 0) {
            // The kernel drops what nobody wants to see, without a copy.
            count = recv(socket, NULL, session->chunk, MSG_TRUNC | MSG_DONTWAIT);
            if (count > 0) {
                session->chunk -= count;
                if (session->chunk == 0) message(session);
            }
        } else {
            size_t room = discards ? 512 : BUFFER;
            count = recv(socket, buffer, room, MSG_DONTWAIT);
            if (count > 0 && !feed(session, buffer, count)) {
                if (send(socket, session->out, session->pending, MSG_NOSIGNAL) < 0) return 0;
                return 0;
            }
        }
        if (count == 0) return 0;
        if (count < 0) {
            if (errno != EAGAIN) return 0;
            break;
        }
        if (session->chunk == 0 && !discards) break;
        if (session->chunk == 0) break;
    }
    if (session->pending) {
        if (send(socket, session->out, session->pending, MSG_NOSIGNAL) != session->pending) return 0;
        session->pending = 0;
    }
    return 1;
}

static void sink(int port, int discards) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = loopback(port);
    socklen_t size = sizeof address;
    if (bind(listener, (void *)&address, size) || listen(listener, 4096)) die("listen");
    getsockname(listener, (void *)&address, &size);
    printf("listening 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    static struct session *sessions[MOST];
    while (!stopping) {
        int count = epoll_wait(poll, events, EVENTS, 500);
        for (int index = 0; index < count; index++) {
            int socket = events[index].data.fd;
            if (socket == listener) {
                int client;
                while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                    sessions[client] = calloc(1, sizeof(struct session));
                    if (send(client, "220 floor\r\n", 11, MSG_NOSIGNAL) < 0) continue;
                    event = (struct epoll_event){.events = EPOLLIN, .data.fd = client};
                    epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
                }
            } else if (!readable(socket, sessions[socket], discards)) {
                close(socket);
                free(sessions[socket]);
                sessions[socket] = NULL;
            }
        }
    }
    report(received, last - first);
}

// ---------------------------------------------------------------- generator

struct client {
    int socket;
    // Replies (last lines) that the next step waits for.
    int awaited;
    int stage;
    // What is left to be written.
    struct iovec parts[4];
    int count;
    int has_line;
    char line[4];
    // Of the message in hand; each has its own recipient and id.
    long sequence;
    char envelope[256];
    char header[512];
};

enum { GREETING, HELLO, ENVELOPE, CONTENT, LEAVING };

static char *content;
static size_t content_size, header_size;
static long claimed, wanted, accepted;
static int chunks, poll_fd;

static void flush(struct client *client) {
    while (client->count > 0) {
        ssize_t sent = writev(client->socket, client->parts, client->count);
        if (sent < 0) {
            if (errno != EAGAIN) die("write");
            break;
        }
        while (client->count > 0 && (size_t)sent >= client->parts[0].iov_len) {
            sent -= client->parts[0].iov_len;
            memmove(client->parts, client->parts + 1, --client->count * sizeof client->parts[0]);
        }
        if (client->count > 0) {
            client->parts[0].iov_base = (char *)client->parts[0].iov_base + sent;
            client->parts[0].iov_len -= sent;
        }
    }
    struct epoll_event event = {.events = EPOLLIN | (client->count ? EPOLLOUT : 0), .data.ptr = client};
    epoll_ctl(poll_fd, EPOLL_CTL_MOD, client->socket, &event);
}

static void add(struct client *client, const void *bytes, size_t size) {
    client->parts[client->count++] = (struct iovec){(void *)bytes, size};
}

// Every message has a number of its own, in its envelope and in its header, as real mail has.
static void begin(struct client *client) {
    client->sequence = ++claimed;
    const char *form = chunks ? "MAIL FROM:<noreply@x.test>\r\nRCPT TO:<user-%019ld@y.test>\r\nBDAT %zu LAST\r\n"
                              : "MAIL FROM:<noreply@x.test>\r\nRCPT TO:<user-%019ld@y.test>\r\nDATA\r\n";
    int length = snprintf(client->envelope, sizeof client->envelope, form, client->sequence, content_size + header_size);
    add(client, client->envelope, length);
}

static int compose(char *out, size_t room, long sequence) {
    return snprintf(out, room,
        "X-Id: %032lx\r\nFrom: <noreply@x.test>\r\nTo: <user-%019ld@y.test>\r\nSubject: floor %019ld\r\n"
        "Date: Thu, 26 Nov 2026 00:00:00 +0000\r\nMessage-ID: <%032lx@x.test>\r\n\r\n",
        sequence, sequence, sequence, sequence);
}

static void deliver(struct client *client) {
    add(client, client->header, compose(client->header, sizeof client->header, client->sequence));
    add(client, content, content_size);
}

static void leave(struct client *client) {
    add(client, "QUIT\r\n", 6);
    client->stage = LEAVING;
    client->awaited = 1;
}

// All replies of a step are there.
static void step(struct client *client) {
    switch (client->stage) {
    case GREETING:
        add(client, "EHLO floor.test\r\n", 17);
        client->stage = HELLO;
        client->awaited = 1;
        break;
    case HELLO:
        if (claimed == wanted) { leave(client); break; }
        begin(client);
        if (chunks) deliver(client);
        client->awaited = 3;
        client->stage = chunks ? CONTENT : ENVELOPE;
        break;
    case ENVELOPE:
        // The next envelope goes with the content.
        deliver(client);
        client->stage = CONTENT;
        client->awaited = 1;
        if (claimed < wanted) {
            begin(client);
            client->awaited = 4;
            client->stage = ENVELOPE;
        }
        accepted++;
        break;
    case CONTENT:
        if (chunks) accepted++;
        if (chunks && claimed < wanted) {
            begin(client);
            deliver(client);
            client->awaited = 3;
        } else {
            leave(client);
        }
        break;
    }
}

static int answered(struct client *client) {
    char bytes[4096];
    ssize_t count = recv(client->socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count == 0) return 0;
    if (count < 0) return errno == EAGAIN;
    for (ssize_t at = 0; at < count; at++) {
        if (client->has_line < 4) client->line[client->has_line++] = bytes[at];
        if (bytes[at] != '\n') continue;
        client->has_line = 0;
        if (client->line[3] == '-') continue;
        if (client->line[0] != '2' && client->line[0] != '3') die("refused");
        if (--client->awaited == 0) {
            if (client->stage == LEAVING) return 0;
            step(client);
        }
    }
    if (client->count) flush(client);
    return 1;
}

static void prepare(size_t size) {
    char sample[512];
    header_size = compose(sample, sizeof sample, 1);
    size_t rest = size > header_size + 4 ? size - header_size : 4, at = 0;
    content = malloc(rest + 128);
    while (at < rest) {
        size_t line = rest - at < 78 ? rest - at : 78;
        memset(content + at, 'x', line);
        if (line > 2) memcpy(content + at + line - 2, "\r\n", 2);
        at += line;
    }
    if (memcmp(content + at - 2, "\r\n", 2)) memcpy(content + at, "\r\n", 2), at += 2;
    if (!chunks) memcpy(content + at, ".\r\n", 3), at += 3;
    content_size = at;
}

static void generate(int port, int connections, long messages, size_t size) {
    wanted = messages;
    prepare(size);
    poll_fd = epoll_create1(0);
    struct client *clients = calloc(connections, sizeof *clients);
    struct sockaddr_in address = loopback(port);
    int yes = 1, open = connections;
    double began = now();
    for (int index = 0; index < connections; index++) {
        struct client *client = clients + index;
        client->socket = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(client->socket, (void *)&address, sizeof address)) die("connect");
        fcntl(client->socket, F_SETFL, O_NONBLOCK);
        setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        client->stage = GREETING;
        client->awaited = 1;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, client->socket, &event);
    }
    struct epoll_event events[EVENTS];
    while (open > 0) {
        int count = epoll_wait(poll_fd, events, EVENTS, -1);
        for (int index = 0; index < count; index++) {
            struct client *client = events[index].data.ptr;
            if (events[index].events & EPOLLOUT) flush(client);
            if ((events[index].events & ~EPOLLOUT) && !answered(client)) {
                close(client->socket);
                open--;
            }
        }
    }
    report(accepted, now() - began);
}

int main(int count, char **words) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, stop);
    if (count >= 3 && !strcmp(words[1], "sink")) {
        sink(atoi(words[2]), count > 3 && !strcmp(words[3], "bdat"));
    } else if (count == 7 && !strcmp(words[1], "generate")) {
        chunks = !strcmp(words[6], "bdat");
        generate(atoi(words[2]), atoi(words[3]), atol(words[4]), atol(words[5]));
    } else {
        fprintf(stderr, "floor sink PORT [data|bdat] | floor generate PORT CONNECTIONS MESSAGES SIZE data|bdat\n");
        return 2;
    }
    return 0;
}
