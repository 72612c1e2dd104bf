#!/usr/bin/env bun
/**
 * Checks what no linter knows: the order of the layers, purity below storage/, one door per
 * library, a header on every file, no dead file, no word that has no place in this repository.
 *
 * `findProblems` is a pure function of the files' texts, so that every rule is tested without a
 * disk. Nothing here may know what the code means; types are the compiler's business.
 */

import { posix } from "node:path";

/** One text file of the repository; `path` is relative to its root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One finding; `line` counts from 1. */
export interface Problem {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

/** From left to right: a file may import from its own folder and from folders before it. */
const LAYERS = [
  "lib",
  "crypto",
  "primitives",
  "script",
  "consensus",
  "wire",
  "platform",
  "storage",
  "chain",
  "mempool",
  "mining",
  "p2p",
  "index",
  "wallet",
  "node",
  "api",
  "cli",
] as const;

/** The layers without I/O, clock, chance and module state; they also run outside Bun. */
const PURE_LAYERS = ["lib", "crypto", "primitives", "script", "consensus", "wire"];

/** Layers which may reach out of src/: for the dashboard they serve, and the version they tell. */
const LAYERS_WITH_ASSETS = ["node", "api", "cli", "main.ts"];

/** More lines than this, and a file holds two ideas. */
const MAX_SOURCE_LINES = 600;

/**
 * Findings allowed for a reason. The list may only shrink: an entry that excuses nothing any more
 * is itself a finding.
 */
const EXCEPTIONS: readonly { rule: string; path: string; reason: string }[] = [
  {
    rule: "pure-bun",
    path: "src/crypto/hash.ts",
    reason: "feature detection: the engine's SHA-256 where there is one, else the portable one",
  },
  {
    rule: "layer",
    path: "src/api/dashboard-files.ts",
    reason: "bundles the dashboard when it runs from source; the binary has another in its place",
  },
];

/** What a pure layer may not touch, as it stands in code without comments and strings. */
const IMPURITIES: readonly { rule: string; pattern: RegExp; message: string }[] = [
  { rule: "pure-clock", pattern: /\bDate\.now\b/g, message: "reads the clock" },
  { rule: "pure-clock", pattern: /\bnew Date\(\s*\)/g, message: "reads the clock" },
  { rule: "pure-clock", pattern: /(?<![.\w$])Date\(/g, message: "makes a Date" },
  { rule: "pure-clock", pattern: /(?<![.\w$])performance\./g, message: "reads the clock" },
  { rule: "pure-chance", pattern: /\bMath\.random\b/g, message: "draws a random number" },
  {
    rule: "pure-chance",
    pattern: /\bcrypto\.(?:getRandomValues|randomUUID|randomBytes)\b/g,
    message: "draws random bytes",
  },
  { rule: "pure-process", pattern: /(?<![.\w$#])process\./g, message: "reads the process" },
  {
    rule: "pure-timer",
    pattern: /(?<![.\w$#])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/g,
    message: "starts a timer",
  },
  { rule: "pure-network", pattern: /(?<![.\w$#])fetch\(/g, message: "reaches the network" },
  { rule: "pure-bun", pattern: /\bglobalThis\b/g, message: "reaches for globalThis" },
  { rule: "pure-bun", pattern: /(?<![.\w$])Bun\b/g, message: "reaches for Bun" },
  {
    rule: "pure-state",
    pattern: /^(?:export )?(?:let|var)\b/gm,
    message: "keeps module state (top-level let)",
  },
];

/** Each library has one door; `folders` may import it, nobody else in src/ and public/. */
const DOORS: readonly { name: string; pattern: RegExp; folders: readonly string[] }[] = [
  { name: "elysia", pattern: /^(?:elysia|@elysiajs\/.*)(?:\/|$)/, folders: ["src/api/"] },
  { name: "bun:sqlite", pattern: /^bun:sqlite$/, folders: ["src/storage/", "src/index/"] },
  { name: "node:sqlite", pattern: /^node:sqlite$/, folders: [] },
  {
    name: "a curve or hash library",
    pattern: /^(?:@noble\/.*|(?:tiny-)?secp256k1|elliptic|bitcore-lib)(?:\/|$)/,
    folders: ["src/crypto/", "src/platform/"],
  },
  {
    name: "a wallet library",
    pattern: /^@scure\/(?:bip32|btc-signer)(?:\/|$)/,
    folders: ["src/wallet/"],
  },
  {
    name: "a library of mnemonics",
    pattern: /^@scure\/bip39(?:\/|$)/,
    folders: ["src/wallet/", "public/mnemonic.ts"],
  },
  { name: "preact", pattern: /^(?:preact|htm)(?:\/|$)/, folders: ["public/html.ts"] },
  {
    name: "qr",
    pattern: /^qr(?:\/|$)/,
    folders: ["public/components/qr-code.ts", "src/cli/wallet-address.ts"],
  },
  {
    name: "chart.js",
    pattern: /^chart\.js(?:\/|$)/,
    folders: ["public/components/chart-engine.ts"],
  },
];

/** What the browser loads first; everything else of the dashboard is there for them. */
const PUBLIC_ENTRIES = ["public/app.ts", "public/theme.ts"];

/** The one file through which code of src/ comes into the page, and what it may take from there. */
const PAGE_DOOR = {
  path: "public/wallet-engine.ts",
  targets: [
    "src/consensus/networks.ts",
    "src/lib/bytes.ts",
    "src/lib/codec.ts",
    "src/primitives/address.ts",
    "src/primitives/transaction.ts",
    "src/wallet/account.ts",
    "src/wallet/fund-payment.ts",
    "src/wallet/keystore-error.ts",
    "src/wallet/keystore-file.ts",
    "src/wallet/mnemonic.ts",
    "src/wallet/password.ts",
    "src/wallet/payment-error.ts",
    "src/wallet/payment-plan.ts",
    "src/wallet/portable-keys.ts",
    "src/wallet/psbt.ts",
    "src/wallet/psbt-error.ts",
    "src/wallet/psbt-signing.ts",
    "src/wallet/scrypt.ts",
    "src/wallet/wallet-addresses.ts",
    "src/wallet/wallet-secret.ts",
  ],
} as const;

/** What the dashboard may not do, but for the files named: whom it asks, and what becomes markup. */
const PUBLIC_DANGERS: readonly {
  rule: string;
  pattern: RegExp;
  message: string;
  doors: readonly string[];
}[] = [
  {
    rule: "public-network",
    pattern: /(?<![.\w$#])(?:fetch\(|new (?:WebSocket|EventSource|XMLHttpRequest)\b)/g,
    message: "asks the node; that is the business of api-client.ts and dashboard-store.ts",
    doors: ["public/api-client.ts", "public/dashboard-store.ts"],
  },
  {
    rule: "public-markup",
    pattern:
      /\b(?:innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write)\b/g,
    message: "makes markup of text; a miner may call itself anything",
    doors: [],
  },
];

/** Functions of Math that are exact on integers, and so may stand in consensus code. */
const EXACT_MATH = ["min", "max", "imul", "clz32"];

/**
 * What this repository must not mention; it speaks of the product only. Each is written in two
 * halves, or this file would report itself.
 */
const BANNED_WORDS: readonly RegExp[] = [
  ["clau", "de"],
  ["anthro", "pic"],
  ["open", "ai"],
  ["chat", "gpt"],
  ["/wo", "rk/"],
  ["\\bll", "m\\b"],
].map((halves) => new RegExp(halves.join(""), "i"));

/** A file made ready for the rules: `code` keeps every offset and line break of `text`. */
interface ScannedFile extends SourceFile {
  /** Comments, and the insides of strings, templates and patterns, are spaces. */
  readonly code: string;
  readonly imports: readonly ImportSite[];
}

interface ImportSite {
  readonly specifier: string;
  readonly offset: number;
  /** Repository path, for a relative import. */
  readonly target: string | undefined;
  /** True of `import()`: nothing is loaded before it is reached. */
  readonly isLazy: boolean;
}

/** Returns every finding in `files`, in order of path and line. */
export function findProblems(files: readonly SourceFile[]): Problem[] {
  const scanned = files.filter((file) => isCode(file.path)).map(scanFile);
  const found = [
    ...scanned.flatMap(checkHeader),
    ...scanned.filter((file) => file.path.startsWith("src/")).flatMap(checkSource),
    ...scanned.filter((file) => file.path.startsWith("public/")).flatMap(checkPublic),
    ...checkPageCode(scanned),
    ...checkUnused(scanned),
    ...files.flatMap(checkWords),
  ];
  return withoutExceptions(found, files).sort(
    (a, b) => compareText(a.path, b.path) || a.line - b.line,
  );
}

function checkSource(file: ScannedFile): Problem[] {
  return [
    ...checkLayers(file),
    ...checkWorkers(file),
    ...checkPurity(file),
    ...checkDoors(file),
    ...checkTraps(file),
    ...checkConsensusArithmetic(file),
    ...checkSize(file),
  ];
}

function checkPublic(file: ScannedFile): Problem[] {
  const dangers = PUBLIC_DANGERS.filter(({ doors }) => !doors.includes(file.path)).flatMap(
    ({ rule, pattern, message }) =>
      matches(file.code, pattern).map(({ index }) => problem(file, index, rule, message)),
  );
  return [...checkPublicLayers(file), ...checkDoors(file), ...dangers, ...checkSize(file)];
}

/**
 * Of src/ the dashboard may know the shapes, which are gone when it is bundled; code comes in through
 * one door.
 */
function checkPublicLayers(file: ScannedFile): Problem[] {
  return file.imports.flatMap(({ target, offset }) => {
    if (target === undefined) return [];
    if (target.startsWith("src/") && isTypeImport(file, offset)) return [];
    const isThroughDoor = file.path === PAGE_DOOR.path;
    if (isThroughDoor && (PAGE_DOOR.targets as readonly string[]).includes(target)) return [];
    const isBelow = publicRankOf(target) <= publicRankOf(file.path);
    if (target.startsWith("public/") && isBelow && !PUBLIC_ENTRIES.includes(target)) return [];
    return [problem(file, offset, "layer", `${file.path} may not import ${target}`)];
  });
}

/** What comes into the page runs there, and is loaded by those alone who need it. */
function checkPageCode(files: readonly ScannedFile[]): Problem[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const code = reachedFrom([PAGE_DOOR.path], byPath, () => true);
  const platform = code.flatMap((file) =>
    file.imports
      .filter(({ specifier, offset }) => isPlatform(specifier) && !isTypeImport(file, offset))
      .map(({ specifier, offset }) =>
        problem(file, offset, "page-code", `comes into the page, which has no ${specifier}`),
      ),
  );
  const first = reachedFrom(PUBLIC_ENTRIES, byPath, ({ isLazy }) => !isLazy);
  const eager = first.flatMap((file) =>
    file.imports
      .filter(({ target, isLazy }) => target === PAGE_DOOR.path && !isLazy)
      .filter(({ offset }) => !isTypeImport(file, offset))
      .map(({ offset }) =>
        problem(file, offset, "page-code", "loads the wallet with the page; use import()"),
      ),
  );
  return [...platform, ...eager];
}

/** The files at `paths` and those that they import as `follows` has it, types aside. */
function reachedFrom(
  paths: readonly string[],
  byPath: ReadonlyMap<string, ScannedFile>,
  follows: (site: ImportSite) => boolean,
): ScannedFile[] {
  const found = new Set<ScannedFile>();
  const visit = (path: string | undefined) => {
    const file = byPath.get(path ?? "");
    if (file === undefined || found.has(file)) return;
    found.add(file);
    for (const site of file.imports) {
      if (follows(site) && !isTypeImport(file, site.offset)) visit(site.target);
    }
  };
  for (const path of paths) visit(path);
  return [...found];
}

/** True of what Bun or Node bring along. */
function isPlatform(specifier: string): boolean {
  return /^(?:bun$|bun:|node:)/.test(specifier) || NODE_NAMES.has(specifier);
}

/** The loose files, then components/, then views/, then the entries. */
function publicRankOf(path: string): number {
  if (PUBLIC_ENTRIES.includes(path)) return 3;
  if (path.startsWith("public/views/")) return 2;
  return path.startsWith("public/components/") ? 1 : 0;
}

/** True of the statement in which a `from` stands at `offset`. */
function isTypeImport({ code }: ScannedFile, offset: number): boolean {
  const before = code.slice(0, offset);
  return /^(?:import|export) type\b/.test(
    before.slice(before.search(/\b(?:import|export)\b[^;]*$/)),
  );
}

function checkLayers(file: ScannedFile): Problem[] {
  const own = layerOf(file.path);
  const rank = rankOf(own);
  if (rank < 0) return [problem(file, 0, "layer", `${own} is not a layer; see LAYERS in tidy.ts`)];

  return file.imports.flatMap(({ target, offset }) => {
    if (target === undefined) return [];
    if (!target.startsWith("src/")) {
      const isAsset = target.startsWith("public/") || target === "package.json";
      if (isAsset && LAYERS_WITH_ASSETS.includes(own)) return [];
      return [problem(file, offset, "layer", `${own} may not import ${target}`)];
    }
    const other = layerOf(target);
    if (other === "main.ts") return [problem(file, offset, "layer", "nothing imports main.ts")];
    if (rankOf(other) <= rank && rankOf(other) >= 0) return [];
    return [problem(file, offset, "layer", `${own} may not import ${other} (${target})`)];
  });
}

function checkWorkers(file: ScannedFile): Problem[] {
  const imported = file.imports
    .filter(({ specifier }) => specifier.endsWith(".worker.ts"))
    .map(({ offset }) => problem(file, offset, "worker", "a worker is an entry point; spawn it"));
  if (file.path === "src/main.ts") return imported;

  const named = matches(file.code, /\bnew (?:URL|Worker)\(\s*["'`]/g)
    .filter((match) => stringAt(file, match.index + match[0].length - 1).endsWith(".worker.ts"))
    .map(({ index }) => problem(file, index, "worker", "only main.ts may name a worker file"));
  return [...imported, ...named];
}

function checkPurity(file: ScannedFile): Problem[] {
  if (!PURE_LAYERS.includes(layerOf(file.path))) return [];
  const imported = file.imports
    .filter(({ specifier }) => isPlatform(specifier))
    .map(({ offset, specifier }) =>
      problem(file, offset, "pure-import", `a pure layer may not import ${specifier}`),
    );
  const touched = IMPURITIES.flatMap(({ rule, pattern, message }) =>
    matches(file.code, pattern).map(({ index }) =>
      problem(file, index, rule, `a pure layer ${message}`),
    ),
  );
  return [...imported, ...oneEachLine(touched)];
}

/** Node's own modules under their old names, which need no prefix. */
const NODE_NAMES = new Set(["buffer", "crypto", "events", "fs", "net", "os", "path", "util"]);

function checkDoors(file: ScannedFile): Problem[] {
  return file.imports.flatMap(({ specifier, offset }) =>
    DOORS.filter(({ pattern }) => pattern.test(specifier))
      .filter(({ folders }) => !folders.some((folder) => file.path.startsWith(folder)))
      .map(({ name, folders }) => {
        const doors = folders.length === 0 ? "no file in src/" : folders.join(" and ");
        return problem(file, offset, "door", `${name} may be imported by ${doors} only`);
      }),
  );
}

function checkTraps(file: ScannedFile): Problem[] {
  const jsonParse =
    file.path === "src/lib/json.ts"
      ? []
      : matches(file.code, /\bJSON\.parse\b/g).map(({ index }) =>
          problem(file, index, "json-parse", "parse with lib/json.ts: bounded, no duplicate keys"),
        );
  const locale = matches(file.code, /\blocaleCompare\b/g).map(({ index }) =>
    problem(file, index, "locale-compare", "the order would differ between machines"),
  );
  const hex = matches(file.code, /\bBuffer\.from\(/g)
    .filter(({ index }) => /,\s*["'`]hex["'`]\s*,?\s*$/.test(callText(file, index)))
    .map(({ index }) =>
      problem(file, index, "buffer-hex", "truncates silently on bad hex; use lib/bytes.ts"),
    );
  return [...jsonParse, ...locale, ...hex];
}

/** Floating point in a consensus rule forks the chain (threat C-29). */
function checkConsensusArithmetic(file: ScannedFile): Problem[] {
  if (layerOf(file.path) !== "consensus") return [];
  const math = matches(file.code, /\bMath\.(\w+)/g)
    .filter((match) => !EXACT_MATH.includes(match[1] ?? ""))
    .map((match) => problem(file, match.index, "consensus-math", `${match[0]} is floating point`));
  const number = String.raw`(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
  const division = matches(
    file.code,
    new RegExp(String.raw`/=?\s*${number}(?![\w.])|(?<![\w.])${number}\s*/(?!/)`, "gi"),
  ).map(({ index }) =>
    problem(file, index, "consensus-division", "divides numbers; use BigInt (2n, not 2)"),
  );
  const parsing = matches(file.code, /\b(?:parseFloat|toFixed|toPrecision)\b/g).map((match) =>
    problem(file, match.index, "consensus-math", `${match[0]} is floating point`),
  );
  return [...math, ...division, ...parsing];
}

function checkSize(file: ScannedFile): Problem[] {
  const lines = file.text.split("\n").length - (file.text.endsWith("\n") ? 1 : 0);
  if (lines <= MAX_SOURCE_LINES) return [];
  return [
    { ...problem(file, 0, "size", `${lines} lines, more than ${MAX_SOURCE_LINES}`), line: lines },
  ];
}

function checkHeader(file: ScannedFile): Problem[] {
  const body = file.text.replace(/^#![^\n]*\n/, "");
  const header = /^\/\*\*([\s\S]*?)\*\//.exec(body)?.[1];
  const lines = header?.split("\n").filter((line) => /[^\s*]/.test(line)) ?? [];
  // A test's header may be one line; the product's says what it is for and what it must not know.
  const least = file.path.startsWith("test/") ? 1 : 2;
  if (lines.length >= least) return [];
  return [
    problem(file, 0, "header", `starts with /** and ${least} lines: what it is for, must not know`),
  ];
}

/** Without an entry there is no use to speak of, so a tree without main.ts is not judged. */
function checkUnused(files: readonly ScannedFile[]): Problem[] {
  if (!files.some(({ path }) => path === "src/main.ts")) return [];
  // A file only its own test imports is dead.
  const importers = files.filter(({ path }) => !path.startsWith("test/"));
  const used = new Set(
    importers.flatMap(({ path, imports }) =>
      imports.map(({ target }) => target).filter((target) => target !== path),
    ),
  );
  return files
    .filter(({ path }) => /^(?:src|public)\//.test(path) && path !== "src/main.ts")
    .filter(({ path }) => !PUBLIC_ENTRIES.includes(path))
    .filter(({ path }) => !/\.worker\.ts$|\.d\.ts$/.test(path) && !used.has(path))
    .map((file) => problem(file, 0, "unused", "no file outside test/ imports it"));
}

function checkWords(file: SourceFile): Problem[] {
  // The lock file is written by a machine, and its checksums may spell anything.
  if (file.path === "bun.lock") return [];
  return file.text.split("\n").flatMap((line, index) => {
    const word = BANNED_WORDS.find((pattern) => pattern.test(line));
    if (word === undefined) return [];
    return [{ path: file.path, line: index + 1, rule: "word", message: `mentions ${word.source}` }];
  });
}

function withoutExceptions(found: readonly Problem[], files: readonly SourceFile[]): Problem[] {
  const isExcused = (finding: Problem) =>
    EXCEPTIONS.some(({ rule, path }) => rule === finding.rule && path === finding.path);
  const stale = EXCEPTIONS.filter(
    ({ rule, path }) =>
      files.some((file) => file.path === path) &&
      !found.some((finding) => finding.rule === rule && finding.path === path),
  ).map(({ rule, path }) => ({
    path,
    line: 1,
    rule: "exception",
    message: `excuses ${rule}, which does not occur; take it from EXCEPTIONS`,
  }));
  return [...found.filter((finding) => !isExcused(finding)), ...stale];
}

function isCode(path: string): boolean {
  if (!/^(?:src|test|scripts|public)\/.*\.tsx?$/.test(path)) return false;
  // AssemblyScript looks like TypeScript and is another language, with rules of its own.
  return !/\.as\.ts$|^src\/mining\/kernel\/assembly\//.test(path);
}

/** The folder directly under src/, or "main.ts". */
function layerOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function rankOf(layer: string): number {
  return layer === "main.ts" ? LAYERS.length : (LAYERS as readonly string[]).indexOf(layer);
}

function scanFile(file: SourceFile): ScannedFile {
  const code = blankText(file.text);
  const site = /(?:\bfrom|\bimport|\b(?:import|require(?:\.resolve)?)\s*\()\s*(["'`])/g;
  const imports = matches(code, site).map((match) => {
    const specifier = stringAt({ ...file, code }, match.index + match[0].length - 1);
    const target = specifier.startsWith(".")
      ? posix.join(posix.dirname(file.path), specifier)
      : undefined;
    return { specifier, offset: match.index, target, isLazy: /^import\s*\(/.test(match[0]) };
  });
  return { ...file, code, imports };
}

/** The text of the string literal whose opening quote stands at `offset`. */
function stringAt(file: { text: string; code: string }, offset: number): string {
  const end = file.code.indexOf(file.code[offset] ?? "", offset + 1);
  return end < 0 ? "" : file.text.slice(offset + 1, end);
}

/** The arguments, as written, of the call whose name starts at `offset`. */
function callText(file: ScannedFile, offset: number): string {
  const open = file.code.indexOf("(", offset);
  let depth = 0;
  for (let index = open; index < file.code.length; index++) {
    if (file.code[index] === "(") depth++;
    if (file.code[index] === ")") depth--;
    if (depth === 0) return file.text.slice(open + 1, index);
  }
  return "";
}

/**
 * Returns `text` with comments, and the insides of strings, templates and patterns, as spaces.
 *
 * Quotes stay, and so does every offset. Code inside `${}` stays too.
 */
export function blankText(text: string): string {
  const out = text.split("");
  const blank = (from: number, to: number) => {
    for (let index = from; index < to; index++) if (out[index] !== "\n") out[index] = " ";
  };
  // Depths of braces at which a `}` goes back into a template.
  const templates: number[] = [];
  let depth = 0;
  let index = 0;
  while (index < text.length) {
    const start = index;
    const two = text.slice(index, index + 2);
    const one = text[index] ?? "";
    if (two === "//" || (two === "#!" && index === 0)) {
      index = endOf(text, "\n", index);
      blank(start, index);
    } else if (two === "/*") {
      index = endOf(text, "*/", index + 2) + 2;
      blank(start, Math.min(index, text.length));
    } else if (one === '"' || one === "'") {
      index = endOfLiteral(text, index, one);
      blank(start + 1, index - 1);
    } else if (one === "`" || (one === "}" && templates.at(-1) === depth)) {
      if (one === "}") templates.pop();
      index = endOfTemplate(text, index + 1);
      const hasCode = text[index - 1] === "{";
      blank(start + 1, index - (hasCode ? 2 : 1));
      if (hasCode) templates.push(depth);
    } else if (one === "/" && isPatternStart(out, index)) {
      index = endOfPattern(text, index);
      blank(start + 1, index - 1);
    } else {
      if (one === "{") depth++;
      if (one === "}") depth--;
      index++;
    }
  }
  return out.join("");
}

function endOf(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  return end < 0 ? text.length : end;
}

function endOfLiteral(text: string, start: number, quote: string): number {
  let index = start + 1;
  while (index < text.length && text[index] !== quote && text[index] !== "\n") {
    index += text[index] === "\\" ? 2 : 1;
  }
  return index + 1;
}

/** One past the closing backquote, or one past the brace of `${`. */
function endOfTemplate(text: string, start: number): number {
  let index = start;
  while (index < text.length && text[index] !== "`") {
    if (text[index] === "$" && text[index + 1] === "{") return index + 2;
    index += text[index] === "\\" ? 2 : 1;
  }
  return index + 1;
}

function endOfPattern(text: string, start: number): number {
  let index = start + 1;
  let isClass = false;
  while (index < text.length && text[index] !== "\n") {
    if (text[index] === "[") isClass = true;
    if (text[index] === "]") isClass = false;
    if (text[index] === "/" && !isClass) break;
    index += text[index] === "\\" ? 2 : 1;
  }
  return index + 1;
}

/** A slash divides after an operand, and opens a pattern after anything else. */
function isPatternStart(out: readonly string[], slash: number): boolean {
  let index = slash - 1;
  while (index >= 0 && /\s/.test(out[index] ?? "")) index--;
  if (index < 0) return true;
  if (!/[\w$)\]"'`]/.test(out[index] ?? "")) return true;
  const before = out.slice(Math.max(0, index - 10), index + 1).join("");
  return /(?:^|[^\w$.])(?:return|typeof|case|in|of|void|await|yield)$/.test(before);
}

function matches(text: string, pattern: RegExp): RegExpExecArray[] {
  return [...text.matchAll(pattern)];
}

function problem(file: SourceFile, offset: number, rule: string, message: string): Problem {
  return { path: file.path, line: file.text.slice(0, offset).split("\n").length, rule, message };
}

function oneEachLine(found: readonly Problem[]): Problem[] {
  return found.filter(
    (finding, index) =>
      found.findIndex(({ rule, line }) => rule === finding.rule && line === finding.line) === index,
  );
}

/** Code units, not a locale: the same order on every machine. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Tracked files, and new ones that are not ignored: what the next commit would hold. */
function listRepository(root: string): string[] {
  const listed = Bun.which("git") === null ? undefined : listTracked(root);
  if (listed !== undefined) return listed;
  // An unpacked archive, or a checkout that belongs to another user.
  return [...new Bun.Glob("**/*").scanSync({ cwd: root, dot: true })]
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !/^(?:\.git|node_modules|dist|coverage)\//.test(path));
}

function listTracked(root: string): string[] | undefined {
  const { success, stdout } = Bun.spawnSync(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: root, stderr: "ignore" },
  );
  return success ? stdout.toString().split("\0").filter(Boolean) : undefined;
}

async function readRepository(root: string): Promise<SourceFile[]> {
  const files = await Promise.all(
    [...new Set(listRepository(root))].map(async (path) => {
      const file = Bun.file(`${root}/${path}`);
      // Deleted in the working tree and still in the index.
      if (!(await file.exists())) return [];
      const text = await file.text();
      return text.includes("\0") ? [] : [{ path, text }];
    }),
  );
  return files.flat();
}

if (import.meta.main) {
  const files = await readRepository(`${import.meta.dir}/..`);
  const problems = findProblems(files);
  for (const { path, line, rule, message } of problems) {
    console.log(`${path}:${line} ${rule} ${message}`);
  }
  console.log(`tidy: ${files.length} files, ${problems.length} problems`);
  process.exit(problems.length === 0 ? 0 : 1);
}
