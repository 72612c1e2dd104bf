/**
 * Compiles src/mining/kernel/kernel.as into the kernel.wasm that is committed beside it.
 *
 * `--check` compares instead of writing: exit 1 if the committed bytes are not what the source
 * gives, 2 if the compiler is missing. The compiler is the npm package "assemblyscript", a
 * development dependency pinned in package.json, and its version decides every byte.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SOURCE_PATH = fileURLToPath(new URL("../src/mining/kernel/kernel.as", import.meta.url));
const OUTPUT_PATH = fileURLToPath(new URL("../src/mining/kernel/kernel.wasm", import.meta.url));

/** The version that made the committed file. */
const COMPILER_VERSION = "0.28.20";

// The compiler insists on the suffix, which the file itself must not have: see its header.
const ENTRY_NAME = "kernel.ts";
const OUTPUT_NAME = "kernel.wasm";

const COMPILER_FLAGS = [
  "-O3",
  "--enable",
  "simd",
  "--runtime",
  "stub",
  "--noAssert",
  "--initialMemory",
  "1",
  "--maximumMemory",
  "1",
];

/** What became of a compilation: its bytes, or one line saying why there are none. */
export type KernelBuild =
  | { readonly status: "built"; readonly bytes: Uint8Array }
  | { readonly status: "no-compiler"; readonly reason: string };

/**
 * Compiles the kernel's source in memory. The same compiler gives the same bytes on every system.
 * Throws if the source does not compile.
 */
export async function buildKernel(): Promise<KernelBuild> {
  const compiler = await findCompiler();
  if (compiler === undefined) {
    const reason = `assemblyscript ${COMPILER_VERSION} is not installed: run "bun install"`;
    return { status: "no-compiler", reason };
  }
  if (compiler.version !== COMPILER_VERSION) {
    const reason = `assemblyscript is ${compiler.version}, kernel.wasm needs ${COMPILER_VERSION}`;
    return { status: "no-compiler", reason };
  }

  let bytes: Uint8Array | undefined;
  const { error, stderr } = await compiler.main(
    [ENTRY_NAME, "--outFile", OUTPUT_NAME, ...COMPILER_FLAGS],
    {
      readFile: (name) => (name === ENTRY_NAME ? readFileSync(SOURCE_PATH, "utf8") : null),
      writeFile: (name, contents) => {
        if (name === OUTPUT_NAME && typeof contents !== "string") bytes = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || bytes === undefined) {
    throw new Error(`kernel.as does not compile\n${stderr.toString()}`, { cause: error });
  }
  return { status: "built", bytes };
}

async function findCompiler() {
  try {
    return (await import("assemblyscript/asc")).default;
  } catch {
    return undefined;
  }
}

async function main(isCheck: boolean): Promise<number> {
  const build = await buildKernel();
  if (build.status === "no-compiler") {
    console.error(`build-kernel: ${build.reason}`);
    return 2;
  }
  if (!isCheck) {
    writeFileSync(OUTPUT_PATH, build.bytes);
    console.log(`build-kernel: wrote ${build.bytes.length} bytes`);
    return 0;
  }
  if (!readFileSync(OUTPUT_PATH).equals(build.bytes)) {
    console.error("build-kernel: kernel.wasm is not what kernel.as gives: run without --check");
    return 1;
  }
  console.log("build-kernel: kernel.wasm is what kernel.as gives");
  return 0;
}

if (import.meta.main) process.exit(await main(process.argv.includes("--check")));
