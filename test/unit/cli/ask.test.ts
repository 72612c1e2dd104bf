/**
 * Questions on a terminal: what is typed, corrected, given up, and never shown.
 */

import { describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { ask } from "../../../src/cli/ask.ts";

class FakeKeyboard extends EventEmitter {
  readonly isTTY: boolean;
  readonly modes: boolean[] = [];
  isReading = false;

  constructor(isTTY = true) {
    super();
    this.isTTY = isTTY;
  }

  setRawMode(isRaw: boolean): void {
    this.modes.push(isRaw);
  }

  resume(): void {
    this.isReading = true;
  }

  pause(): void {
    this.isReading = false;
  }

  type(...chunks: (string | Uint8Array)[]): void {
    for (const chunk of chunks) this.emit("data", chunk);
  }
}

function world(isTTY = true) {
  const keyboard = new FakeKeyboard(isTTY);
  const screen = { text: "", write: (text: string) => (screen.text += text) };
  const put = (isSecret: boolean) => ask("Name: ", isSecret, keyboard as never, screen);
  return { keyboard, screen, put };
}

describe("ask", () => {
  test("gives the line and shows it as it is typed", async () => {
    const { keyboard, screen, put } = world();
    const reply = put(false);
    keyboard.type("al", "ice", "\r");
    expect(await reply).toBe("alice");
    expect(screen.text).toBe("Name: alice\n");
  });

  test("shows nothing of a secret, not even its length", async () => {
    const { keyboard, screen, put } = world();
    const reply = put(true);
    keyboard.type("correct horse", "\x7f", "E", "\r");
    expect(await reply).toBe("correct horsE");
    expect(screen.text).toBe("Name: \n");
  });

  test("takes back a character, in whole, or the line", async () => {
    const { keyboard, put } = world();
    const reply = put(true);
    keyboard.type("wrong\x15", "ab\u{1f511}\x7f", "\x7f\x7f\x7f", "ok\n");
    expect(await reply).toBe("ok");
  });

  test("puts together characters that come in pieces, and leaves out keys that are none", async () => {
    const { keyboard, put } = world();
    const reply = put(true);
    const [first, second] = new TextEncoder().encode("é");
    keyboard.type(Uint8Array.of(first!), Uint8Array.of(second!), "\x1b[A", "\x1b[3~", "\t", "!\r");
    expect(await reply).toBe("é!");
  });

  test.each(["\x03", "\x04"])("gives up at %j", async (key) => {
    const { keyboard, put } = world();
    const reply = put(true);
    keyboard.type("half", key);
    expect(await reply).toBeUndefined();
  });

  test("gives up when the keyboard is gone", async () => {
    const { keyboard, put } = world();
    const reply = put(true);
    keyboard.emit("end");
    expect(await reply).toBeUndefined();
  });

  test("keeps what was typed ahead for the next question", async () => {
    const { keyboard, put } = world();
    const first = put(true);
    keyboard.type("one\rtwo\rth");
    expect(await first).toBe("one");
    expect(await put(true)).toBe("two");
    const third = put(true);
    keyboard.type("ree\r");
    expect(await third).toBe("three");
  });

  test("leaves the terminal as it was, with nobody listening", async () => {
    const { keyboard, put } = world();
    const reply = put(true);
    keyboard.type("x\r");
    await reply;
    expect(keyboard.modes).toEqual([true, false]);
    expect(keyboard.isReading).toBe(false);
    expect(keyboard.listenerCount("data")).toBe(0);
    expect(keyboard.listenerCount("end")).toBe(0);
  });

  test("does not ask where there is no terminal", async () => {
    const { screen, put } = world(false);
    expect(await put(true)).toBeUndefined();
    expect(screen.text).toBe("");
  });

  test("bounds what is kept", async () => {
    const { keyboard, put } = world();
    const reply = put(true);
    keyboard.type("x".repeat(10_000), "\r");
    expect((await reply)!.length).toBe(4_096);
  });
});
