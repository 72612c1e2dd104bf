/**
 * Every rule of scripts/tidy.ts, on files held in memory: that it fires, and that it does not fire
 * on comments, strings and look-alikes. The repository itself is checked by running the script.
 */

import { describe, expect, test } from "bun:test";
import { blankText, findProblems, type SourceFile } from "../../../scripts/tidy.ts";

const HEADER = "/**\n * What it is for.\n * What it must not know.\n */\n";

/** The findings in one file, as `line rule`; line 5 is the first one after the header. */
function problemsIn(path: string, body: string, ...others: SourceFile[]): string[] {
  return findProblems([{ path, text: HEADER + body }, ...others])
    .filter((problem) => problem.path === path)
    .map(({ line, rule }) => `${line} ${rule}`);
}

describe("layer", () => {
  test.each([
    ["src/lib/a.ts", "../crypto/b.ts"],
    ["src/wire/a.ts", "../platform/b.ts"],
    ["src/platform/a.ts", "../storage/b.ts"],
    ["src/node/a.ts", "../api/b.ts"],
    ["src/cli/a.ts", "../main.ts"],
    ["src/lib/a.ts", "../unheard-of/b.ts"],
    ["src/api/a.ts", "../../test/support/b.ts"],
    ["src/lib/a.ts", "../../public/b.ts"],
  ])("%s may not import %s", (path, specifier) => {
    expect(problemsIn(path, `import { b } from "${specifier}";\n`)).toEqual(["5 layer"]);
    expect(problemsIn(path, `import type { B } from '${specifier}';\n`)).toEqual(["5 layer"]);
    expect(problemsIn(path, `export { b } from "${specifier}";\n`)).toEqual(["5 layer"]);
    expect(problemsIn(path, `import "${specifier}";\n`)).toEqual(["5 layer"]);
    expect(problemsIn(path, `\nconst b = await import("${specifier}");\n`)).toEqual(["6 layer"]);
    expect(problemsIn(path, `import {\n  b,\n} from "${specifier}";\n`)).toEqual(["7 layer"]);
  });

  test.each([
    ["src/crypto/a.ts", "./b.ts"],
    ["src/crypto/a.ts", "../lib/b.ts"],
    ["src/storage/a.ts", "../platform/b.ts"],
    ["src/main.ts", "./cli/b.ts"],
    ["src/api/a.ts", "../../public/index.html"],
    ["src/cli/a.ts", "../../package.json"],
    ["src/mining/kernel/a.ts", "../miner.ts"],
    ["test/unit/a.test.ts", "../../src/api/b.ts"],
  ])("%s may import %s", (path, specifier) => {
    expect(problemsIn(path, `import { b } from "${specifier}";\n`)).toEqual([]);
  });

  test("does not take an import in a comment or a string for one", () => {
    const body = '// import "../api/a.ts"\n/* from "../api/a.ts" */\nf(`import "../api/a.ts"`);\n';
    expect(problemsIn("src/lib/a.ts", body)).toEqual([]);
  });

  test("refuses a folder it does not know", () => {
    expect(problemsIn("src/utils/a.ts", "")).toEqual(["1 layer"]);
    expect(problemsIn("src/stray.ts", "")).toEqual(["1 layer"]);
  });
});

describe("worker", () => {
  const name = 'const url = new URL("./mining/miner.worker.ts", import.meta.url);\n';

  test("may be named by main.ts only", () => {
    expect(problemsIn("src/mining/miner.ts", name)).toEqual(["5 worker"]);
    expect(problemsIn("src/mining/miner.ts", 'new Worker("./x.worker.ts");\n')).toEqual([
      "5 worker",
    ]);
    expect(problemsIn("src/main.ts", name)).toEqual([]);
  });

  test("may be imported by nobody", () => {
    const body = 'import "./mining/miner.worker.ts";\n';
    expect(problemsIn("src/main.ts", body)).toEqual(["5 worker"]);
  });
});

