/**
 * One wallet's file, from text and to text: a public header, a payload, a checksum.
 *
 * Version 1 is JSON, and there is one text for one content: what would not be written byte for byte
 * as it stands is damaged. The payload is the secret at a fixed length, so that nobody sees whether
 * there is a passphrase:
 *   encrypted  AES-256-GCM by a key from scrypt; the header's JSON is authenticated with it
 *   plain      as it is
 *   watch      empty
 * The cipher is the platform's Web Crypto, in a node and in a page alike. Disks and names are the
 * business of keystore.ts; what descriptors mean, of neither.
 */

import { NETWORK_NAME_PATTERN } from "../consensus/networks.ts";
import { sha256 } from "../crypto/hash.ts";
import { fromHex, toHex } from "../lib/bytes.ts";
import { type JsonObject, type JsonValue, parseJson } from "../lib/json.ts";
import { KeystoreError } from "./keystore-error.ts";
import { type DeriveKey, isAllowedCost, SALT_BYTES, type ScryptCost } from "./scrypt.ts";
import {
  MAX_ENTROPY_BYTES,
  MAX_PASSPHRASE_BYTES,
  MIN_ENTROPY_BYTES,
  WalletSecret,
} from "./wallet-secret.ts";

/** Bytes of a file; the largest that can be written has a third of it. */
export const MAX_WALLET_FILE_BYTES = 16 * 1024;

/** Descriptors of one wallet. */
export const MAX_DESCRIPTORS = 8;

/** What wallets may be called: safe as a file's name everywhere. */
export const WALLET_NAME_PATTERN = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** What the node's own mining key is called, so that no wallet made here is. */
export const MINER_NAME = "miner";

/** With a password, without one, or without a secret. */
export type WalletKind = "encrypted" | "plain" | "watch";

/** What a wallet's file tells to everybody who may read it. */
export interface WalletHeader {
  /** The network's name, for people; `genesis` is what decides. */
  readonly network: string;
  /** Hash of the network's genesis block, 64 lower-case hex digits. */
  readonly genesis: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly kind: WalletKind;
  /** 1 to 8 texts of 1 to 256 printable ASCII characters each. */
  readonly descriptors: readonly string[];
}

/** A header but for its kind, which the three `format` functions are for. */
export type WalletAbout = Omit<WalletHeader, "kind">;

/** How a secret is locked: everything but the password. Salt and nonce serve one file only. */
export interface Lock {
  readonly cost: ScryptCost;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
}

/** The content of a file whose checksum fits. Whether it was forged shows when it is opened. */
export interface WalletFile {
  readonly header: WalletHeader;
  /** Of an encrypted wallet, and of no other. */
  readonly lock: Lock | undefined;
  readonly payload: Uint8Array;
}

/** Bytes of a nonce of AES-GCM. */
export const NONCE_BYTES = 12;

const MAGIC = "cairn-wallet";
const VERSION = 1;
const CIPHER = "aes-256-gcm";
const TAG_BYTES = 16;

/** Length and room of the entropy, length and room of the passphrase. */
const SECRET_BYTES = 1 + MAX_ENTROPY_BYTES + 2 + MAX_PASSPHRASE_BYTES;
const PASSPHRASE_OFFSET = 1 + MAX_ENTROPY_BYTES;

const PAYLOAD_BYTES: Readonly<Record<WalletKind, number>> = {
  encrypted: SECRET_BYTES + TAG_BYTES,
  plain: SECRET_BYTES,
  watch: 0,
};

const DESCRIPTOR_PATTERN = /^[\x20-\x7e]{1,256}$/;
const HASH_PATTERN = /^[0-9a-f]{64}$/;

/** Returns the text of a wallet whose secret `password` opens. RangeError on a header out of bounds. */
export async function formatEncryptedWallet(
  about: WalletAbout,
  secret: WalletSecret,
  password: Uint8Array,
  lock: Lock,
  deriveKey: DeriveKey,
): Promise<string> {
  const header = headerOf(about, "encrypted");
  const key = await deriveKey(password, lock.salt, lock.cost);
  const plain = encodeSecret(secret);
  try {
    const cipherKey = await importKey(key);
    const sealed = await crypto.subtle.encrypt(cipherOf(header, lock), cipherKey, plain);
    return renderWallet({ header, lock, payload: new Uint8Array(sealed) });
  } finally {
    plain.fill(0);
    key.fill(0);
  }
}

