/**
 * Strict JSON: the one door for text that a client, a file or another node wrote.
 *
 * `JSON.parse` keeps the last of two equal keys, rounds large integers and accepts any depth; two
 * programs can then read one text differently. What such a text would leave open is an error here.
 * Knows nothing of what the values mean: shapes and ranges are the business of whoever asked.
 */

/** What strict JSON can stand for. */
export type JsonValue = null | boolean | number | string | JsonArray | JsonObject;
export type JsonArray = readonly JsonValue[];
export type JsonObject = { readonly [key: string]: JsonValue };

/** Why a text was refused. Codes are API and do not change. */
export type JsonErrorCode =
  | "json-syntax"
  | "json-too-deep"
  | "json-duplicate-key"
  | "json-forbidden-key"
  | "json-number";

/** Text that is not strict JSON. `message` says what and where. */
export class JsonError extends Error {
  override readonly name = "JsonError";
  readonly code: JsonErrorCode;

  constructor(code: JsonErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Bounds on a text, beside its length, which the caller has checked. */
export interface JsonLimits {
  /**
   * Arrays and objects that may stand inside one another; `[]` is 1. The parser recurses, so it
   * must stay in the hundreds.
   */
  readonly maxDepth?: number;
}

/** Deep enough for every body and answer of the API, which nest at most 6. */
export const MAX_JSON_DEPTH = 16;

/** Keys that reach an object's prototype when copied carelessly. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

const NUMBER_PATTERN = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these in strings.
const PLAIN_CHARACTERS_PATTERN = /[^"\\\u0000-\u001f]*/y;

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Returns the value that `text` stands for, in time linear in its length.
 *
 * Throws JsonError on anything but one JSON value, on nesting beyond the limit, on a key given
 * twice in one object, on a key that names a prototype, and on a number that is not finite or whose
 * size exceeds 2^53 - 1.
 */
export function parseJson(text: string, limits: JsonLimits = {}): JsonValue {
  return new Parser(text, limits.maxDepth ?? MAX_JSON_DEPTH).parse();
}

class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  #position = 0;
  #depth = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  parse(): JsonValue {
    this.#skipSpace();
    const value = this.#readValue();
    if (this.#position < this.#text.length) throw this.#unexpected("the end of the text");
    return value;
  }

  /** Reads one value and the space after it. */
  #readValue(): JsonValue {
    const value = this.#readBareValue();
    this.#skipSpace();
    return value;
  }

