// What a device says to a Latchkey, and where: topics and payloads of its native MQTT (docs/mqtt.md).
// Plain C++11 without heap and without Arduino, so that it compiles everywhere; `latchkey.ino` is a device that uses it.
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

namespace latchkey {

// A device publishes. QoS 1: what is acknowledged is stored.
constexpr char TOPIC_CLAIM[] = "latchkey/v1/claim";
constexpr char TOPIC_LINK[] = "latchkey/v1/link";
constexpr char TOPIC_CODE[] = "latchkey/v1/code";
constexpr char TOPIC_EVENTS[] = "latchkey/v1/events";
constexpr char TOPIC_RELEASE[] = "latchkey/v1/release";
constexpr char TOPIC_ACK[] = "latchkey/v1/commands/%s/ack";

// A device subscribes to.
constexpr char TOPIC_RESULT[] = "latchkey/v1/claim/result";
constexpr char TOPIC_OWNER[] = "latchkey/v1/owner";
constexpr char TOPIC_COMMANDS[] = "latchkey/v1/commands";
constexpr const char *HEARD[] = {TOPIC_RESULT, TOPIC_OWNER, TOPIC_COMMANDS};

// Each %s is JSON: a text has gone through `quote`, an object is written by hand.
constexpr char WINDOW[] = "{\"secret\":%s,\"durationMs\":%lu}";
constexpr char LINK[] = "{\"linkId\":%s}";
constexpr char CODE[] = "{\"code\":%s}";
constexpr char EVENT[] = "{\"eventType\":%s,\"eventData\":%s}";
constexpr char RELEASE[] = "{}";

/** The longest secret, link id or event type, quoted: 256 bytes, each of which may be six, and the quotes. */
constexpr size_t QUOTED = 256 * 6 + 3;

/** printf into `out`. False: it does not fit, and nothing of it may be sent. */
inline bool write(char *out, size_t size, const char *form, ...) {
  va_list values;
  va_start(values, form);
  const int length = vsnprintf(out, size, form, values);
  va_end(values);
  return length >= 0 && static_cast<size_t>(length) < size;
}

/** A text as JSON (RFC 8259, 7). `text` is UTF-8. False: it does not fit. */
inline bool quote(char *out, size_t size, const char *text) {
  size_t at = 0;
  const auto put = [&](const char *bytes, size_t count) {
    if (at + count >= size) return false;
    memcpy(out + at, bytes, count);
    at += count;
    return true;
  };
  if (!put("\"", 1)) return false;
  for (const char *next = text; *next != '\0'; ++next) {
    const unsigned char byte = static_cast<unsigned char>(*next);
    char escaped[7];
    if (byte == '"' || byte == '\\') snprintf(escaped, sizeof escaped, "\\%c", byte);
    else if (byte < 0x20) snprintf(escaped, sizeof escaped, "\\u%04x", byte);
    else snprintf(escaped, sizeof escaped, "%c", byte);
    if (!put(escaped, strlen(escaped))) return false;
  }
  if (!put("\"", 1)) return false;
  out[at] = '\0';
  return true;
}

/** Opens the claim window: whoever brings this secret within that time has the device. */
inline bool window(char *out, size_t size, const char *secret, unsigned long durationMs) {
  char quoted[QUOTED];
  return quote(quoted, sizeof quoted, secret) && write(out, size, WINDOW, quoted, durationMs);
}

/** One word that the device and its person both know. */
inline bool link(char *out, size_t size, const char *linkId) {
  char quoted[QUOTED];
  return quote(quoted, sizeof quoted, linkId) && write(out, size, LINK, quoted);
}

/** A claim code that an app has given to the device. */
inline bool code(char *out, size_t size, const char *text) {
  char quoted[QUOTED];
  return quote(quoted, sizeof quoted, text) && write(out, size, CODE, quoted);
}

/** Something that happened; `data` is a JSON object. */
inline bool event(char *out, size_t size, const char *type, const char *data) {
  char quoted[QUOTED];
  return quote(quoted, sizeof quoted, type) && write(out, size, EVENT, quoted, data);
}

/** Where the command of that id is acknowledged. The payload is any JSON: the result. */
inline bool ackTopic(char *out, size_t size, const char *id) {
  return write(out, size, TOPIC_ACK, id);
}

/** Whether a message came on a topic. What the broker hands over has no zero at its end. */
inline bool isOn(const char *topic, const char *came, size_t length) {
  return strlen(topic) == length && memcmp(topic, came, length) == 0;
}

}  // namespace latchkey
