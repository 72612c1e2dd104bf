/**
 * Messages of one peer that wait to be read, the oldest first, as they came.
 *
 * Not decoded before their turn: so they take no more memory than is counted here, and a peer that
 * sends what is costly to decode pays with its own time. Has no bound; its owner reads the size.
 */

import type { Command } from "../wire/message.ts";

/** A payload and what it is. */
export interface Letter {
  readonly command: Command;
  readonly payload: Uint8Array;
}

/** Bytes that a letter takes beside its payload. */
export const LETTER_OVERHEAD_BYTES = 200;

/** Places at the front of the list that may be empty before it is moved. */
const MAX_EMPTY_PLACES = 1_024;

export class Inbox {
  #letters: (Letter | undefined)[] = [];
  #first = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#first === this.#letters.length;
  }

  /** What it takes of memory. */
  get bytes(): number {
    return this.#bytes;
  }

  put(letter: Letter): void {
    this.#letters.push(letter);
    this.#bytes += letter.payload.length + LETTER_OVERHEAD_BYTES;
  }

  /** Takes the oldest. */
  take(): Letter | undefined {
    const letter = this.#letters[this.#first];
    if (letter === undefined) return undefined;
    this.#letters[this.#first] = undefined;
    this.#first += 1;
    this.#bytes -= letter.payload.length + LETTER_OVERHEAD_BYTES;
    // Moved now and then, and not with each: ten thousands may wait.
    if (this.isEmpty || this.#first >= MAX_EMPTY_PLACES) {
      this.#letters.splice(0, this.#first);
      this.#first = 0;
    }
    return letter;
  }

  clear(): void {
    this.#letters = [];
    this.#first = 0;
    this.#bytes = 0;
  }
}
