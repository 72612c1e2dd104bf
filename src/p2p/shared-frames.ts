/**
 * Frames of payloads that many peers are sent: made once, so that a block for a hundred peers is
 * hashed once and held once.
 *
 * Remembers a frame for as long as somebody else remembers its payload.
 */

import { encodeFrame } from "../wire/frame.ts";
import type { Command } from "../wire/message.ts";

interface Made {
  readonly command: Command;
  readonly frame: Uint8Array;
}

export class SharedFrames {
  readonly #magic: Uint8Array;
  readonly #made = new WeakMap<Uint8Array, Made>();

  constructor(magic: Uint8Array) {
    this.#magic = magic;
  }

  /** Returns the frame of `payload`, which nobody may change any more. */
  frameOf(command: Command, payload: Uint8Array): Uint8Array {
    const made = this.#made.get(payload);
    if (made?.command === command) return made.frame;
    const frame = encodeFrame(this.#magic, command, payload);
    this.#made.set(payload, { command, frame });
    return frame;
  }
}
