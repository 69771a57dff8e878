/* The floor of the chunk path: what a chunk's bytes cost when bare sockets and OpenSSL calls do the work.
 *
 * A thread for each client receives a chunk's form into one buffer, hashes (SHA-256) and encrypts
 * (AES-256-GCM, in place) each piece while it is warm in the cache, posts the whole to a webhook over a
 * connection of its own, and answers with the chunk's index. Everything is done as the upload service
 * does it, in the same order, and nothing besides: no loop, no journal, no report, no limits. It believes
 * whatever it is sent, so it is good for nothing but this measurement.
 *
 * Usage: floor PORT PATH: the port of Discord on this machine, and the path of a webhook. It says where it
 * listens in a line of JSON, as the other children of the benchmarks do.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 24 << 20, PIECE = 512 << 10, HEADER = 17, TAG = 16, TEXT = 64 << 10 };

static int discord_port;
static const char *webhook;

static void check(int is_fine, const char *what) {
    if (!is_fine) {
        perror(what);
        exit(1);
    }
}

static void send_all(int to, const void *data, size_t length) {
    for (const char *next = data; length > 0;) {
        ssize_t sent = send(to, next, length, MSG_NOSIGNAL);
        check(sent > 0, "send");
        next += sent;
        length -= (size_t)sent;
    }
}

/* Receives until the head of a message is there; returns what was received, 0 at the end. */
static size_t receive_head(int from, char *text, char **body) {
    size_t length = 0;
    for (*body = NULL; *body == NULL;) {
        ssize_t got = recv(from, text + length, TEXT - 1 - length, 0);
        if (got <= 0) return 0;
        length += (size_t)got;
        text[length] = 0;
        char *end = memmem(text, length, "\r\n\r\n", 4);
        if (end != NULL) *body = end + 4;
    }
    return length;
}

static size_t announced(const char *head) {
    const char *field = strcasestr(head, "content-length:");
    check(field != NULL, "content-length");
    return strtoul(field + 15, NULL, 10);
}

static int connect_to_discord(void) {
    int to = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(discord_port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(connect(to, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return to;
}

static void post(int to, const char *sealed, size_t length, char *text) {
    static const char head[] =
        "--floor\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"chunk.bin\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n";
    static const char tail[] = "\r\n--floor--\r\n";
    int used = snprintf(text, TEXT,
                        "POST %s?wait=true HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                        "User-Agent: DiscordBot (https://discord-cloud.invalid, 1)\r\n"
                        "Content-Type: multipart/form-data; boundary=floor\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        webhook, sizeof head - 1 + length + sizeof tail - 1, head);
    send_all(to, text, (size_t)used);
    send_all(to, sealed, length);
    send_all(to, tail, sizeof tail - 1);
    char *body;
    size_t received = receive_head(to, text, &body);
    if (received == 0 || strncmp(text, "HTTP/1.1 200", 12) != 0) {
        fprintf(stderr, "floor: Discord answered %.*s\n", (int)received, text);
        exit(1);
    }
    size_t left = announced(text) - (received - (size_t)(body - text));
    while (left > 0) {
        ssize_t got = recv(to, text, left < TEXT ? left : TEXT, 0);
        check(got > 0, "answer of Discord");
        left -= (size_t)got;
    }
}

/* Where the file begins in the body of a form; the index of the chunk stands before it. */
static char *file_of(char *body, long *index) {
    char *field = strstr(body, "name=\"chunk\"\r\n\r\n"), *file = strstr(body, "name=\"file\"");
    check(field != NULL && file != NULL, "form");
    *index = strtol(field + 16, NULL, 10);
    return strstr(file, "\r\n\r\n") + 4;
}

static void *serve(void *argument) {
    int client = (int)(long)argument, discord = connect_to_discord();
    char *text = malloc(TEXT), *buffer = malloc(BUFFER), *body;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    unsigned char key[32], hash[32];
    RAND_bytes(key, sizeof key);
    for (size_t received; (received = receive_head(client, text, &body)) > 0;) {
        long index;
        int used;
        /* The sender writes the head of the form together with that of the request. */
        char *file = file_of(body, &index), *boundary_end = strstr(body, "\r\n");
        size_t tail = (size_t)(boundary_end - body) + 6; /* CRLF before it, "--" and CRLF behind it */
        size_t left = announced(text) - (size_t)(file - body), length = left - tail, done = 0;
        size_t here = received - (size_t)(file - text), taken = here < length ? here : length;
        check(length + HEADER + TAG + tail < BUFFER, "chunk");
        char *plain = buffer + HEADER;
        RAND_bytes((unsigned char *)buffer, HEADER);
        EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
        EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, (unsigned char *)buffer + 5);
        memcpy(plain, file, here);
        left -= here;
        for (;;) {
            EVP_DigestUpdate(digest, plain + done, taken);
            EVP_EncryptUpdate(cipher, (unsigned char *)plain + done, &used,
                              (unsigned char *)plain + done, (int)taken);
            done += taken;
            if (done == length) break;
            size_t wanted = length - done;
            ssize_t got = recv(client, plain + done, wanted < PIECE ? wanted : PIECE, 0);
            check(got > 0, "chunk");
            taken = (size_t)got;
            left -= taken;
        }
        EVP_EncryptFinal_ex(cipher, (unsigned char *)plain + done, &used);
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG, plain + done);
        EVP_DigestFinal_ex(digest, hash, NULL);
        while (left > 0) {
            ssize_t got = recv(client, text, left, 0);
            check(got > 0, "end of the form");
            left -= (size_t)got;
        }
        post(discord, buffer, HEADER + length + TAG, text);
        char number[24], answer[96];
        int digits = snprintf(number, sizeof number, "%ld", index);
        used = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", digits,
                        number);
        send_all(client, answer, (size_t)used);
    }
    close(client);
    close(discord);
    free(text);
    free(buffer);
    EVP_MD_CTX_free(digest);
    EVP_CIPHER_CTX_free(cipher);
    return NULL;
}

int main(int count, char **arguments) {
    check(count == 3, "usage: floor PORT PATH");
    discord_port = atoi(arguments[1]);
    webhook = arguments[2];
    int listening = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    check(bind(listening, (struct sockaddr *)&address, size) == 0, "bind");
    check(listen(listening, 64) == 0, "listen");
    getsockname(listening, (struct sockaddr *)&address, &size);
    printf("{\"url\": \"http://127.0.0.1:%d\"}\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int client = accept(listening, NULL, NULL);
        check(client >= 0, "accept");
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        pthread_t thread;
        check(pthread_create(&thread, NULL, serve, (void *)(long)client) == 0, "thread");
        pthread_detach(thread);
    }
}
