// A lamp that can be claimed, switched, and tells of it: an ESP32 with the Arduino core 3.x.
// MQTT is the client that the core brings (esp-mqtt: QoS 1, TLS); from the library manager: ArduinoJson 7.

#include <ArduinoJson.h>
#include <WiFi.h>
#include <esp_crt_bundle.h>
#include <mqtt_client.h>

#include "latchkey.h"
#include "settings.h"  // WIFI_NAME, WIFI_PASSWORD, MQTT_URL, DEVICE_TOKEN: see README.md

constexpr int LAMP = 2;  // the pin of the light
constexpr unsigned long WINDOW_MS = 300000;

esp_mqtt_client_handle_t client;
bool isOn = false;

// From the handler of a message, so it goes into the queue of the client: it waits for nothing.
void say(const char *topic, const char *body) {
  esp_mqtt_client_enqueue(client, topic, body, 0, 1, 0, true);
}

// Whoever reads what the lamp shows, and types it within five minutes, has it.
void openWindow() {
  const auto digits = [] { return static_cast<unsigned>(esp_random() % 1000); };
  char secret[8];
  snprintf(secret, sizeof secret, "%03u-%03u", digits(), digits());
  char body[128];
  if (latchkey::window(body, sizeof body, secret, WINDOW_MS)) say(latchkey::TOPIC_CLAIM, body);
  Serial.printf("To claim me, type %s\n", secret);
}

void tell() {
  char body[128];
  const char *data = isOn ? "{\"isOn\":true}" : "{\"isOn\":false}";
  if (latchkey::event(body, sizeof body, "light", data)) say(latchkey::TOPIC_EVENTS, body);
}

// On subscribing, and on every change. A lamp that was released can be claimed again.
void onOwner(const JsonDocument &message) {
  if (!message["claimed"].as<bool>()) openWindow();
}

// It comes again as `claimed` when somebody has used the window.
void onResult(const JsonDocument &message) {
  const char *state = message["state"] | "";
  Serial.printf("%s %s\n", state, message["reason"] | "");
  if (strcmp(state, "claimed") == 0) tell();
}

// It stays in the queue, and comes again, until it is acknowledged.
void onCommand(const JsonDocument &message) {
  if (strcmp(message["action"] | "", "switch") == 0) isOn = message["parameters"]["isOn"] | false;
  digitalWrite(LAMP, isOn);
  char topic[80];
  if (latchkey::ackTopic(topic, sizeof topic, message["id"] | "")) say(topic, isOn ? "true" : "false");
  tell();
}

void onMessage(const esp_mqtt_event_t &came) {
  // A message that is longer than our buffer comes in pieces: none of ours is.
  if (came.data_len != came.total_data_len) return;
  JsonDocument message;
  if (deserializeJson(message, came.data, came.data_len)) return;
  const auto isFor = [&](const char *topic) {
    return latchkey::isOn(topic, came.topic, came.topic_len);
  };
  if (isFor(latchkey::TOPIC_OWNER)) onOwner(message);
  if (isFor(latchkey::TOPIC_RESULT)) onResult(message);
  if (isFor(latchkey::TOPIC_COMMANDS)) onCommand(message);
}

void onMqtt(void *, esp_event_base_t, int32_t what, void *data) {
  if (what == MQTT_EVENT_CONNECTED)
    for (const char *topic : latchkey::HEARD) esp_mqtt_client_subscribe_single(client, topic, 1);
  if (what == MQTT_EVENT_DATA) onMessage(*static_cast<esp_mqtt_event_t *>(data));
}

void setup() {
  Serial.begin(115200);
  pinMode(LAMP, OUTPUT);
  WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
  while (WiFi.status() != WL_CONNECTED) delay(100);

  esp_mqtt_client_config_t config = {};
  config.broker.address.uri = MQTT_URL;
  // Public certificates; for one of your own: verification.certificate.
  config.broker.verification.crt_bundle_attach = esp_crt_bundle_attach;
  config.credentials.username = DEVICE_TOKEN;
  config.credentials.client_id = "lamp";
  config.buffer.size = 4096;
  client = esp_mqtt_client_init(&config);
  esp_mqtt_client_register_event(client, MQTT_EVENT_ANY, onMqtt, nullptr);
  esp_mqtt_client_start(client);
}

// Everything happens in the task of the client. Its button, if it has one, would link or release here.
void loop() { delay(1000); }
