/** The form of API keys, `runlog_<id>_<secret>_<checksum>`: made, taken apart and compared here and nowhere else. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { crc32c } from '../events/crc32c.js';
import type { Clock } from '../runtime/clock.js';

export interface ApiKey {
  readonly id: string;
  readonly secret: string;
}

/** 32 random bytes in base 62 are at most 43 characters. */
const KEY = /^runlog_([0-9a-z]{8,32})_([0-9A-Za-z]{43})_([0-9a-f]{8})$/;
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const encoder = new TextEncoder();
const checksum = (stem: string): string => crc32c(encoder.encode(stem)).toString(16).padStart(8, '0');

/** A new key. The three random UUIDs hold 366 random bits, more than the 256 of the secret that is made of them. */
export function makeApiKey(clock: Clock): ApiKey {
  const seed = createHash('sha256');
  for (let i = 0; i < 3; i++) seed.update(clock.uuid());
  let rest = BigInt('0x' + seed.digest('hex'));
  let secret = '';
  for (let i = 0; i < 43; i++) {
    secret += DIGITS.charAt(Number(rest % 62n));
    rest /= 62n;
  }
  return { id: createHash('sha256').update(clock.uuid()).digest('hex').slice(0, 16), secret };
}

/** The text that people copy; the checksum lets a typo and a secret scanner tell without asking a server. */
export function formatApiKey(key: ApiKey): string {
  const stem = `runlog_${key.id}_${key.secret}`;
  return `${stem}_${checksum(stem)}`;
}

export function parseApiKey(text: string): ApiKey | undefined {
  const [, id, secret, sum] = KEY.exec(text) ?? [];
  if (id === undefined || secret === undefined || sum !== checksum(`runlog_${id}_${secret}`)) return undefined;
  return { id, secret };
}

/** SHA-256 in hex. The secret has 256 bits of entropy, so a slow hash would add nothing. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Compares in a time that does not depend on where the hashes differ. */
export function secretMatches(secret: string, storedHash: string): boolean {
  const given = Buffer.from(hashSecret(secret), 'hex');
  const stored = Buffer.from(storedHash, 'hex');
  return given.length === stored.length && timingSafeEqual(given, stored);
}
