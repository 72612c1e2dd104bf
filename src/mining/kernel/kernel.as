/**
 * Proof-of-work search in WebAssembly SIMD, written in AssemblyScript: four nonces at a time.
 *
 * Knows nothing but SHA-256 and a byte order: no chain, no clock, no imports. Compiled by
 * scripts/build-kernel.ts into kernel.wasm; called only through kernel.ts. The name has no `.ts`
 * because this is another language than the rest, which neither tsc nor Biome can read.
 */

// Measured in JavaScriptCore on one thread, in one run: this 3.0 MH/s, the same loop in C by
// clang 14 2.6, all 128 rounds written out 2.0 (C 1.9). Sixteen rounds are written out and looped
// over because more of them overflow the instruction cache, which costs more than skipping the
// words known in advance gains. And a vector shift takes three instructions there, so the rotation
// by seven does without: that alone is the lead over C.

// What the caller writes: 80 bytes of header, then 32 bytes of target.
const INPUT: usize = memory.data(112, 16);
const TARGET: usize = INPUT + 80;

const INITIAL_STATE: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

const ROUND_CONSTANTS: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

// The round constants once more, each repeated in four lanes. Filled by the first search.
const ROUND_VECTORS: usize = memory.data(64 * 16, 16);

const MIDSTATE: usize = memory.data(8 * 4, 16);
const STATE: usize = memory.data(8 * 4, 16);
const MESSAGE: usize = memory.data(16 * 4, 16);
const SCHEDULE: usize = memory.data(64 * 4, 16);

// One hash at a time: for the midstate, and to confirm what the vectors found.

@inline
function read(base: usize, index: u32): u32 {
  return load<u32>(base + (<usize>index << 2));
}

@inline
function write(base: usize, index: u32, word: u32): void {
  store<u32>(base + (<usize>index << 2), word);
}

function compress(state: usize, message: usize): void {
  for (let i: u32 = 0; i < 16; i++) write(SCHEDULE, i, read(message, i));
  for (let i: u32 = 16; i < 64; i++) {
    const early = read(SCHEDULE, i - 15);
    const late = read(SCHEDULE, i - 2);
    const mixed =
      (rotr(early, 7) ^ rotr(early, 18) ^ (early >> 3)) +
      (rotr(late, 17) ^ rotr(late, 19) ^ (late >> 10));
    write(SCHEDULE, i, mixed + read(SCHEDULE, i - 7) + read(SCHEDULE, i - 16));
  }

  let a = read(state, 0), b = read(state, 1), c = read(state, 2), d = read(state, 3);
  let e = read(state, 4), f = read(state, 5), g = read(state, 6), h = read(state, 7);
  for (let i: u32 = 0; i < 64; i++) {
    const first =
      h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (g ^ (e & (f ^ g))) +
      read(ROUND_CONSTANTS, i) + read(SCHEDULE, i);
    const second = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + (b ^ ((a ^ b) & (b ^ c)));
    h = g; g = f; f = e; e = d + first;
    d = c; c = b; b = a; a = first + second;
  }

  write(state, 0, read(state, 0) + a); write(state, 1, read(state, 1) + b);
  write(state, 2, read(state, 2) + c); write(state, 3, read(state, 3) + d);
  write(state, 4, read(state, 4) + e); write(state, 5, read(state, 5) + f);
  write(state, 6, read(state, 6) + g); write(state, 7, read(state, 7) + h);
}

function prepare(): void {
  for (let i: u32 = 0; i < 64; i++) {
    v128.store(ROUND_VECTORS + (<usize>i << 4), i32x4.splat(read(ROUND_CONSTANTS, i)));
  }
  for (let i: u32 = 0; i < 16; i++) write(MESSAGE, i, bswap(read(INPUT, i)));
  memory.copy(MIDSTATE, INITIAL_STATE, 32);
  compress(MIDSTATE, MESSAGE);
}

function meetsTarget(nonce: u32): bool {
  memory.fill(MESSAGE, 0, 64);
  for (let i: u32 = 0; i < 3; i++) write(MESSAGE, i, bswap(read(INPUT, 16 + i)));
  write(MESSAGE, 3, bswap(nonce));
  write(MESSAGE, 4, 0x80000000);
  write(MESSAGE, 15, 640);
  memory.copy(STATE, MIDSTATE, 32);
  compress(STATE, MESSAGE);

  memory.fill(MESSAGE, 0, 64);
  memory.copy(MESSAGE, STATE, 32);
  write(MESSAGE, 8, 0x80000000);
  write(MESSAGE, 15, 256);
  memory.copy(STATE, INITIAL_STATE, 32);
  compress(STATE, MESSAGE);

  for (let i: i32 = 7; i >= 0; i--) {
    const word = bswap(read(STATE, i));
    const limit = read(TARGET, i);
    if (word != limit) return word < limit;
  }
  return true;
}

// Four hashes at a time.

@inline
function splat(word: u32): v128 {
  return i32x4.splat(word);
}

@inline
function add(x: v128, y: v128): v128 {
  return i32x4.add(x, y);
}

@inline
function xor(x: v128, y: v128): v128 {
  return v128.xor(x, y);
}