/** Returns the text of a wallet that everybody can open who can read it. RangeError as above. */
export function formatPlainWallet(about: WalletAbout, secret: WalletSecret): string {
  const header = headerOf(about, "plain");
  const payload = encodeSecret(secret);
  try {
    return renderWallet({ header, lock: undefined, payload });
  } finally {
    payload.fill(0);
  }
}

/** Returns the text of a wallet without a secret. RangeError as above. */
export function formatWatchWallet(about: WalletAbout): string {
  const header = headerOf(about, "watch");
  return renderWallet({ header, lock: undefined, payload: new Uint8Array() });
}

/**
 * Returns what `text` holds, without opening it.
 *
 * Throws KeystoreError: "unknown-version" if it says that it is a wallet of another version, which
 * may look any way, and "wrong-password-or-damaged" for everything else that is not one.
 */
export function parseWallet(text: string): WalletFile {
  const file = readWallet(text);
  if (file === undefined) throw damaged();
  return file;
}

/**
 * Returns the secret of `file`, which the caller wipes.
 *
 * Throws KeystoreError: "watch-only" if there is none, "wrong-password-or-damaged" if `password`
 * does not open it or if anything in it was changed. Of a plain wallet the password is not read.
 */
export async function openSecret(
  { header, lock, payload }: WalletFile,
  password: Uint8Array,
  deriveKey: DeriveKey,
): Promise<WalletSecret> {
  if (header.kind === "watch") throw new KeystoreError("watch-only");
  if (lock === undefined) return decodeSecret(payload);

  const key = await deriveKey(password, lock.salt, lock.cost);
  let plain = new Uint8Array();
  try {
    const cipherKey = await importKey(key);
    const opened = crypto.subtle.decrypt(cipherOf(header, lock), cipherKey, buffered(payload));
    plain = new Uint8Array(
      await opened.catch((cause) => {
        throw damaged(cause);
      }),
    );
    return decodeSecret(plain);
  } finally {
    plain.fill(0);
    key.fill(0);
  }
}

/** For one use of either kind; nobody can ask for it back. */
function importKey(key: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", buffered(key), "AES-GCM", false, ["encrypt", "decrypt"]);
}

function cipherOf(header: WalletHeader, lock: Lock) {
  const additionalData = buffered(encodeHeader(header, lock));
  return { name: "AES-GCM", iv: buffered(lock.nonce), additionalData, tagLength: 8 * TAG_BYTES };
}