describe("purity", () => {
  test.each([
    ['import { file } from "bun";', "pure-import"],
    ['import { Database } from "bun:ffi";', "pure-import"],
    ['import { join } from "node:path";', "pure-import"],
    ['import { createHash } from "crypto";', "pure-import"],
    ["const a = Date.now();", "pure-clock"],
    ["const a = new Date();", "pure-clock"],
    ["const a = performance.now();", "pure-clock"],
    ["const a = Math.random();", "pure-chance"],
    ["const a = crypto.getRandomValues(b);", "pure-chance"],
    ["const a = process.env.A;", "pure-process"],
    ["setTimeout(a, 1);", "pure-timer"],
    ["setInterval(a, 1);", "pure-timer"],
    ["queueMicrotask(a);", "pure-timer"],
    ["await fetch(a);", "pure-network"],
    ["const a = Bun.hash(b);", "pure-bun"],
    ["const a = globalThis.b;", "pure-bun"],
    ["let a = 1;", "pure-state"],
    ["export let a = 1;", "pure-state"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: code to be checked.
    ["const a = `${Date.now()}`;", "pure-clock"],
  ])("%s is refused in a pure layer", (line, rule) => {
    for (const layer of ["lib", "crypto", "primitives", "script", "consensus", "wire"]) {
      expect(problemsIn(`src/${layer}/a.ts`, `${line}\n`)).toContain(`5 ${rule}`);
    }
    expect(problemsIn("src/node/a.ts", `${line}\n`)).toEqual([]);
    expect(problemsIn("test/unit/a.test.ts", `${line}\n`)).toEqual([]);
  });

  test.each([
    "// Date.now(), let a = 1, process.env",
    "/*\nlet a = 1;\n*/",
    'const a = "Date.now() // fetch(b)";',
    "const a = `\nlet a = 1;\n`;",
    "const a = /Date.now()[/]fetch(/;",
    "function a() {\n  let b = 1;\n}",
    "const a = block.process.state;",
    "const a = this.fetch(b);",
    "const a = needs.performance.now;",
    "function a(date: Date): void {}",
    'const a = "it\\"s"; // Date.now()',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: code to be checked.
    "const a = `${b({ c: `}` })} Date.now()`;",
    "const a = b / c; // Date.now() /",
  ])("%s is allowed", (body) => {
    expect(problemsIn("src/lib/a.ts", `${body}\n`)).toEqual([]);
  });

  test("excuses crypto/hash.ts, and reports the excuse once it is not needed", () => {
    const body = "const a = globalThis.Bun;\n";
    expect(problemsIn("src/crypto/hash.ts", body)).toEqual([]);
    expect(problemsIn("src/crypto/hash.ts", "const a = 1;\n")).toEqual(["1 exception"]);
  });
});

describe("door", () => {
  test.each([
    ["elysia", "src/api/a.ts", "src/node/a.ts"],
    ["@elysiajs/cors", "src/api/a.ts", "src/cli/a.ts"],
    ["bun:sqlite", "src/storage/a.ts", "src/chain/a.ts"],
    ["bun:sqlite", "src/index/a.ts", "src/api/a.ts"],
    ["@noble/hashes/sha2.js", "src/crypto/a.ts", "src/wallet/a.ts"],
    ["@noble/secp256k1", "src/crypto/a.ts", "src/script/a.ts"],
    ["secp256k1/prebuilds/a.node", "src/platform/a.ts", "src/chain/a.ts"],
    ["@scure/btc-signer/psbt.js", "src/wallet/a.ts", "src/api/a.ts"],
    ["@scure/bip39", "src/wallet/a.ts", "src/cli/a.ts"],
    ["preact", "public/html.ts", "src/api/a.ts"],
    ["preact/hooks", "public/html.ts", "public/components/a.ts"],
    ["htm", "public/html.ts", "public/app.ts"],
    ["chart.js", "public/components/chart-engine.ts", "public/views/a.ts"],
    ["qr", "public/components/qr-code.ts", "public/views/a.ts"],
  ])("%s is for %s and not for %s", (specifier, inside, outside) => {
    expect(problemsIn(inside, `import { b } from "${specifier}";\n`)).toEqual([]);
    expect(problemsIn(outside, `import { b } from "${specifier}";\n`)).toEqual(["5 door"]);
  });
});

describe("public", () => {
  test.each([
    ["public/a.ts", "./b.ts"],
    ["public/components/a.ts", "../b.ts"],
    ["public/components/a.ts", "./b.ts"],
    ["public/views/a.ts", "../components/b.ts"],
    ["public/app.ts", "./views/b.ts"],
  ])("%s may import %s", (path, specifier) => {
    expect(problemsIn(path, `import { b } from "${specifier}";\n`)).toEqual([]);
  });

  test.each([
    ["public/a.ts", "./components/b.ts"],
    ["public/components/a.ts", "../views/b.ts"],
    ["public/views/a.ts", "../app.ts"],
    ["public/app.ts", "./theme.ts"],
    ["public/a.ts", "../scripts/b.ts"],
    ["public/a.ts", "../src/api/b.ts"],
  ])("%s may not import %s", (path, specifier) => {
    expect(problemsIn(path, `import { b } from "${specifier}";\n`)).toEqual(["5 layer"]);
    expect(problemsIn(path, `await import("${specifier}");\n`)).toEqual(["5 layer"]);
  });

  test("may know the shapes of the API, and nothing that would be bundled", () => {
    const before = 'import { c } from "./c.ts";\n';
    const shape = 'import type {\n  B,\n} from "../src/api/b.ts";\n';
    expect(problemsIn("public/a.ts", before + shape)).toEqual([]);
    const value = 'import { type B, b } from "../src/api/b.ts";\n';
    expect(problemsIn("public/a.ts", shape + value)).toEqual(["8 layer"]);
  });

  test.each([
    ["await fetch(a);", "public-network"],
    ["new WebSocket(a);", "public-network"],
    ["a.innerHTML = b;", "public-markup"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: code to be checked.
    ["html`<p ...${{ dangerouslySetInnerHTML: a }} />`;", "public-markup"],
  ])("%s is refused", (line, rule) => {
    expect(problemsIn("public/views/a.ts", `${line}\n`)).toEqual([`5 ${rule}`]);
  });

  test("asks the node through its doors", () => {
    expect(problemsIn("public/api-client.ts", "await fetch(a);\n")).toEqual([]);
    expect(problemsIn("public/dashboard-store.ts", "new WebSocket(a);\n")).toEqual([]);
  });
});

describe("page code", () => {
  const door = "public/wallet-engine.ts";
  const planner = 'import { planPayment } from "../src/wallet/payment-plan.ts";\n';
  const file = (path: string, body: string): SourceFile => ({ path, text: HEADER + body });

  test("comes through one door, from the files that are named for it", () => {
    expect(problemsIn(door, planner)).toEqual([]);
    expect(problemsIn("public/a.ts", planner)).toEqual(["5 layer"]);
    expect(problemsIn(door, 'import { b } from "../src/wallet/wallets.ts";\n')).toEqual([
      "5 layer",
    ]);
    expect(problemsIn(door, 'import { b } from "../src/node/node.ts";\n')).toEqual(["5 layer"]);
  });

  test.each(["node:crypto", "bun", "bun:sqlite", "fs"])("reaches no %s, however far", (name) => {
    const others = [
      file(door, planner),
      file("src/wallet/payment-plan.ts", 'import { b } from "./b.ts";\n'),
    ];
    const reaching = `import { c } from "${name}";\n`;
    expect(problemsIn("src/wallet/b.ts", reaching, ...others)).toContain("5 page-code");
    const shapes = `import type { C } from "${name}";\n`;
    expect(problemsIn("src/wallet/b.ts", shapes, ...others)).not.toContain("5 page-code");
    expect(problemsIn("src/wallet/c.ts", reaching, ...others)).not.toContain("5 page-code");
  });

  test("is loaded later than the page", () => {
    const view = "public/views/a.ts";
    const app = file("public/app.ts", 'import { A } from "./views/a.ts";\n');
    const eager = 'import { planPayment } from "../wallet-engine.ts";\n';
    expect(problemsIn(view, eager, app)).toEqual(["5 page-code"]);
    expect(problemsIn(view, 'await import("../wallet-engine.ts");\n', app)).toEqual([]);
    expect(problemsIn(view, 'import type { B } from "../wallet-engine.ts";\n', app)).toEqual([]);
    // What is itself loaded later may name it plainly.
    const lazyApp = file("public/app.ts", 'await import("./views/a.ts");\n');
    expect(problemsIn(view, eager, lazyApp)).toEqual([]);
  });
});

describe("traps", () => {
  test("JSON.parse only in lib/json.ts", () => {
    expect(problemsIn("src/api/a.ts", "JSON.parse(a);\n")).toEqual(["5 json-parse"]);
    expect(problemsIn("src/lib/json.ts", "JSON.parse(a);\n")).toEqual([]);
    expect(problemsIn("test/unit/a.test.ts", "JSON.parse(a);\n")).toEqual([]);
  });

  test("localeCompare nowhere in src/", () => {
    expect(problemsIn("src/api/a.ts", "a.localeCompare(b);\n")).toEqual(["5 locale-compare"]);
    expect(problemsIn("src/api/a.ts", "// localeCompare\n")).toEqual([]);
  });

  test("Buffer.from with hex nowhere in src/", () => {
    expect(problemsIn("src/api/a.ts", 'Buffer.from(f(a, b), "hex");\n')).toEqual(["5 buffer-hex"]);
    expect(problemsIn("src/api/a.ts", "Buffer.from(\n  a,\n  'hex',\n);\n")).toEqual([
      "5 buffer-hex",
    ]);
    expect(problemsIn("src/api/a.ts", 'f(Buffer.from(a), "hex");\n')).toEqual([]);
    expect(problemsIn("src/api/a.ts", 'Buffer.from("hex");\n')).toEqual([]);
  });
});

describe("consensus arithmetic", () => {
  test.each(["Math.floor(a)", "Math.pow(a, b)", "parseFloat(a)", "a.toFixed(2)"])("%s", (call) => {
    expect(problemsIn("src/consensus/a.ts", `const c = ${call};\n`)).toEqual(["5 consensus-math"]);
    expect(problemsIn("src/chain/a.ts", `const c = ${call};\n`)).toEqual([]);
  });

  test.each(["a / 2", "a / 2.5", "1 / a", "a / 1_000"])("%s", (sum) => {
    expect(problemsIn("src/consensus/a.ts", `const c = ${sum};\n`)).toEqual([
      "5 consensus-division",
    ]);
  });

  test.each(["a / 2n", "1_000n / a", "a / b", "Math.max(a, 2)", "a1 / b", "/2/.test(a)"])(
    "%s is exact",
    (sum) => {
      expect(problemsIn("src/consensus/a.ts", `const c = ${sum};\n`)).toEqual([]);
    },
  );
});

describe("header", () => {
  const problemsOf = (path: string, text: string) =>
    findProblems([{ path, text }]).map(({ line, rule }) => `${line} ${rule}`);

  test("is a block comment of two lines on line 1, of one in tests", () => {
    for (const path of ["src/lib/a.ts", "test/a.test.ts", "scripts/a.ts", "public/a.ts"]) {
      expect(problemsOf(path, "")).toEqual(["1 header"]);
      expect(problemsOf(path, "export const a = 1;\n")).toEqual(["1 header"]);
      const isTest = path.startsWith("test/");
      expect(problemsOf(path, "/** One line. */\n")).toEqual(isTest ? [] : ["1 header"]);
      expect(problemsOf(path, "// Not a\n// block.\n")).toEqual(["1 header"]);
      expect(problemsOf(path, `\n${HEADER}`)).toEqual(["1 header"]);
      expect(problemsOf(path, HEADER)).toEqual([]);
      expect(problemsOf(path, `#!/usr/bin/env bun\n${HEADER}`)).toEqual([]);
    }
  });

  test("is not asked of other languages and folders", () => {
    for (const path of ["README.md", "public/a.css", "src/mining/kernel/a.as.ts", "a.ts"]) {
      expect(problemsOf(path, "")).toEqual([]);
    }
  });
});

describe("unused", () => {
  const main = { path: "src/main.ts", text: `${HEADER}import { b } from "./cli/b.ts";\n` };

  test("reports a file that only a test imports", () => {
    const own = { path: "test/a.test.ts", text: `${HEADER}import "../src/lib/a.ts";\n` };
    expect(problemsIn("src/lib/a.ts", "", main, own)).toEqual(["1 unused"]);
  });

  test("spares what is imported, workers, declarations and main.ts", () => {
    for (const path of ["src/cli/b.ts", "src/mining/a.worker.ts", "src/lib/a.d.ts"]) {
      expect(problemsIn(path, "", main)).toEqual([]);
    }
    expect(findProblems([main])).toEqual([]);
  });

  test("says nothing in a tree without an entry", () => {
    expect(problemsIn("src/lib/a.ts", "")).toEqual([]);
  });
});

describe("size", () => {
  test("allows 600 lines and not 601", () => {
    const lines = (count: number) => HEADER + "\n".repeat(count - 4);
    const rules = (text: string) =>
      findProblems([{ path: "src/lib/a.ts", text }]).map(({ rule }) => rule);
    expect(rules(lines(600))).toEqual([]);
    expect(rules(lines(601))).toEqual(["size"]);
  });
});

describe("word", () => {
  const wordsOf = (path: string, text: string) =>
    findProblems([{ path, text }]).map(({ line, rule }) => `${line} ${rule}`);

  test("fires in any text file and in any case", () => {
    for (const word of ["clau-de", "An-thropic", "OPEN-AI", "Chat-GPT", "/wo-rk/", "L-LM"]) {
      expect(wordsOf("README.md", `Fine.\nBy ${word.replace("-", "")}, so.\n`)).toEqual(["2 word"]);
    }
  });

  test("does not fire on parts of other words, nor in the lock file", () => {
    expect(wordsOf("README.md", "Hallmark, framework/, work/, wellm\n")).toEqual([]);
    expect(wordsOf("bun.lock", '"sha512-+L'.concat('LM/"\n'))).toEqual([]);
  });
});

describe("findProblems", () => {
  test("sorts by path and line", () => {
    const found = findProblems([
      { path: "src/lib/b.ts", text: `${HEADER}let a = 1;\n` },
      { path: "src/lib/a.ts", text: `${HEADER}\nlet a = 1;\nfetch(a);\n` },
    ]);
    expect(found.map(({ path, line }) => `${path}:${line}`)).toEqual([
      "src/lib/a.ts:6",
      "src/lib/a.ts:7",
      "src/lib/b.ts:5",
    ]);
  });
});

describe("blankText", () => {
  test("keeps length and line breaks", () => {
    const text = "a('b\\'c'); /* d\ne */ `f$" + "{'g'}h`; // i\n/j[/]/.test(k) / 2;";
    const blanked = blankText(text);
    expect(blanked.length).toBe(text.length);
    expect(blanked).toBe("a('    ');     \n     ` $" + "{' '} `;     \n/    /.test(k) / 2;");
  });
});
