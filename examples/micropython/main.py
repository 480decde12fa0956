# A lamp that can be claimed, switched, and tells of it: MicroPython with umqtt.simple. Wi-Fi is up already (boot.py).
import json
import os
import time

from umqtt.simple import MQTTClient

import settings  # SERVER, PORT, DEVICE_TOKEN, perhaps LINK_ID and TLS: see README.md

# What a device says, and where (docs/mqtt.md). QoS 1: what is acknowledged is stored.
TOPIC_CLAIM = "latchkey/v1/claim"
TOPIC_LINK = "latchkey/v1/link"
TOPIC_EVENTS = "latchkey/v1/events"
TOPIC_ACK = "latchkey/v1/commands/%s/ack"
# What it hears.
TOPIC_RESULT = "latchkey/v1/claim/result"
TOPIC_OWNER = "latchkey/v1/owner"
TOPIC_COMMANDS = "latchkey/v1/commands"

WINDOW_MS = 300000
PING_S = 30

is_on = False
# umqtt waits for the acknowledgement of what it publishes, and must not do so within a callback.
waiting = []


def say(topic, body):
    waiting.append((topic, json.dumps(body)))


def new_secret():
    digits = "".join(str(byte % 10) for byte in os.urandom(6))
    return digits[:3] + "-" + digits[3:]


def offer():
    """Leaves the lamp's half of a claim: a word that its person knows too, or a secret that it shows."""
    link_id = getattr(settings, "LINK_ID", None)
    if link_id:
        say(TOPIC_LINK, {"linkId": link_id})
        return
    secret = new_secret()
    say(TOPIC_CLAIM, {"secret": secret, "durationMs": WINDOW_MS})
    print("To claim me, type", secret)


def tell():
    say(TOPIC_EVENTS, {"eventType": "light", "eventData": {"isOn": is_on}})


def on_owner(message):
    # On subscribing, and on every change. A lamp that was released can be claimed again.
    if not message["claimed"]:
        offer()


def on_result(message):
    # It comes again as `claimed` when somebody has brought the other half.
    print(message["state"], message.get("reason", ""))
    if message["state"] == "claimed":
        tell()


def on_command(message):
    # It stays in the queue, and comes again, until it is acknowledged.
    global is_on
    if message["action"] == "switch":
        is_on = bool(message.get("parameters", {}).get("isOn"))
    print("shining" if is_on else "dark")
    say(TOPIC_ACK % message["id"], {"isOn": is_on})
    tell()


HEARD = {TOPIC_OWNER: on_owner, TOPIC_RESULT: on_result, TOPIC_COMMANDS: on_command}


def live(client):
    client.set_callback(lambda topic, body: HEARD[topic.decode()](json.loads(body)))
    client.connect()
    for topic in HEARD:
        client.subscribe(topic, qos=1)
    pinged = time.time()
    while True:
        client.check_msg()
        while waiting:
            topic, body = waiting.pop(0)
            client.publish(topic, body, qos=1)
        if time.time() - pinged > PING_S:
            client.ping()
            pinged = time.time()
        time.sleep(0.05)


while True:
    try:
        # The credential is the user name.
        live(
            MQTTClient(
                "lamp",
                settings.SERVER,
                port=settings.PORT,
                user=settings.DEVICE_TOKEN,
                password="",
                keepalive=2 * PING_S,
                ssl=getattr(settings, "TLS", None),
            )
        )
    except OSError as error:
        # The network is away. What was not acknowledged is said again by who connects anew.
        print("away:", error)
        waiting.clear()
        time.sleep(2)