/** The same bytes, as the platform's types want them: nothing here is shared between threads. */
function buffered(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

function damaged(cause?: unknown): KeystoreError {
  return new KeystoreError("wrong-password-or-damaged", { cause });
}

function headerOf(about: WalletAbout, kind: WalletKind): WalletHeader {
  const header = { ...about, kind };
  if (!isHeader(header)) throw new RangeError("a wallet's header is out of bounds");
  return header;
}

function readWallet(text: string): WalletFile | undefined {
  if (text.length > MAX_WALLET_FILE_BYTES) return undefined;
  const object = readObject(text);
  if (object === undefined || object.magic !== MAGIC) return undefined;
  if (typeof object.version === "number" && object.version !== VERSION) {
    throw new KeystoreError("unknown-version");
  }

  const { network, genesis, name, createdAt, kind, descriptors } = object;
  const header = { network, genesis, name, createdAt, kind, descriptors };
  if (!isHeader(header)) return undefined;
  const lock = header.kind === "encrypted" ? readLock(object) : undefined;
  const payload = readHex(object.payload, PAYLOAD_BYTES[header.kind]);
  if (payload === undefined || (header.kind === "encrypted" && lock === undefined)) {
    return undefined;
  }

  const file = { header, lock, payload };
  // Whatever else there may be in the text, its checksum included, is not what would be written.
  return renderWallet(file) === text ? file : undefined;
}

function readObject(text: string): JsonObject | undefined {
  let value: JsonValue;
  try {
    value = parseJson(text, { maxDepth: 2 });
  } catch {
    return undefined;
  }
  return isObject(value) ? value : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHeader(header: Readonly<Record<keyof WalletHeader, unknown>>): header is WalletHeader {
  const { network, genesis, name, createdAt, kind, descriptors } = header;
  return (
    isMatch(network, NETWORK_NAME_PATTERN) &&
    isMatch(genesis, HASH_PATTERN) &&
    isMatch(name, WALLET_NAME_PATTERN) &&
    Number.isSafeInteger(createdAt) &&
    (createdAt as number) >= 0 &&
    (kind === "encrypted" || kind === "plain" || kind === "watch") &&
    Array.isArray(descriptors) &&
    descriptors.length >= 1 &&
    descriptors.length <= MAX_DESCRIPTORS &&
    descriptors.every((descriptor) => isMatch(descriptor, DESCRIPTOR_PATTERN))
  );
}

function isMatch(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

/** Names of functions need no reading: only the ones known are rendered. */
function readLock({ kdf, nonce: nonceHex }: JsonObject): Lock | undefined {
  if (!isObject(kdf)) return undefined;
  const { n, r, p } = kdf;
  if (typeof n !== "number" || typeof r !== "number" || typeof p !== "number") return undefined;
  const cost = { n, r, p };
  const salt = readHex(kdf.salt, SALT_BYTES);
  const nonce = readHex(nonceHex, NONCE_BYTES);
  if (salt === undefined || nonce === undefined || !isAllowedCost(cost)) return undefined;
  return { cost, salt, nonce };
}

function readHex(value: JsonValue | undefined, length: number): Uint8Array | undefined {
  if (typeof value !== "string" || value.length !== 2 * length) return undefined;
  try {
    return fromHex(value);
  } catch {
    return undefined;
  }
}

/** The one text of `file`. */
function renderWallet({ header, lock, payload }: WalletFile): string {
  const content = { ...headerFields(header, lock), payload: toHex(payload) };
  const checksum = toHex(sha256(encodeText(JSON.stringify(content))));
  return `${JSON.stringify({ ...content, checksum }, null, 2)}\n`;
}

/** What is authenticated: the header's fields as compact JSON. */
function encodeHeader(header: WalletHeader, lock: Lock): Uint8Array {
  return encodeText(JSON.stringify(headerFields(header, lock)));
}

function headerFields(header: WalletHeader, lock: Lock | undefined) {
  const { network, genesis, name, createdAt, kind, descriptors } = header;
  const about = { magic: MAGIC, version: VERSION, network, genesis, name, createdAt, kind };
  if (lock === undefined) return { ...about, descriptors };

  const { n, r, p } = lock.cost;
  const kdf = { name: "scrypt", n, r, p, salt: toHex(lock.salt) };
  return { ...about, descriptors, kdf, cipher: CIPHER, nonce: toHex(lock.nonce) };
}

function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function encodeSecret({ entropy, passphrase }: WalletSecret): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SECRET_BYTES);
  bytes[0] = entropy.length;
  bytes.set(entropy, 1);
  new DataView(bytes.buffer).setUint16(PASSPHRASE_OFFSET, passphrase.length);
  bytes.set(passphrase, PASSPHRASE_OFFSET + 2);
  return bytes;
}

/** Lengths out of bounds can come from a forger of plain wallets alone; they are damage too. */
function decodeSecret(bytes: Uint8Array): WalletSecret {
  const entropyLength = bytes[0] ?? 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const passphraseLength = view.getUint16(PASSPHRASE_OFFSET);
  if (
    entropyLength < MIN_ENTROPY_BYTES ||
    entropyLength > MAX_ENTROPY_BYTES ||
    passphraseLength > MAX_PASSPHRASE_BYTES
  ) {
    throw damaged();
  }
  const start = PASSPHRASE_OFFSET + 2;
  return new WalletSecret(
    bytes.subarray(1, 1 + entropyLength),
    bytes.subarray(start, start + passphraseLength),
  );
}
