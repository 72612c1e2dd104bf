/**
 * SipHash-2-4: a short keyed hash, cheap enough to run over a whole mempool for every block.
 *
 * Works on 32-bit halves, since 64-bit integers of the engine are some twenty times slower. Knows
 * nothing of what is hashed; BIP-0152's short ids are the business of wire/compact-block.ts.
 */

/** SipHash-2-4 under one key of two 64-bit words; one instance serves any number of inputs. */
export class SipHash24 {
  readonly #key: Uint32Array;
  /** v0 low, v0 high, v1 low, ... v3 high. */
  readonly #state = new Uint32Array(8);

  /** Throws RangeError unless both words fit 64 bits. */
  constructor(k0: bigint, k1: bigint) {
    for (const word of [k0, k1]) {
      if (BigInt.asUintN(64, word) !== word) throw new RangeError("a key word has 64 bits");
    }
    this.#key = Uint32Array.of(
      Number(k0 & 0xffffffffn),
      Number(k0 >> 32n),
      Number(k1 & 0xffffffffn),
      Number(k1 >> 32n),
    );
  }

  /** Returns all 64 bits of the hash of `data`. */
  hash(data: Uint8Array): bigint {
    this.#absorb(data);
    return (BigInt(this.#highWord()) << 32n) | BigInt(this.#lowWord());
  }

  /** Returns the 48 least significant bits of the hash of `data`, which a number holds exactly. */
  hash48(data: Uint8Array): number {
    this.#absorb(data);
    return (this.#highWord() & 0xffff) * 0x1_0000_0000 + this.#lowWord();
  }

  #absorb(data: Uint8Array): void {
    const key = this.#key;
    const state = this.#state;
    const [k0Low = 0, k0High = 0, k1Low = 0, k1High = 0] = key;
    // The constants spell "somepseudorandomlygeneratedbytes".
    state[0] = k0Low ^ 0x70736575;
    state[1] = k0High ^ 0x736f6d65;
    state[2] = k1Low ^ 0x6e646f6d;
    state[3] = k1High ^ 0x646f7261;
    state[4] = k0Low ^ 0x6e657261;
    state[5] = k0High ^ 0x6c796765;
    state[6] = k1Low ^ 0x79746573;
    state[7] = k1High ^ 0x74656462;

    const whole = data.length - (data.length % 8);
    for (let offset = 0; offset < whole; offset += 8) {
      absorbWord(state, wordAt(data, offset, 4), wordAt(data, offset + 4, 4));
    }
    const left = data.length - whole;
    const lengthByte = (data.length & 0xff) << 24;
    absorbWord(state, wordAt(data, whole, left), wordAt(data, whole + 4, left - 4) | lengthByte);

    state[4] = (state[4] as number) ^ 0xff;
    runRounds(state, 4);
  }

  #lowWord(): number {
    const [a = 0, , b = 0, , c = 0, , d = 0] = this.#state;
    return (a ^ b ^ c ^ d) >>> 0;
  }

  #highWord(): number {
    const [, a = 0, , b = 0, , c = 0, , d = 0] = this.#state;
    return (a ^ b ^ c ^ d) >>> 0;
  }
}

/** Little-endian, of at most 4 and at most `length` bytes from `offset`; missing ones are 0. */
function wordAt(data: Uint8Array, offset: number, length: number): number {
  let word = 0;
  for (let index = Math.min(length, 4) - 1; index >= 0; index--) {
    word = (word << 8) | (data[offset + index] as number);
  }
  return word;
}

function absorbWord(state: Uint32Array, low: number, high: number): void {
  state[6] = (state[6] as number) ^ low;
  state[7] = (state[7] as number) ^ high;
  runRounds(state, 2);
  state[0] = (state[0] as number) ^ low;
  state[1] = (state[1] as number) ^ high;
}

/** `count` SipRounds. Sums carry by comparing, since a 32-bit sum that wrapped is smaller. */
function runRounds(state: Uint32Array, count: number): void {
  let a = state[0] as number;
  let aHigh = state[1] as number;
  let b = state[2] as number;
  let bHigh = state[3] as number;
  let c = state[4] as number;
  let cHigh = state[5] as number;
  let d = state[6] as number;
  let dHigh = state[7] as number;
  let low = 0;

  for (let round = 0; round < count; round++) {
    // a += b; b <<<= 13; b ^= a; a <<<= 32.
    low = (a + b) >>> 0;
    aHigh = (aHigh + bHigh + (low < a ? 1 : 0)) >>> 0;
    a = low;
    low = ((b << 13) | (bHigh >>> 19)) ^ a;
    bHigh = (((bHigh << 13) | (b >>> 19)) ^ aHigh) >>> 0;
    b = low >>> 0;
    low = a;
    a = aHigh;
    aHigh = low;

    // c += d; d <<<= 16; d ^= c.
    low = (c + d) >>> 0;
    cHigh = (cHigh + dHigh + (low < c ? 1 : 0)) >>> 0;
    c = low;
    low = ((d << 16) | (dHigh >>> 16)) ^ c;
    dHigh = (((dHigh << 16) | (d >>> 16)) ^ cHigh) >>> 0;
    d = low >>> 0;

    // a += d; d <<<= 21; d ^= a.
    low = (a + d) >>> 0;
    aHigh = (aHigh + dHigh + (low < a ? 1 : 0)) >>> 0;
    a = low;
    low = ((d << 21) | (dHigh >>> 11)) ^ a;
    dHigh = (((dHigh << 21) | (d >>> 11)) ^ aHigh) >>> 0;
    d = low >>> 0;

    // c += b; b <<<= 17; b ^= c; c <<<= 32.
    low = (c + b) >>> 0;
    cHigh = (cHigh + bHigh + (low < c ? 1 : 0)) >>> 0;
    c = low;
    low = ((b << 17) | (bHigh >>> 15)) ^ c;
    bHigh = (((bHigh << 17) | (b >>> 15)) ^ cHigh) >>> 0;
    b = low >>> 0;
    low = c;
    c = cHigh;
    cHigh = low;
  }

  state[0] = a;
  state[1] = aHigh;
  state[2] = b;
  state[3] = bHigh;
  state[4] = c;
  state[5] = cHigh;
  state[6] = d;
  state[7] = dHigh;
}