  #readBareValue(): JsonValue {
    switch (this.#text.charCodeAt(this.#position)) {
      case QUOTE:
        return this.#readString();
      case OPEN_BRACE:
        return this.#readObject();
      case OPEN_BRACKET:
        return this.#readArray();
      case 0x74:
        return this.#readWord("true", true);
      case 0x66:
        return this.#readWord("false", false);
      case 0x6e:
        return this.#readWord("null", null);
      default:
        return this.#readNumber();
    }
  }

  #readObject(): JsonObject {
    this.#enter();
    const object: Record<string, JsonValue> = {};
    if (this.#skip(CLOSE_BRACE)) return this.#leave(object);

    do {
      const start = this.#position;
      const key = this.#readKey();
      if (Object.hasOwn(object, key)) {
        throw this.#error("json-duplicate-key", `the key ${quote(key)} is given twice`, start);
      }
      if (!this.#skip(COLON)) throw this.#unexpected('":"');
      object[key] = this.#readValue();
    } while (this.#skip(COMMA));

    if (!this.#skip(CLOSE_BRACE)) throw this.#unexpected('"," or "}"');
    return this.#leave(object);
  }

  /** Reads a key and the space after it. */
  #readKey(): string {
    const start = this.#position;
    if (this.#text.charCodeAt(start) !== QUOTE) throw this.#unexpected("a key in double quotes");
    const key = this.#readString();

    // Compared after the escapes are resolved: "\u005f_proto__" is the same key.
    if (FORBIDDEN_KEYS.has(key)) {
      throw this.#error("json-forbidden-key", `the key ${quote(key)} is not allowed`, start);
    }
    this.#skipSpace();
    return key;
  }

  #readArray(): JsonArray {
    this.#enter();
    const array: JsonValue[] = [];
    if (this.#skip(CLOSE_BRACKET)) return this.#leave(array);

    do array.push(this.#readValue());
    while (this.#skip(COMMA));

    if (!this.#skip(CLOSE_BRACKET)) throw this.#unexpected('"," or "]"');
    return this.#leave(array);
  }

  #readString(): string {
    const start = this.#position + 1;
    let hasEscapes = false;
    for (let position = start; ; position += 2) {
      PLAIN_CHARACTERS_PATTERN.lastIndex = position;
      PLAIN_CHARACTERS_PATTERN.test(this.#text);
      position = PLAIN_CHARACTERS_PATTERN.lastIndex;

      this.#position = position;
      const code = this.#text.charCodeAt(position);
      if (code === QUOTE) break;
      if (code !== BACKSLASH) throw this.#unexpected("the end of the string");
      hasEscapes = true;
    }

    const end = this.#position++;
    if (!hasEscapes) return this.#text.slice(start, end);
    try {
      return JSON.parse(this.#text.slice(start - 1, end + 1)) as string;
    } catch {
      throw this.#error("json-syntax", "the string has an escape that JSON does not know", start);
    }
  }

  #readNumber(): number {
    const start = this.#position;
    NUMBER_PATTERN.lastIndex = start;
    if (!NUMBER_PATTERN.test(this.#text)) throw this.#unexpected("a value");
    this.#position = NUMBER_PATTERN.lastIndex;

    const value = Number(this.#text.slice(start, this.#position));
    // Every double this large is an integer, so one comparison covers infinities too.
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      throw this.#error("json-number", "the number is beyond 2^53 - 1", start);
    }
    return value;
  }

  #readWord<Value>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#position)) throw this.#unexpected("a value");
    this.#position += word.length;
    return value;
  }

  #enter(): void {
    this.#depth++;
    if (this.#depth > this.#maxDepth) {
      const message = `more than ${this.#maxDepth} arrays and objects inside one another`;
      throw this.#error("json-too-deep", message, this.#position);
    }
    this.#position++;
    this.#skipSpace();
  }

  #leave<Value>(value: Value): Value {
    this.#depth--;
    return value;
  }

  /** Steps over the character `code` and the space after it, if it is the next one. */
  #skip(code: number): boolean {
    if (this.#text.charCodeAt(this.#position) !== code) return false;
    this.#position++;
    this.#skipSpace();
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#position);
      if (code !== SPACE && code !== LINE_FEED && code !== TAB && code !== CARRIAGE_RETURN) return;
      this.#position++;
    }
  }

  #unexpected(expected: string): JsonError {
    const position = this.#position;
    const found =
      position < this.#text.length
        ? quote(String.fromCodePoint(this.#text.codePointAt(position) ?? 0))
        : "the end of the text";
    const message =
      found === expected ? `${expected} comes too early` : `expected ${expected}, found ${found}`;
    return this.#error("json-syntax", message, position);
  }

  #error(code: JsonErrorCode, message: string, position: number): JsonError {
    let line = 1;
    let lineStart = 0;
    for (;;) {
      const lineEnd = this.#text.indexOf("\n", lineStart);
      if (lineEnd === -1 || lineEnd >= position) break;
      line++;
      lineStart = lineEnd + 1;
    }
    return new JsonError(code, `${message} (line ${line}, column ${position - lineStart + 1})`);
  }
}

/** Longest piece of the text that a message repeats, in characters. */
const MAX_QUOTED_LENGTH = 40;

/** Quotes a piece of the text so that nothing in it can pass for part of the message. */
function quote(piece: string): string {
  const shown =
    piece.length > MAX_QUOTED_LENGTH ? `${piece.slice(0, MAX_QUOTED_LENGTH)}...` : piece;
  return JSON.stringify(shown);
}
