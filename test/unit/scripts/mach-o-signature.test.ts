/**
 * The ad-hoc signature, on a Mach-O file of a few pages made here, read back field by field with
 * the offsets of Apple's headers.
 */

import { describe, expect, test } from "bun:test";
import { signAdHoc } from "../../../scripts/mach-o-signature.ts";

const CODE_LIMIT = 3 * 4096 + 100;
const OLD_SIGNATURE_SIZE = 48;

/** Three commands: __TEXT, __LINKEDIT from the third page on, and the signature at the end. */
function makeFile(): Uint8Array {
  const file = new Uint8Array(CODE_LIMIT + OLD_SIGNATURE_SIZE).fill(7);
  const view = new DataView(file.buffer);
  const segment = (at: number, name: string, offset: number, size: number) => {
    view.setUint32(at, 0x19, true);
    view.setUint32(at + 4, 72, true);
    file.set(new TextEncoder().encode(name.padEnd(16, "\0")), at + 8);
    view.setBigUint64(at + 32, BigInt(size), true);
    view.setBigUint64(at + 40, BigInt(offset), true);
    view.setBigUint64(at + 48, BigInt(size), true);
  };
  view.setUint32(0, 0xfeedfacf, true);
  view.setUint32(16, 3, true);
  segment(32, "__TEXT", 0, 8192);
  segment(104, "__LINKEDIT", 8192, file.length - 8192);
  view.setUint32(176, 0x1d, true);
  view.setUint32(180, 16, true);
  view.setUint32(184, CODE_LIMIT, true);
  view.setUint32(188, OLD_SIGNATURE_SIZE, true);
  return file;
}

describe("signAdHoc", () => {
  const signed = signAdHoc(makeFile(), "cairn");
  const view = new DataView(signed.buffer);
  const directory = CODE_LIMIT + 20;

  test("makes the file end with the signature, and says so in its commands", () => {
    expect(view.getUint32(188, true)).toBe(signed.length - CODE_LIMIT);
    expect(view.getBigUint64(104 + 48, true)).toBe(BigInt(signed.length - 8192));
    expect(view.getBigUint64(104 + 32, true)).toBe(8192n);
  });

  test("writes one blob, an ad-hoc code directory", () => {
    expect(view.getUint32(CODE_LIMIT)).toBe(0xfade0cc0);
    expect(view.getUint32(CODE_LIMIT + 8)).toBe(1);
    expect(view.getUint32(directory)).toBe(0xfade0c02);
    expect(view.getUint32(directory + 12)).toBe(0x20002);
    expect(view.getUint32(directory + 28)).toBe(4);
    expect(view.getUint32(directory + 32)).toBe(CODE_LIMIT);
    const name = directory + view.getUint32(directory + 20);
    expect(new TextDecoder().decode(signed.subarray(name, name + 6))).toBe("cairn\0");
  });

  test("hashes every page as it stands in the file, the last one without padding", () => {
    const hashes = directory + view.getUint32(directory + 16);
    for (let page = 0; page < 4; page++) {
      const bytes = signed.subarray(page * 4096, Math.min((page + 1) * 4096, CODE_LIMIT));
      const expected = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
      const at = hashes + page * 32;
      expect(signed.subarray(at, at + 32).toHex()).toBe(expected);
    }
  });

  test("gives the same when it signs what it signed", () => {
    expect(signAdHoc(signed, "cairn")).toEqual(signed);
  });

  test("refuses what it does not understand", () => {
    expect(() => signAdHoc(new Uint8Array(64), "cairn")).toThrow();
    expect(() => signAdHoc(makeFile().subarray(0, -1), "cairn")).toThrow();
  });
});
