import { constants } from 'node:crypto'

/**
 * What both edges speak over TLS (RFC 9325 3.1, 4.1, 4.2): 1.2 and 1.3, only with forward secrecy, and no renegotiation, with
 * which a client makes the server work. CBC stays behind everything else: small devices know nothing newer.
 */
export const TLS_POLICY = {
  minVersion: 'TLSv1.2',
  ciphers: [
    ...['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'],
    ...['ECDHE+AESGCM', 'ECDHE+CHACHA20', 'ECDHE+AES', '!aNULL', '!eNULL', '!PSK', '!SRP'],
  ].join(':'),
  honorCipherOrder: true,
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
} as const
