/** Base45 (RFC 9285): bytes in the 45 characters that a QR code packs most tightly. */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';
const VALUES = new Map([...ALPHABET].map((character, value) => [character, value]));

export function toBase45(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 2) {
    const [first = 0, second] = bytes.subarray(at, at + 2);
    const value = second === undefined ? first : first * 256 + second;
    text += `${ALPHABET[value % 45]}${ALPHABET[Math.floor(value / 45) % 45]}`;
    if (second !== undefined) text += ALPHABET[Math.floor(value / 2_025)];
  }
  return text;
}

/** The bytes, undefined for a text that `toBase45` never makes. */
export function fromBase45(text: string): Buffer | undefined {
  if (text.length % 3 === 1) return undefined;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 3) {
    const group = [...text.slice(at, at + 3)].map((character) => VALUES.get(character));
    if (group.includes(undefined)) return undefined;
    const [low = 0, middle = 0, high = 0] = group;
    const value = low + middle * 45 + high * 2_025;
    if (value > (group.length === 3 ? 65_535 : 255)) return undefined;
    if (group.length === 3) bytes.push(value >> 8);
    bytes.push(value & 255);
  }
  return Buffer.from(bytes);
}
