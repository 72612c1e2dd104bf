/**
 * Signs a macOS executable ad hoc, in place of `codesign --force --sign -`, on any system.
 *
 * Bun signs what it compiles for Apple's own processors; for Intel's it leaves the signature of its
 * bare runtime, which no longer fits. Knows the file format's few fields that matter here, and says
 * nothing of who made the file: that takes a certificate, and Apple's tools.
 */

const MAGIC_64 = 0xfeedfacf;
const COMMAND_SEGMENT_64 = 0x19;
const COMMAND_CODE_SIGNATURE = 0x1d;
const HEADER_SIZE = 32;

/** Blobs of a signature; unlike the rest of the file they are big-endian. */
const MAGIC_SUPER_BLOB = 0xfade0cc0;
const MAGIC_CODE_DIRECTORY = 0xfade0c02;
const SUPER_BLOB_SIZE = 20;
const DIRECTORY_SIZE = 88;
/** The version that knows about executable segments. */
const DIRECTORY_VERSION = 0x20400;
/** Ad hoc, and signed by a linker: what the linkers write. */
const DIRECTORY_FLAGS = 0x20002;
const HASH_TYPE_SHA256 = 2;
const HASH_SIZE = 32;
const PAGE_BITS = 12;
const PAGE_SIZE = 1 << PAGE_BITS;
const SEGMENT_IS_MAIN_BINARY = 1n;

/** Where the parts are that a signature speaks of, or that change with its size. */
interface Layout {
  /** Offset of the command that tells where the signature is. */
  readonly signatureCommand: number;
  /** Offset of the signature, and so the length of what is signed. */
  readonly codeLimit: number;
  readonly linkEditCommand: number;
  readonly textOffset: bigint;
  readonly textSize: bigint;
}

/**
 * Returns a copy of the 64-bit Mach-O executable `file` with its signature, which must be there and
 * be its last part, replaced by an ad-hoc one for `identifier`. Throws on any other file.
 */
export function signAdHoc(file: Uint8Array, identifier: string): Uint8Array {
  const layout = readLayout(file);
  const { codeLimit } = layout;
  const name = new TextEncoder().encode(`${identifier}\0`);
  const pages = Math.ceil(codeLimit / PAGE_SIZE);
  const size = SUPER_BLOB_SIZE + DIRECTORY_SIZE + name.length + pages * HASH_SIZE;

  // The linkers align to 16, and so does everybody who reads.
  const signed = new Uint8Array(codeLimit + Math.ceil(size / 16) * 16);
  signed.set(file.subarray(0, codeLimit));
  // The first page holds the sizes, so they come before the hashes.
  writeSizes(signed, layout);
  writeSignature(signed, layout, name, size);
  return signed;
}

function readLayout(file: Uint8Array): Layout {
  const view = viewOf(file);
  if (view.getUint32(0, true) !== MAGIC_64) throw new Error("no 64-bit Mach-O file");

  let signatureCommand: number | undefined;
  let linkEditCommand: number | undefined;
  let text: { offset: bigint; size: bigint } | undefined;
  let offset = HEADER_SIZE;
  for (let count = view.getUint32(16, true); count > 0; count--) {
    const command = view.getUint32(offset, true);
    if (command === COMMAND_CODE_SIGNATURE) signatureCommand = offset;
    if (command === COMMAND_SEGMENT_64) {
      const name = new TextDecoder().decode(file.subarray(offset + 8, offset + 24));
      if (name.startsWith("__LINKEDIT\0")) linkEditCommand = offset;
      if (name.startsWith("__TEXT\0")) {
        text = {
          offset: view.getBigUint64(offset + 40, true),
          size: view.getBigUint64(offset + 48, true),
        };
      }
    }
    offset += view.getUint32(offset + 4, true);
  }
  if (signatureCommand === undefined || linkEditCommand === undefined || text === undefined) {
    throw new Error("a Mach-O file without signature, __LINKEDIT or __TEXT");
  }

  const codeLimit = view.getUint32(signatureCommand + 8, true);
  if (codeLimit + view.getUint32(signatureCommand + 12, true) !== file.length) {
    throw new Error("the signature is not the last part of the file");
  }
  return {
    signatureCommand,
    codeLimit,
    linkEditCommand,
    textOffset: text.offset,
    textSize: text.size,
  };
}

function writeSizes(signed: Uint8Array, layout: Layout): void {
  const view = viewOf(signed);
  view.setUint32(layout.signatureCommand + 12, signed.length - layout.codeLimit, true);

  const fileOffset = view.getBigUint64(layout.linkEditCommand + 40, true);
  const fileSize = BigInt(signed.length) - fileOffset;
  const page = BigInt(PAGE_SIZE);
  const memorySize = ((fileSize + page - 1n) / page) * page;
  view.setBigUint64(layout.linkEditCommand + 32, memorySize, true);
  view.setBigUint64(layout.linkEditCommand + 48, fileSize, true);
}

function writeSignature(signed: Uint8Array, layout: Layout, name: Uint8Array, size: number): void {
  const { codeLimit, textOffset, textSize } = layout;
  const pages = Math.ceil(codeLimit / PAGE_SIZE);
  const hashOffset = DIRECTORY_SIZE + name.length;

  const view = viewOf(signed.subarray(codeLimit));
  // One blob of type 0, the code directory.
  [MAGIC_SUPER_BLOB, size, 1, 0, SUPER_BLOB_SIZE].forEach((word, index) => {
    view.setUint32(index * 4, word);
  });
  const directory = viewOf(signed.subarray(codeLimit + SUPER_BLOB_SIZE));
  [
    MAGIC_CODE_DIRECTORY,
    size - SUPER_BLOB_SIZE,
    DIRECTORY_VERSION,
    DIRECTORY_FLAGS,
    hashOffset,
    DIRECTORY_SIZE,
    0,
    pages,
    codeLimit,
  ].forEach((word, index) => {
    directory.setUint32(index * 4, word);
  });
  directory.setUint8(36, HASH_SIZE);
  directory.setUint8(37, HASH_TYPE_SHA256);
  directory.setUint8(39, PAGE_BITS);
  directory.setBigUint64(64, textOffset);
  directory.setBigUint64(72, textSize);
  directory.setBigUint64(80, SEGMENT_IS_MAIN_BINARY);

  const directoryStart = codeLimit + SUPER_BLOB_SIZE;
  signed.set(name, directoryStart + DIRECTORY_SIZE);
  for (let page = 0; page < pages; page++) {
    const start = page * PAGE_SIZE;
    // The last page is hashed as far as it goes, without padding.
    const bytes = signed.subarray(start, Math.min(start + PAGE_SIZE, codeLimit));
    const hash = new Bun.CryptoHasher("sha256").update(bytes).digest();
    signed.set(hash, directoryStart + hashOffset + page * HASH_SIZE);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
