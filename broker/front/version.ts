/** The level of a CONNECT: 3 (MQTT 3.1), 4 (3.1.1) or 5. */
export type Version = 3 | 4 | 5