@inline
function rotate(x: v128, count: i32): v128 {
  return v128.or(i32x4.shr_u(x, count), i32x4.shl(x, 32 - count));
}

// Right by 8, then left by 1: doubling, plus one where the highest bit was set.
@inline
function rotateBySeven(x: v128): v128 {
  const left = i32x4.sub(add(x, x), i32x4.lt_s(x, splat(0)));
  return i8x16.swizzle(left, i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));
}

@inline
function swapBytes(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

// FIPS 180-4's T1, given the sum of the round's constant and its schedule word.
@inline
function mix(h: v128, e: v128, f: v128, g: v128, input: v128): v128 {
  const chosen = xor(g, v128.and(e, xor(f, g)));
  const sigma = xor(xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
  return add(add(add(h, input), chosen), sigma);
}

// FIPS 180-4's T2.
@inline
function blend(a: v128, b: v128, c: v128): v128 {
  const majority = xor(b, v128.and(xor(a, b), xor(b, c)));
  return add(xor(xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22)), majority);
}

// The schedule word 16 places on, from those 0, 1, 9 and 14 places on.
@inline
function extend(w0: v128, w1: v128, w9: v128, w14: v128): v128 {
  const early = xor(xor(rotateBySeven(w1), rotate(w1, 18)), i32x4.shr_u(w1, 3));
  const late = xor(xor(rotate(w14, 17), rotate(w14, 19)), i32x4.shr_u(w14, 10));
  return add(add(w0, early), add(w9, late));
}

/** Returns the address of the input: 80 bytes of header, then 32 of little-endian target. */
export function inputAddress(): usize {
  return INPUT;
}

/**
 * Returns the lowest nonce from `first` to `last`, both included, whose header hashes to at most
 * the target, or -1. The nonce within the header given is ignored.
 */
export function search(first: u32, last: u32): f64 {
  prepare();
  const m0 = splat(read(MIDSTATE, 0)), m1 = splat(read(MIDSTATE, 1));
  const m2 = splat(read(MIDSTATE, 2)), m3 = splat(read(MIDSTATE, 3));
  const m4 = splat(read(MIDSTATE, 4)), m5 = splat(read(MIDSTATE, 5));
  const m6 = splat(read(MIDSTATE, 6)), m7 = splat(read(MIDSTATE, 7));
  const tail0 = splat(bswap(read(INPUT, 16)));
  const tail1 = splat(bswap(read(INPUT, 17)));
  const tail2 = splat(bswap(read(INPUT, 18)));
  const highestLimit = splat(read(TARGET, 7));

  let a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128;
  let w0: v128, w1: v128, w2: v128, w3: v128, w4: v128, w5: v128, w6: v128, w7: v128;
  let w8: v128, w9: v128, w10: v128, w11: v128, w12: v128, w13: v128, w14: v128, w15: v128;
  let nonce = first;
  let left = last - first;
  while (true) {
    w0 = tail0; w1 = tail1; w2 = tail2;
    w3 = swapBytes(add(splat(nonce), i32x4(0, 1, 2, 3)));
    w4 = splat(0x80000000);
    w5 = splat(0); w6 = w5; w7 = w5; w8 = w5; w9 = w5;
    w10 = w5; w11 = w5; w12 = w5; w13 = w5; w14 = w5;
    w15 = splat(640);
    a = m0; b = m1; c = m2; d = m3; e = m4; f = m5; g = m6; h = m7;

    for (let isSecondHash = false; ; isSecondHash = true) {
      let k = ROUND_VECTORS;
      for (const end = k + 48 * 16; k < end; k += 16 * 16) {
        h = mix(h, e, f, g, add(w0, v128.load(k, 0)));
        d = add(d, h); h = add(h, blend(a, b, c)); w0 = extend(w0, w1, w9, w14);
        g = mix(g, d, e, f, add(w1, v128.load(k, 16)));
        c = add(c, g); g = add(g, blend(h, a, b)); w1 = extend(w1, w2, w10, w15);
        f = mix(f, c, d, e, add(w2, v128.load(k, 32)));
        b = add(b, f); f = add(f, blend(g, h, a)); w2 = extend(w2, w3, w11, w0);
        e = mix(e, b, c, d, add(w3, v128.load(k, 48)));
        a = add(a, e); e = add(e, blend(f, g, h)); w3 = extend(w3, w4, w12, w1);
        d = mix(d, a, b, c, add(w4, v128.load(k, 64)));
        h = add(h, d); d = add(d, blend(e, f, g)); w4 = extend(w4, w5, w13, w2);
        c = mix(c, h, a, b, add(w5, v128.load(k, 80)));
        g = add(g, c); c = add(c, blend(d, e, f)); w5 = extend(w5, w6, w14, w3);
        b = mix(b, g, h, a, add(w6, v128.load(k, 96)));
        f = add(f, b); b = add(b, blend(c, d, e)); w6 = extend(w6, w7, w15, w4);
        a = mix(a, f, g, h, add(w7, v128.load(k, 112)));
        e = add(e, a); a = add(a, blend(b, c, d)); w7 = extend(w7, w8, w0, w5);
        h = mix(h, e, f, g, add(w8, v128.load(k, 128)));
        d = add(d, h); h = add(h, blend(a, b, c)); w8 = extend(w8, w9, w1, w6);
        g = mix(g, d, e, f, add(w9, v128.load(k, 144)));
        c = add(c, g); g = add(g, blend(h, a, b)); w9 = extend(w9, w10, w2, w7);
        f = mix(f, c, d, e, add(w10, v128.load(k, 160)));
        b = add(b, f); f = add(f, blend(g, h, a)); w10 = extend(w10, w11, w3, w8);
        e = mix(e, b, c, d, add(w11, v128.load(k, 176)));
        a = add(a, e); e = add(e, blend(f, g, h)); w11 = extend(w11, w12, w4, w9);
        d = mix(d, a, b, c, add(w12, v128.load(k, 192)));
        h = add(h, d); d = add(d, blend(e, f, g)); w12 = extend(w12, w13, w5, w10);
        c = mix(c, h, a, b, add(w13, v128.load(k, 208)));
        g = add(g, c); c = add(c, blend(d, e, f)); w13 = extend(w13, w14, w6, w11);
        b = mix(b, g, h, a, add(w14, v128.load(k, 224)));
        f = add(f, b); b = add(b, blend(c, d, e)); w14 = extend(w14, w15, w7, w12);
        a = mix(a, f, g, h, add(w15, v128.load(k, 240)));
        e = add(e, a); a = add(a, blend(b, c, d)); w15 = extend(w15, w0, w8, w13);
      }

      h = mix(h, e, f, g, add(w0, v128.load(k, 0)));
      d = add(d, h); h = add(h, blend(a, b, c));
      g = mix(g, d, e, f, add(w1, v128.load(k, 16)));
      c = add(c, g); g = add(g, blend(h, a, b));
      f = mix(f, c, d, e, add(w2, v128.load(k, 32)));
      b = add(b, f); f = add(f, blend(g, h, a));
      e = mix(e, b, c, d, add(w3, v128.load(k, 48)));
      a = add(a, e); e = add(e, blend(f, g, h));
      d = mix(d, a, b, c, add(w4, v128.load(k, 64)));
      h = add(h, d); d = add(d, blend(e, f, g));
      c = mix(c, h, a, b, add(w5, v128.load(k, 80)));
      g = add(g, c); c = add(c, blend(d, e, f));
      b = mix(b, g, h, a, add(w6, v128.load(k, 96)));
      f = add(f, b); b = add(b, blend(c, d, e));
      a = mix(a, f, g, h, add(w7, v128.load(k, 112)));
      e = add(e, a); a = add(a, blend(b, c, d));
      h = mix(h, e, f, g, add(w8, v128.load(k, 128)));
      d = add(d, h); h = add(h, blend(a, b, c));
      g = mix(g, d, e, f, add(w9, v128.load(k, 144)));
      c = add(c, g); g = add(g, blend(h, a, b));
      f = mix(f, c, d, e, add(w10, v128.load(k, 160)));
      b = add(b, f); f = add(f, blend(g, h, a));
      e = mix(e, b, c, d, add(w11, v128.load(k, 176)));
      a = add(a, e); e = add(e, blend(f, g, h));
      d = mix(d, a, b, c, add(w12, v128.load(k, 192)));
      h = add(h, d); d = add(d, blend(e, f, g));

      // The hash's highest word is E of this round, which the last three only pass on.
      if (isSecondHash) break;

      c = mix(c, h, a, b, add(w13, v128.load(k, 208)));
      g = add(g, c); c = add(c, blend(d, e, f));
      b = mix(b, g, h, a, add(w14, v128.load(k, 224)));
      f = add(f, b); b = add(b, blend(c, d, e));
      a = mix(a, f, g, h, add(w15, v128.load(k, 240)));
      e = add(e, a); a = add(a, blend(b, c, d));
      w0 = add(a, m0); w1 = add(b, m1); w2 = add(c, m2); w3 = add(d, m3);
      w4 = add(e, m4); w5 = add(f, m5); w6 = add(g, m6); w7 = add(h, m7);
      w8 = splat(0x80000000);
      w9 = splat(0); w10 = w9; w11 = w9; w12 = w9; w13 = w9; w14 = w9;
      w15 = splat(256);
      a = splat(0x6a09e667); b = splat(0xbb67ae85); c = splat(0x3c6ef372); d = splat(0xa54ff53a);
      e = splat(0x510e527f); f = splat(0x9b05688c); g = splat(0x1f83d9ab); h = splat(0x5be0cd19);
    }

    const candidates = i32x4.le_u(swapBytes(add(h, splat(0x5be0cd19))), highestLimit);
    if (v128.any_true(candidates)) {
      const lanes = i32x4.bitmask(candidates);
      for (let i: u32 = 0; i < 4 && i <= left; i++) {
        if ((lanes >> i) & 1 && meetsTarget(nonce + i)) return <f64>(nonce + i);
      }
    }
    if (left < 4) return -1;
    left -= 4;
    nonce += 4;
  }
}
