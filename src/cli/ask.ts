/**
 * Asks a person on a terminal: in the open, or with nothing shown of what is typed.
 *
 * Reads key by key where a secret is typed, so that no terminal echoes it. Knows nothing of what is
 * asked; what a password must be is the business of who asks.
 */

/** The keyboard: standard input of a process. */
export interface Keyboard {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
  on(event: "data" | "end", listener: (chunk: Uint8Array | string) => void): unknown;
  off(event: "data" | "end", listener: (chunk: Uint8Array | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** Characters that anybody types at a question. */
const MAX_REPLY_LENGTH = 4_096;

const ENTER: ReadonlySet<string> = new Set(["\r", "\n"]);
const CONTROL_C = "\x03";
const CONTROL_D = "\x04";
const CONTROL_U = "\x15";
const ERASE: ReadonlySet<string> = new Set(["\x7f", "\b"]);

/**
 * Returns the line that is typed, without its end; undefined where nobody is there to be asked, or
 * who is gives up (Ctrl-C, Ctrl-D). Text after the line is not lost: it answers what is asked next.
 */
export async function ask(
  question: string,
  isSecret: boolean,
  keyboard: Keyboard,
  screen: { write(text: string): unknown },
): Promise<string | undefined> {
  if (keyboard.isTTY !== true) return undefined;
  screen.write(question);
  keyboard.setRawMode?.(true);
  try {
    return await readReply(keyboard, (text) => isSecret || screen.write(text));
  } finally {
    keyboard.setRawMode?.(false);
    keyboard.pause();
    screen.write("\n");
  }
}

/** What was typed ahead of a question, by keyboard. */
const TYPED_AHEAD = new WeakMap<Keyboard, string>();

function readReply(keyboard: Keyboard, echo: (text: string) => void): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const decoder = new TextDecoder();
  let reply: string[] = [];

  const end = (value: string | undefined, rest: string) => {
    keyboard.off("data", take);
    keyboard.off("end", giveUp);
    TYPED_AHEAD.set(keyboard, rest);
    resolve(value);
  };
  const giveUp = () => end(undefined, "");
  const read = (text: string) => {
    const characters = [...text];
    for (const [place, character] of characters.entries()) {
      const rest = () => characters.slice(place + 1).join("");
      if (ENTER.has(character)) return end(reply.join(""), rest());
      if (character === CONTROL_C || character === CONTROL_D) return end(undefined, rest());
      if (character === CONTROL_U) {
        echo("\b \b".repeat(reply.length));
        reply = [];
      } else if (ERASE.has(character)) {
        if (reply.pop() !== undefined) echo("\b \b");
      } else if (character >= " " && reply.length < MAX_REPLY_LENGTH) {
        reply.push(character);
        echo(character);
      }
    }
  };
  const take = (chunk: Uint8Array | string) => {
    const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    // Arrows and other keys of that kind say nothing here.
    read(Bun.stripANSI(text));
  };

  keyboard.on("data", take);
  keyboard.on("end", giveUp);
  keyboard.resume();
  const ahead = TYPED_AHEAD.get(keyboard) ?? "";
  TYPED_AHEAD.delete(keyboard);
  if (ahead !== "") read(ahead);
  return promise;
}
