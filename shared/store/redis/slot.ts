const POLYNOMIAL = 0x1021
const SLOTS = 16_384

/**
 * The cluster slot of a key: CRC16 (XMODEM) of what stands in its first braces, or of all of it.
 * Redis Cluster specification, "Key distribution model" and "Hash tags".
 */
export const slotOf = (key: string): number => {
  const open = key.indexOf('{')
  const close = open < 0 ? -1 : key.indexOf('}', open + 1)
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key
  let crc = 0
  for (const byte of Buffer.from(hashed)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++)
      crc = (crc & 0x8000) === 0 ? (crc << 1) & 0xffff : ((crc << 1) ^ POLYNOMIAL) & 0xffff
  }
  return crc % SLOTS
}
